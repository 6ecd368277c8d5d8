//! Reads texts by the tokens of a date pattern.

use super::local_time::LocalTime;
use super::time_pattern::{MONTHS, Parsed, Token, Unit, WEEKDAYS};

/// The numbers of a text while it is read.
pub(super) struct Parts {
    /// The numbers, indexed by [`Unit`].
    numbers: [u32; 6],
    nanosecond: u32,
    afternoon: Option<bool>,
    /// Days since Monday.
    weekday: Option<u32>,
    offset_seconds: Option<i32>,
}

impl Parts {
    /// Starts with the first instant of 1970.
    pub(super) fn new() -> Self {
        let numbers = [1970, 1, 1, 0, 0, 0];
        Self { numbers, nanosecond: 0, afternoon: None, weekday: None, offset_seconds: None }
    }

    /// Reads one token from the front of a text and returns the rest.
    #[inline]
    pub(super) fn read<'t>(&mut self, token: Token, text: &'t [u8]) -> Option<&'t [u8]> {
        // Nearly all tokens are of these two kinds. Branches tell them apart, since they are predicted better
        // than a jump.
        match token {
            Token::Literal(byte) => text.strip_prefix(&[byte]),
            Token::Number(unit, width) => {
                let (number, rest) = digits(text, width)?;
                self.set(unit, number);
                Some(rest)
            }
            token => self.read_rare(token, text),
        }
    }

    #[inline(never)]
    fn read_rare<'t>(&mut self, token: Token, text: &'t [u8]) -> Option<&'t [u8]> {
        match token {
            Token::ShortYear => {
                let (number, rest) = digits(text, 2)?;
                self.set(Unit::Year, 2000 + number);
                Some(rest)
            }
            Token::Hour12(width) => {
                let (number, rest) = digits(text, width)?;
                self.set(Unit::Hour, (1..=12).contains(&number).then_some(number % 12)?);
                self.afternoon.get_or_insert(false);
                Some(rest)
            }
            Token::Fraction(width) => {
                let (number, rest) = digits(text, width)?;
                self.nanosecond = number * 10_u32.pow(9 - u32::from(width.min(9)));
                Some(rest)
            }
            Token::MonthName => {
                let (month, rest) = one_of(&MONTHS, text)?;
                self.set(Unit::Month, month + 1);
                Some(rest)
            }
            Token::Weekday => {
                let (weekday, rest) = one_of(&WEEKDAYS, text)?;
                self.weekday = Some(weekday);
                Some(rest)
            }
            Token::HalfDay => {
                let (half, rest) = one_of(&["AM", "PM"], text)?;
                self.afternoon = Some(half == 1);
                Some(rest)
            }
            Token::Offset => self.read_offset(text, b""),
            Token::OffsetColon => match text.strip_prefix(b"Z") {
                Some(rest) => {
                    self.offset_seconds = Some(0);
                    Some(rest)
                }
                None => self.read_offset(text, b":"),
            },
            Token::Literal(_) | Token::Number(..) => None,
        }
    }

    #[inline]
    fn set(&mut self, unit: Unit, number: u32) {
        if let Some(place) = self.numbers.get_mut(unit as usize) {
            *place = number;
        }
    }

    fn read_offset<'t>(&mut self, text: &'t [u8], between: &[u8]) -> Option<&'t [u8]> {
        let (&sign, rest) = text.split_first()?;
        let (hours, rest) = digits(rest, 2)?;
        let (minutes, rest) = digits(rest.strip_prefix(between)?, 2)?;
        let seconds =
            i32::try_from(hours * 3600 + minutes * 60).ok().filter(|_| minutes < 60 && hours < 24)?;
        self.offset_seconds = match sign {
            b'+' => Some(seconds),
            b'-' => Some(-seconds),
            _ => return None,
        };
        Some(rest)
    }

    /// What was read, if calendar and clock have it and no part contradicts another.
    #[inline]
    pub(super) fn finish(self) -> Option<Parsed> {
        let [year, month, day, mut hour, minute, second] = self.numbers;
        match self.afternoon {
            Some(true) if hour < 12 => hour += 12,
            Some(false) if hour >= 12 => return None,
            _ => {}
        }
        let local = LocalTime { year, month, day, hour, minute, second, nanosecond: self.nanosecond };
        let is_of_its_day = || self.weekday.is_none_or(|weekday| weekday == local.weekday());
        (local.is_real() && is_of_its_day()).then_some(Parsed { local, offset_seconds: self.offset_seconds })
    }
}

/// Exactly `width` digits, or one or two where the width is 0.
#[inline]
fn digits(text: &[u8], width: u8) -> Option<(u32, &[u8])> {
    match (width, text) {
        (0 | 2, [ten, one, rest @ ..]) if ten.is_ascii_digit() && one.is_ascii_digit() => {
            Some((u32::from(ten - b'0') * 10 + u32::from(one - b'0'), rest))
        }
        (0, [one, rest @ ..]) if one.is_ascii_digit() => Some((u32::from(one - b'0'), rest)),
        (0 | 2, _) => None,
        (width, text) => {
            let (digits, rest) = text.split_at_checked(usize::from(width))?;
            let number = || digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
            digits.iter().all(u8::is_ascii_digit).then(|| (number(), rest))
        }
    }
}

fn one_of<'t>(names: &[&str], text: &'t [u8]) -> Option<(u32, &'t [u8])> {
    names.iter().zip(0..).find_map(|(name, index)| {
        let (head, rest) = text.split_at_checked(name.len())?;
        head.eq_ignore_ascii_case(name.as_bytes()).then_some((index, rest))
    })
}
