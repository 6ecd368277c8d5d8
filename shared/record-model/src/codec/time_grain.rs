//! What a format of a timestamp can hold of the moments that another one reads.

use std::ops::Range;

use super::time_pattern::{TimePattern, Token, Unit};
use super::timestamp::TimeFormat;

/// The finest part of a moment that a format has: the last of its numbers, and the digits of a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grain(Unit, u8);

impl TimeFormat {
    /// The finest part that it has.
    pub(crate) fn grain(&self) -> Grain {
        match self {
            Self::Pattern(pattern) => pattern.grain(),
            Self::Iso8601 | Self::EpochSeconds => Grain(Unit::Second, 9),
            Self::EpochMillis => Grain(Unit::Second, 3),
        }
    }

    /// The years that it writes: of two digits those from 2000 to 2099.
    pub(crate) fn years(&self) -> Range<u32> {
        match self {
            Self::Pattern(pattern) if pattern.tokens.contains(&Token::ShortYear) => 2000..2100,
            _ => 1..10_000,
        }
    }

    /// Whether every moment that `other` reads can be written in this format and read again as the same. Without an
    /// offset, the second of two times that a clock shows twice can't be.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self.grain() >= other.grain()
            && (self.has_offset() || !other.has_offset())
            && self.years().len() >= other.years().len()
    }
}

impl TimePattern {
    fn grain(&self) -> Grain {
        let unit_of = |token: &Token| match token {
            Token::Number(unit, _) => Some(*unit),
            Token::Hour12(_) => Some(Unit::Hour),
            Token::Fraction(_) => Some(Unit::Second),
            Token::MonthName => Some(Unit::Month),
            Token::ShortYear => Some(Unit::Year),
            Token::Weekday | Token::HalfDay | Token::Offset | Token::OffsetColon | Token::Literal(_) => None,
        };
        Grain(self.tokens.iter().filter_map(unit_of).max().unwrap_or(Unit::Year), self.decimals())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_holds_what_is_no_finer_than_itself() {
        let holds = |format: &str, other: &str| {
            let [format, other] = [format, other].map(|text| TimeFormat::compile(text).unwrap());
            format.holds(&other)
        };
        for (format, other) in [
            ("iso8601", "M/d/yy H:mm"),
            ("iso8601", "epoch_s"),
            ("epoch_s", "iso8601"),
            ("yyyy-MM-dd HH:mm", "MM/dd/yyyy h:mm a"),
            ("yyyy-MM-dd", "MMM d yyyy"),
            ("M/d/yy", "d.M.yy"),
        ] {
            assert!(holds(format, other), "{format} {other}");
        }
        for (format, other) in [
            ("yyyy-MM-dd", "iso8601"),
            ("yyyy-MM-dd HH:mm:ss", "iso8601"),
            ("yyyy-MM-dd HH:mm:ss.SSS", "yyyy-MM-dd HH:mm:ss.SSSSSS"),
            ("yyyy-MM-dd HH:mm:ss", "EEE MMM dd HH:mm:ss Z yyyy"),
            ("epoch_ms", "epoch_s"),
            ("M/d/yy", "M/d/yyyy"),
        ] {
            assert!(!holds(format, other), "{format} {other}");
        }
    }
}
