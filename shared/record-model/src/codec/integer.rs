//! Integers: 64 bits, decimal and exact.

use super::decimal::{NotWhole, scaled};
use super::error::Problem;

/// What an integer field accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct IntegerRule {
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
}

impl IntegerRule {
    /// Reads decimal digits with at most one sign. Leading zeros are allowed, and nothing else is.
    #[inline]
    pub(crate) fn read(&self, text: &str) -> Result<i64, Problem> {
        self.checked(read(text)?)
    }

    /// Reads a JSON number by its value: `3.0` and `3e0` are 3.
    pub(crate) fn read_number(&self, text: &str) -> Result<i64, Problem> {
        let number = scaled(text, 0).map_err(|why| match why {
            NotWhole::TooLarge => Problem::IntegerOverflow,
            NotWhole::Decimals | NotWhole::NoNumber => Problem::NotInteger,
        })?;
        self.checked(i64::try_from(number).map_err(|_| Problem::IntegerOverflow)?)
    }

    #[inline]
    fn checked(&self, number: i64) -> Result<i64, Problem> {
        if self.min.is_some_and(|min| number < min) || self.max.is_some_and(|max| number > max) {
            return Err(Problem::OutOfRange);
        }
        Ok(number)
    }

    /// Reads an integer and appends it, unchanged if it is already written as JSON writes it.
    #[inline]
    pub(crate) fn copy(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Problem> {
        let number = self.read(text)?;
        match text.as_bytes() {
            [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..] => out.extend_from_slice(text.as_bytes()),
            _ => write_integer(number, out),
        }
        Ok(())
    }
}

/// Appends an integer.
#[inline]
pub(crate) fn write_integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[inline]
fn read(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|error: std::num::ParseIntError| match error.kind() {
        std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow if is_decimal(text) => {
            Problem::IntegerOverflow
        }
        _ => Problem::NotInteger,
    })
}

fn is_decimal(text: &str) -> bool {
    text.strip_prefix(['+', '-']).unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_decimal_digits_with_a_sign_are_integers() {
        for text in ["3.9", "12abc", "0x1F", "1e3", "1115.0", "", "+", "-", "1_000", "--1", "٣"] {
            assert_eq!(read(text), Err(Problem::NotInteger), "{text:?}");
        }
        for (text, number) in [("+5", 5), ("007", 7), ("-0", 0), ("9007199254740993", 9_007_199_254_740_993)]
        {
            assert_eq!(read(text), Ok(number), "{text}");
        }
    }

    #[test]
    fn what_64_bits_do_not_hold_is_an_overflow() {
        for text in ["9223372036854775808", "-9223372036854775809", "123456789012345678901234567890"] {
            assert_eq!(read(text), Err(Problem::IntegerOverflow), "{text}");
        }
        assert_eq!(read("99999999999999999999x"), Err(Problem::NotInteger));
    }

    #[test]
    fn an_integer_is_copied_where_it_stands_as_json_writes_it() {
        for (text, json) in
            [("1204", "1204"), ("-7", "-7"), ("0", "0"), ("-0", "0"), ("+5", "5"), ("007", "7")]
        {
            let mut out = Vec::new();
            IntegerRule::default().copy(text, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), json, "{text}");
        }
    }

    #[test]
    fn a_json_number_is_its_value() {
        let rule = IntegerRule { min: None, max: Some(5000) };
        for (json, number) in [("3.0", Ok(3)), ("1e3", Ok(1000)), ("1.5E1", Ok(15)), ("-0.0", Ok(0))] {
            assert_eq!(rule.read_number(json), number, "{json}");
        }
        assert_eq!(rule.read_number("3.9"), Err(Problem::NotInteger));
        assert_eq!(rule.read_number("1e-1"), Err(Problem::NotInteger));
        assert_eq!(rule.read_number("1e19"), Err(Problem::IntegerOverflow));
        assert_eq!(rule.read_number("1e999"), Err(Problem::IntegerOverflow));
        assert_eq!(rule.read_number("5.001e3"), Err(Problem::OutOfRange));
    }

    proptest! {
        #[test]
        fn every_integer_reads_back(number in any::<i64>()) {
            prop_assert_eq!(read(&number.to_string()), Ok(number));
            prop_assert_eq!(IntegerRule::default().read_number(&format!("{number}.0e0")), Ok(number));
        }
    }
}
