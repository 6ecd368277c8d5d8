//! Date patterns in Java's letters (`yyyy/MM/dd HH:mm:ss`), as OpenSearch, Athena and Firehose use them.

use super::local_time::LocalTime;
use super::pattern_slip::{slip, unknown};
use super::time_reader::Parts;

pub(super) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
pub(super) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimePattern {
    text: String,
    pub(super) tokens: Vec<Token>,
    has_offset: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A number of a date or time. The width is exact, or 0 for "as many digits as it needs".
    Number(Unit, u8),
    Literal(u8),
    /// The last two digits of a year from 2000 to 2099.
    ShortYear,
    /// An hour from 1 to 12, of this width.
    Hour12(u8),
    /// Fraction of a second, with this many digits.
    Fraction(u8),
    MonthName,
    Weekday,
    HalfDay,
    /// `+0000`.
    Offset,
    /// `+00:00` or `Z`.
    OffsetColon,
}

/// The numbers of a date and time, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// What a text says by its pattern: a local date and time, and the offset from UTC if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) local: LocalTime,
    pub(crate) offset_seconds: Option<i32>,
}

impl TimePattern {
    /// Compiles a pattern; the error says which letters are not understood.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let run = rest.chars().take_while(|&c| c == first).count();
            let (head, tail) = rest.split_at_checked(run * first.len_utf8()).unwrap_or((rest, ""));
            rest = tail;
            if first == '\'' {
                let (quoted, tail) = rest.split_once('\'').ok_or("has a quote that is not closed")?;
                tokens.extend(quoted.bytes().map(Token::Literal));
                rest = tail;
            } else if first.is_ascii_alphabetic() {
                tokens.push(letter(first, run).ok_or_else(|| unknown(head))?);
            } else {
                tokens.extend(head.bytes().map(Token::Literal));
            }
        }
        if tokens.is_empty() {
            return Err("is empty".to_owned());
        }
        slip(&tokens).map_or(Ok(()), |slip| Err(slip.to_owned()))?;
        let has_offset = tokens.iter().any(|token| matches!(token, Token::Offset | Token::OffsetColon));
        Ok(Self { text: text.to_owned(), tokens, has_offset })
    }

    /// The pattern as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether each moment has only one text in this pattern.
    pub(crate) fn is_canonical(&self) -> bool {
        self.tokens.iter().all(|token| match token {
            Token::Number(_, width) | Token::Hour12(width) => *width > 0,
            Token::MonthName | Token::Weekday | Token::HalfDay | Token::OffsetColon => false,
            Token::ShortYear | Token::Fraction(_) | Token::Offset | Token::Literal(_) => true,
        })
    }

    /// Whether a text of this pattern names its offset from UTC.
    pub(crate) fn has_offset(&self) -> bool {
        self.has_offset
    }

    /// The digits of its fraction of a second.
    pub(crate) fn decimals(&self) -> u8 {
        let digits = |token: &Token| if let Token::Fraction(digits) = token { *digits } else { 0 };
        self.tokens.iter().map(digits).max().unwrap_or(0)
    }

    /// A regular expression that every written text matches, in the dialect of JSON Schema.
    pub(crate) fn regex(&self) -> String {
        let mut regex = String::from("^");
        for token in &self.tokens {
            match *token {
                Token::Number(_, 0) | Token::Hour12(0) => regex.push_str("[0-9]{1,2}"),
                Token::ShortYear => regex.push_str("[0-9]{2}"),
                Token::Number(_, width) | Token::Hour12(width) | Token::Fraction(width) => {
                    regex.extend(["[0-9]{", itoa::Buffer::new().format(width), "}"]);
                }
                Token::MonthName | Token::Weekday => regex.push_str("[A-Z][a-z]{2}"),
                Token::HalfDay => regex.push_str("[AP]M"),
                Token::Offset => regex.push_str("[+-][0-9]{4}"),
                Token::OffsetColon => regex.push_str("(Z|[+-][0-9]{2}:[0-9]{2})"),
                Token::Literal(byte) if byte.is_ascii_alphanumeric() || b" :/-,".contains(&byte) => {
                    regex.push(char::from(byte));
                }
                Token::Literal(byte) if byte.is_ascii() => regex.extend(['\\', char::from(byte)]),
                Token::Literal(_) => regex.push('.'),
            }
        }
        regex.push('$');
        regex
    }

    /// Reads a text that matches this pattern from its first byte to its last.
    #[inline]
    pub(crate) fn parse(&self, text: &str) -> Option<Parsed> {
        let mut parts = Parts::new();
        let mut rest = text.as_bytes();
        for &token in &self.tokens {
            rest = parts.read(token, rest)?;
        }
        if rest.is_empty() { parts.finish() } else { None }
    }

    /// Appends a local date and time with its offset.
    pub(crate) fn write(&self, local: LocalTime, offset_seconds: i32, out: &mut Vec<u8>) {
        let LocalTime { year, month, day, hour, minute, second, .. } = local;
        let numbers = [year, month, day, hour, minute, second];
        for &token in &self.tokens {
            // As in reading, two predictable branches are faster than a jump.
            match token {
                Token::Literal(byte) => out.push(byte),
                Token::Number(unit, width) => {
                    write_padded(numbers.get(unit as usize).copied().unwrap_or_default(), width, out);
                }
                token => write_rare(token, local, offset_seconds, out),
            }
        }
    }
}

#[inline(never)]
fn write_rare(token: Token, local: LocalTime, offset_seconds: i32, out: &mut Vec<u8>) {
    match token {
        Token::ShortYear => write_padded(local.year % 100, 2, out),
        Token::Hour12(width) => write_padded((local.hour + 11) % 12 + 1, width, out),
        Token::Fraction(digits) => {
            write_padded(local.nanosecond / 10_u32.pow(9 - u32::from(digits.min(9))), digits, out);
        }
        Token::MonthName => {
            out.extend_from_slice(name(&MONTHS, local.month.wrapping_sub(1)));
        }
        Token::Weekday => {
            out.extend_from_slice(name(&WEEKDAYS, local.weekday()));
        }
        Token::HalfDay => out.extend_from_slice(if local.hour < 12 { b"AM" } else { b"PM" }),
        Token::Offset => write_offset(offset_seconds, b"", out),
        Token::OffsetColon if offset_seconds == 0 => out.push(b'Z'),
        Token::OffsetColon => write_offset(offset_seconds, b":", out),
        Token::Literal(_) | Token::Number(..) => {}
    }
}

fn letter(letter: char, run: usize) -> Option<Token> {
    let width = match run {
        1 => Some(0),
        2 => Some(2),
        _ => None,
    };
    let wide = |unit| width.map(|width| Token::Number(unit, width));
    match (letter, run) {
        ('y' | 'u', 4) => Some(Token::Number(Unit::Year, 4)),
        ('y' | 'u', 2) => Some(Token::ShortYear),
        ('M', 3) => Some(Token::MonthName),
        ('M', _) => wide(Unit::Month),
        ('d', _) => wide(Unit::Day),
        ('H', _) => wide(Unit::Hour),
        ('h', _) => width.map(Token::Hour12),
        ('m', _) => wide(Unit::Minute),
        ('s', _) => wide(Unit::Second),
        ('S', 1..=9) => u8::try_from(run).ok().map(Token::Fraction),
        ('E', 1..=3) => Some(Token::Weekday),
        ('a', 1) => Some(Token::HalfDay),
        ('Z', 1) => Some(Token::Offset),
        ('X', 3) => Some(Token::OffsetColon),
        _ => None,
    }
}

fn name(names: &'static [&'static str], index: u32) -> &'static [u8] {
    usize::try_from(index).ok().and_then(|index| names.get(index)).map_or(b"", |name| name.as_bytes())
}

/// At least `width` digits.
#[inline]
fn write_padded(number: u32, width: u8, out: &mut Vec<u8>) {
    let two = |number: u32| {
        let [number, ..] = (number % 100).to_le_bytes();
        [b'0' + number / 10, b'0' + number % 10]
    };
    match (width, number) {
        (0 | 1, 0..10) => out.extend_from_slice(&two(number)[1..]),
        (0..=2, 0..100) => out.extend_from_slice(&two(number)),
        (4, 0..10_000) => {
            let ([a, b], [c, d]) = (two(number / 100), two(number));
            out.extend_from_slice(&[a, b, c, d]);
        }
        _ => {
            let mut digits = itoa::Buffer::new();
            let digits = digits.format(number).as_bytes();
            out.extend(std::iter::repeat_n(b'0', usize::from(width).saturating_sub(digits.len())));
            out.extend_from_slice(digits);
        }
    }
}

fn write_offset(seconds: i32, between: &[u8], out: &mut Vec<u8>) {
    out.push(if seconds < 0 { b'-' } else { b'+' });
    write_padded(seconds.unsigned_abs() / 3600, 2, out);
    out.extend_from_slice(between);
    write_padded(seconds.unsigned_abs() / 60 % 60, 2, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: Option<&str>) {
        let pattern = TimePattern::compile(pattern).unwrap();
        let found = pattern.parse(text).map(|parsed| parsed.local.to_jiff().unwrap().to_string());
        assert_eq!(found.as_deref(), expected, "{text} by {}", pattern.as_str());
    }

    #[test]
    fn short_forms_take_one_digit_or_two_and_long_forms_exactly_two() {
        check("M/d/yy H:mm", "1/1/06 0:00", Some("2006-01-01T00:00:00"));
        check("M/d/yy H:mm", "12/31/06 23:50", Some("2006-12-31T23:50:00"));
        check("yyyy/MM/dd HH:mm:ss", "2006/1/01 00:00:00", None);
        check("yyyy/MM/dd HH:mm:ss", "2006/01/01 00:00:00", Some("2006-01-01T00:00:00"));
    }

    #[test]
    fn days_that_no_calendar_has_are_refused() {
        check("yyyy-MM-dd", "2007-02-29", None);
        check("yyyy-MM-dd", "2008-02-29", Some("2008-02-29T00:00:00"));
        check("yyyy-MM-dd", "2008-00-10", None);
        check("H:mm", "24:00", None);
    }

    #[test]
    fn what_follows_the_pattern_is_no_date() {
        check("yyyy-MM-dd", "2008-02-29 ", None);
        check("yyyy-MM-dd", "12008-02-29", None);
    }

    #[test]
    fn names_half_days_and_offsets_are_read_and_written_back() {
        let pattern = TimePattern::compile("EEE MMM dd HH:mm:ss Z yyyy").unwrap();
        let parsed = pattern.parse("Fri Jul 12 16:36:27 +0000 2019").unwrap();
        assert_eq!(parsed.offset_seconds, Some(0));
        let mut out = Vec::new();
        pattern.write(parsed.local, 0, &mut out);
        assert_eq!(out, b"Fri Jul 12 16:36:27 +0000 2019");
        check("M/d/yyyy h:mm a", "7/4/2020 12:05 AM", Some("2020-07-04T00:05:00"));
        check("M/d/yyyy h:mm a", "7/4/2020 1:05 PM", Some("2020-07-04T13:05:00"));
    }

    #[test]
    fn a_weekday_or_half_of_the_day_that_contradicts_is_refused() {
        check("EEE yyyy-MM-dd", "Fri 2019-07-12", Some("2019-07-12T00:00:00"));
        check("EEE yyyy-MM-dd", "Thu 2019-07-12", None);
        check("yyyy-MM-dd H:mm a", "2019-07-12 13:00 PM", Some("2019-07-12T13:00:00"));
        check("yyyy-MM-dd H:mm a", "2019-07-12 13:00 AM", None);
    }
}
