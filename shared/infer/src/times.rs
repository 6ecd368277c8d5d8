//! Recognises which patterns of dates and times a text may have, by its parts.

/// A part of a date or time. Digits are distinguished by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sign {
    /// One or two digits.
    Short,
    /// This many digits.
    Digits(u8),
    Month,
    Weekday,
    HalfDay,
    /// `+0100`.
    Offset,
    /// `+01:00` or `Z`.
    OffsetColon,
    /// `UTC` or `GMT`, in this spelling.
    Utc([u8; 3]),
    Other(char),
}

/// The shape of a text, and which of its [`Sign::Short`] have only one digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) signs: Vec<Sign>,
    pub(crate) single: Vec<bool>,
}

/// Which number comes first in a date with day and month in digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    DayFirst,
    MonthFirst,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// The longest text that is looked at, in bytes.
const MAX_TEXT: usize = 45;

impl Shape {
    /// The shape of a text; `None` if it is not that of a date.
    pub(crate) fn of(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT || text.len() < 6 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (mut signs, mut single) = (Vec::new(), Vec::new());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (sign, length) = if first.is_ascii_digit() {
                let length = rest.bytes().take_while(u8::is_ascii_digit).count();
                let sign = if length <= 2 { Sign::Short } else { Sign::Digits(u8::try_from(length).ok()?) };
                (sign, length)
            } else if first.is_ascii_alphabetic() {
                word(rest)?
            } else if let Some(offset) = offset(rest, &signs) {
                offset
            } else {
                (Sign::Other(first), first.len_utf8())
            };
            signs.push(sign);
            single.push(sign == Sign::Short && length == 1);
            rest = rest.get(length..)?;
        }
        Some(Self { signs, single })
    }

    /// Whether it is a date with year, month and day in that order and `-` between them, with or without a
    /// time.
    pub(crate) fn is_iso(&self) -> bool {
        matches!(
            *self.signs,
            [Sign::Digits(4), Sign::Other('-'), Sign::Short, Sign::Other('-'), Sign::Short, ..]
        )
    }

    /// Whether it has a time of day.
    pub(crate) fn has_clock(&self) -> bool {
        let is_compact = self.signs.iter().any(|sign| matches!(sign, Sign::Digits(14 | 6)));
        is_compact || self.signs.contains(&Sign::Other(':')) || self.signs.contains(&Sign::HalfDay)
    }

    /// Whether it says how far its clock is from UTC.
    pub(crate) fn has_offset(&self) -> bool {
        self.signs.iter().any(|sign| matches!(sign, Sign::Offset | Sign::OffsetColon | Sign::Utc(_)))
    }

    /// The character between day and month, if both are numbers so that either may come first.
    pub(crate) fn open_order(&self) -> Option<char> {
        match *self.signs {
            [
                Sign::Short,
                Sign::Other(between),
                Sign::Short,
                Sign::Other(other),
                Sign::Digits(4) | Sign::Short,
                ..,
            ] if between == other && "./- ".contains(between) => Some(between),
            _ => None,
        }
    }

    /// The pattern of its texts, with day and month in this order if that is open; `None` if they are not
    /// dates.
    pub(crate) fn pattern(&self, order: Order) -> Option<String> {
        let mut pattern = Pattern { out: String::new(), has_half_day: self.signs.contains(&Sign::HalfDay) };
        let clock = self.signs.iter().position(|sign| *sign == Sign::Other(':')).map(|colon| colon - 1);
        let clock = clock.or_else(|| {
            // This is `5 PM`, an hour alone.
            let half = self.signs.iter().position(|sign| *sign == Sign::HalfDay)?;
            self.signs.get(..half)?.iter().rposition(|sign| *sign == Sign::Short)
        });
        let units = self.units(clock.unwrap_or(self.signs.len()), order)?;
        let mut times = ["H", "m", "s"].into_iter();
        for (at, sign) in self.signs.iter().enumerate() {
            let is_single = self.single.get(at).copied().unwrap_or(false);
            match (units.iter().find(|(of, _)| *of == at), sign) {
                (Some((_, letters)), _) => pattern.number(letters, is_single),
                (None, Sign::Short) => pattern.number(times.next()?, is_single),
                (None, Sign::Digits(digits @ 1..=9)) if times.len() == 0 => {
                    pattern.out.push_str(&"S".repeat(usize::from(*digits)));
                }
                (None, sign) => pattern.sign(*sign)?,
            }
        }
        Some(pattern.out)
    }

    /// Which parts of a date the numbers before the clock are, and a year after it.
    fn units(&self, clock: usize, order: Order) -> Option<Vec<(usize, &'static str)>> {
        let is_part = |sign: &Sign| matches!(sign, Sign::Short | Sign::Digits(_) | Sign::Month);
        let parts = |range: std::ops::Range<usize>| {
            let signs = self.signs.get(range.clone()).unwrap_or_default();
            range
                .zip(signs)
                .filter(|(_, sign)| is_part(sign))
                .map(|(at, sign)| (at, *sign))
                .collect::<Vec<_>>()
        };
        let mut before = parts(0..clock);
        // `Fri Jul 12 16:36:27 +0000 2019`
        let behind: Vec<_> = parts(clock.min(self.signs.len())..self.signs.len())
            .into_iter()
            .filter(|(_, sign)| *sign == Sign::Digits(4))
            .collect();
        if let ([_, _], [year]) = (&*before, &*behind) {
            before.push(*year);
        }
        let signs: Vec<Sign> = before.iter().map(|(_, sign)| *sign).collect();
        let letters: &[&'static str] = match (&*signs, order) {
            ([Sign::Digits(4), Sign::Short, Sign::Short], _) => &["yyyy", "M", "d"],
            ([Sign::Short, Sign::Short, Sign::Digits(4)], Order::DayFirst) => &["d", "M", "yyyy"],
            ([Sign::Short, Sign::Short, Sign::Digits(4)], Order::MonthFirst) => &["M", "d", "yyyy"],
            ([Sign::Short, Sign::Short, Sign::Short], Order::DayFirst) => &["d", "M", "yy"],
            ([Sign::Short, Sign::Short, Sign::Short], Order::MonthFirst) => &["M", "d", "yy"],
            ([Sign::Month, Sign::Short, Sign::Digits(4)], _) => &["MMM", "d", "yyyy"],
            ([Sign::Short, Sign::Month, Sign::Digits(4)], _) => &["d", "MMM", "yyyy"],
            ([Sign::Short, Sign::Month, Sign::Short], _) => &["d", "MMM", "yy"],
            ([Sign::Digits(4), Sign::Month, Sign::Short], _) => &["yyyy", "MMM", "d"],
            ([Sign::Digits(8)], _) => &["yyyyMMdd"],
            ([Sign::Digits(14)], _) => &["yyyyMMddHHmmss"],
            ([Sign::Digits(8), Sign::Digits(6)], _) => &["yyyyMMdd", "HHmmss"],
            _ => return None,
        };
        Some(before.into_iter().map(|(at, _)| at).zip(letters.iter().copied()).collect())
    }
}

/// A pattern while it is written.
struct Pattern {
    out: String,
    has_half_day: bool,
}

impl Pattern {
    /// A part in digits. It has two letters if every text has two digits.
    fn number(&mut self, letters: &str, is_single: bool) {
        let letters = if letters == "H" && self.has_half_day { "h" } else { letters };
        self.out.push_str(letters);
        if letters.len() == 1 && !is_single {
            self.out.push_str(letters);
        }
    }

    fn sign(&mut self, sign: Sign) -> Option<()> {
        match sign {
            Sign::Weekday => self.out.push_str("EEE"),
            Sign::HalfDay => self.out.push('a'),
            Sign::Offset => self.out.push('Z'),
            Sign::OffsetColon => self.out.push_str("XXX"),
            Sign::Utc(word) => self.out.extend(["'", std::str::from_utf8(&word).ok()?, "'"]),
            Sign::Other('T') => self.out.push_str("'T'"),
            Sign::Other(c) if !c.is_alphanumeric() && c != '\'' && !c.is_control() => self.out.push(c),
            Sign::Other(_) | Sign::Short | Sign::Digits(_) | Sign::Month => return None,
        }
        Some(())
    }
}

/// A word of a date.
fn word(text: &str) -> Option<(Sign, usize)> {
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = text.get(..length)?;
    let is = |known: &&str| known.eq_ignore_ascii_case(word);
    let sign = match word {
        "T" => Sign::Other('T'),
        "Z" => Sign::OffsetColon,
        "UTC" => Sign::Utc(*b"UTC"),
        "GMT" => Sign::Utc(*b"GMT"),
        _ if MONTHS.iter().any(is) => Sign::Month,
        _ if WEEKDAYS.iter().any(is) => Sign::Weekday,
        _ if ["am", "pm"].iter().any(is) => Sign::HalfDay,
        _ => return None,
    };
    Some((sign, length))
}

/// An offset from UTC behind a time of day.
fn offset(text: &str, before: &[Sign]) -> Option<(Sign, usize)> {
    let rest = text.strip_prefix(['+', '-'])?;
    if !before.contains(&Sign::Other(':')) {
        return None;
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    match digits(rest) {
        4 => Some((Sign::Offset, 5)),
        2 => {
            let minutes = rest.get(2..)?.strip_prefix(':')?;
            (digits(minutes) == 2).then_some((Sign::OffsetColon, 6))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_its_pattern() {
        for (text, pattern) in [
            ("31.12.2025 23:59", "dd.MM.yyyy HH:mm"),
            ("3/4/2026", "d/M/yyyy"),
            ("3/4/26 9:05 PM", "d/M/yy h:mm a"),
            ("2026-01-31T12:00:00.123", "yyyy-MM-dd'T'HH:mm:ss.SSS"),
            ("2026-01-31 12:00:00+01:00", "yyyy-MM-dd HH:mm:ssXXX"),
            ("2026-01-31 12:00:00 UTC", "yyyy-MM-dd HH:mm:ss 'UTC'"),
            ("Fri Jul 12 16:36:27 +0000 2019", "EEE MMM dd HH:mm:ss Z yyyy"),
            ("Jan 5, 2026", "MMM d, yyyy"),
            ("05-Jan-26", "dd-MMM-yy"),
            ("20260131", "yyyyMMdd"),
            ("20260131T235959", "yyyyMMdd'T'HHmmss"),
        ] {
            let found = Shape::of(text).and_then(|shape| shape.pattern(Order::DayFirst));
            assert_eq!(found.as_deref(), Some(pattern), "{text}");
        }
        for text in ["12:30:00", "pen 12", "1.234.567", "abc", "192.168.100.200"] {
            assert_eq!(Shape::of(text).and_then(|shape| shape.pattern(Order::DayFirst)), None, "{text}");
        }
    }
}
