//! Date patterns in Java's letters (`yyyy/MM/dd HH:mm:ss`), as OpenSearch, Athena and Firehose write them.

use super::local_time::LocalTime;
use super::time_reader::Parts;

pub(super) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
pub(super) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimePattern {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A number of a date or time. `wide` is its exact width, or 0 for "as many digits as it needs".
    Number(Unit, u8),
    /// Fraction of a second, with this many digits.
    Fraction(u8),
    MonthName,
    Weekday,
    HalfDay,
    /// `+0000`.
    Offset,
    /// `+00:00` or `Z`.
    OffsetColon,
    Literal(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Year,
    /// The last two digits of a year from 2000 to 2099.
    ShortYear,
    Month,
    Day,
    Hour,
    Hour12,
    Minute,
    Second,
}

/// What a text of a pattern says: a local date and time, and the offset from UTC where it has one.
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
                let (quoted, tail) = rest.split_once('\'').ok_or("a quote is not closed")?;
                tokens.extend(quoted.bytes().map(Token::Literal));
                rest = tail;
            } else if first.is_ascii_alphabetic() {
                tokens.push(letter(first, run).ok_or_else(|| format!("`{head}` is no part of a date"))?);
            } else {
                tokens.extend(head.bytes().map(Token::Literal));
            }
        }
        if tokens.is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(Self { text: text.to_owned(), tokens })
    }

    /// The pattern as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether every text of this pattern is the one way to write its moment.
    pub(crate) fn is_canonical(&self) -> bool {
        self.tokens.iter().all(|token| match token {
            Token::Number(_, width) => *width > 0,
            Token::MonthName | Token::Weekday | Token::HalfDay | Token::OffsetColon => false,
            Token::Fraction(_) | Token::Offset | Token::Literal(_) => true,
        })
    }

    /// Whether a text of this pattern names its offset from UTC.
    pub(crate) fn has_offset(&self) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Offset | Token::OffsetColon))
    }

    /// A regular expression every written text matches (JSON Schema's dialect).
    pub(crate) fn regex(&self) -> String {
        let mut regex = String::from("^");
        for token in &self.tokens {
            match *token {
                Token::Number(_, 0) => regex.push_str("[0-9]{1,2}"),
                Token::Number(_, width) | Token::Fraction(width) => {
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

    /// Reads a text that has this form from its first byte to its last.
    #[inline]
    pub(crate) fn parse(&self, text: &str) -> Option<Parsed> {
        let mut parts = Parts::new();
        let mut rest = text.as_bytes();
        for &token in &self.tokens {
            rest = parts.read(token, rest)?;
        }
        if rest.is_empty() { parts.finish() } else { None }
    }

    /// Appends a local date and time, with the offset it is at.
    pub(crate) fn write(&self, local: LocalTime, offset_seconds: i32, out: &mut Vec<u8>) {
        for &token in &self.tokens {
            match token {
                Token::Number(unit, width) => write_padded(number_of(local, unit), width, out),
                Token::Fraction(digits) => {
                    write_padded(local.nanosecond / 10_u32.pow(9 - u32::from(digits.min(9))), digits, out);
                }
                Token::MonthName => {
                    out.extend_from_slice(name(&MONTHS, local.month.wrapping_sub(1)));
                }
                Token::Weekday => {
                    let days = local.to_jiff().map_or(0, |time| time.weekday().to_monday_zero_offset());
                    out.extend_from_slice(name(&WEEKDAYS, u32::try_from(days).unwrap_or(0)));
                }
                Token::HalfDay => out.extend_from_slice(if local.hour < 12 { b"AM" } else { b"PM" }),
                Token::Offset => write_offset(offset_seconds, b"", out),
                Token::OffsetColon if offset_seconds == 0 => out.push(b'Z'),
                Token::OffsetColon => write_offset(offset_seconds, b":", out),
                Token::Literal(byte) => out.push(byte),
            }
        }
    }
}

fn letter(letter: char, run: usize) -> Option<Token> {
    let wide = |unit| match run {
        1 => Some(Token::Number(unit, 0)),
        2 => Some(Token::Number(unit, 2)),
        _ => None,
    };
    match (letter, run) {
        ('y' | 'u', 4) => Some(Token::Number(Unit::Year, 4)),
        ('y' | 'u', 2) => Some(Token::Number(Unit::ShortYear, 2)),
        ('M', 3) => Some(Token::MonthName),
        ('M', _) => wide(Unit::Month),
        ('d', _) => wide(Unit::Day),
        ('H', _) => wide(Unit::Hour),
        ('h', _) => wide(Unit::Hour12),
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

fn number_of(local: LocalTime, unit: Unit) -> u32 {
    match unit {
        Unit::Year => local.year,
        Unit::ShortYear => local.year % 100,
        Unit::Month => local.month,
        Unit::Day => local.day,
        Unit::Hour => local.hour,
        Unit::Hour12 => (local.hour + 11) % 12 + 1,
        Unit::Minute => local.minute,
        Unit::Second => local.second,
    }
}

/// At least `width` digits.
#[inline]
fn write_padded(number: u32, width: u8, out: &mut Vec<u8>) {
    // Nearly all numbers of a date have one digit or two.
    match (u8::try_from(number), width) {
        (Ok(number @ 0..10), 0 | 1) => return out.push(b'0' + number),
        (Ok(number @ 0..100), 2) | (Ok(number @ 10..100), 0 | 1) => {
            return out.extend_from_slice(&[b'0' + number / 10, b'0' + number % 10]);
        }
        _ => {}
    }
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number).as_bytes();
    for _ in digits.len()..usize::from(width) {
        out.push(b'0');
    }
    out.extend_from_slice(digits);
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
    fn unknown_letters_are_named() {
        assert_eq!(TimePattern::compile("yyyy-QQ").unwrap_err(), "`QQ` is no part of a date");
    }
}
