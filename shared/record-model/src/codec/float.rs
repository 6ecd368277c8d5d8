//! Floats: finite, and written so that they read back as the same number.

use super::error::Problem;

/// A decimal number of at most this many digits is the only one of that length near its f64, so its own text
/// may be written for it.
const EXACT_DIGITS: usize = 15;

const POWERS_OF_TEN: [f64; EXACT_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// What a float field accepts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FloatRule {
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

/// A finite number, and its text where that text is JSON as it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Float<'a> {
    pub(crate) number: f64,
    literal: Option<&'a str>,
}

impl FloatRule {
    /// Reads a decimal number, with or without an exponent. Infinities and `nan` are refused.
    #[inline]
    pub(crate) fn read<'a>(&self, text: &'a str) -> Result<Float<'a>, Problem> {
        let float = match plain_decimal(text) {
            Some(number) => Float { number, literal: Some(text) },
            None => Float { number: text.parse().map_err(|_| Problem::NotFloat)?, literal: None },
        };
        if !float.number.is_finite() {
            return Err(Problem::NotFloat);
        }
        if self.min.is_some_and(|min| float.number < min) || self.max.is_some_and(|max| float.number > max) {
            return Err(Problem::OutOfRange);
        }
        Ok(float)
    }
}

impl Float<'_> {
    /// Appends the number: its own text if that is exact JSON, otherwise the shortest text that reads back as
    /// the number.
    #[inline]
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self.literal {
            Some(literal) => out.extend_from_slice(literal.as_bytes()),
            None => write_shortest(self.number, out),
        }
    }
}

fn write_shortest(number: f64, out: &mut Vec<u8>) {
    // A write to a Vec can't fail, and the number is finite.
    let _ = serde_json::to_writer(out, &number);
}

/// The value of a decimal in JSON's own grammar, of at most 15 digits and without exponent. An f64 holds both
/// the digits and the power of ten exactly, so their quotient is the nearest f64.
#[inline]
fn plain_decimal(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, bytes),
    };
    let (mut mantissa, mut count, mut point) = (0_u64, 0_usize, None);
    for &byte in digits.get(..digits.len().min(EXACT_DIGITS + 2))? {
        if byte.is_ascii_digit() {
            mantissa = mantissa * 10 + u64::from(byte - b'0');
            count += 1;
        } else if byte == b'.' && point.is_none() {
            point = Some(count);
        } else {
            return None;
        }
    }
    let whole = point.unwrap_or(count);
    let leading_zero = whole > 1 && digits.first() == Some(&b'0');
    let all_read = digits.len() == count + usize::from(point.is_some());
    if !all_read || count > EXACT_DIGITS || whole == 0 || leading_zero || point == Some(count) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "15 digits are under 2^53")]
    let number = mantissa as f64 / POWERS_OF_TEN.get(count - whole)?;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> Result<String, Problem> {
        let mut out = Vec::new();
        FloatRule::default().read(text)?.write(&mut out);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn words_and_tails_are_no_floats() {
        for text in ["nan", "NaN", "inf", "-inf", "Infinity", "38.5N", "", ".", "-", "1e999", "0x1p3", "1,5"]
        {
            assert_eq!(written(text), Err(Problem::NotFloat), "{text:?}");
        }
    }

    #[test]
    fn what_json_can_not_hold_as_it_stands_is_written_anew() {
        let forms = [("+5", "5.0"), (".5", "0.5"), ("5.", "5.0"), ("007.5", "7.5"), ("3.85e1", "38.5")];
        for (text, expected) in forms {
            assert_eq!(written(text).as_deref(), Ok(expected));
        }
        assert_eq!(written("38.550420470000001").as_deref(), Ok("38.55042047"));
        assert_eq!(written("-0.0").as_deref(), Ok("-0.0"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_the_same_number(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            for text in [number.to_string(), format!("{number:e}"), format!("{number:.3}")] {
                let out = written(&text).unwrap();
                prop_assert!(serde_json::from_str::<serde_json::Number>(&out).is_ok());
                let back: f64 = out.parse().unwrap();
                prop_assert_eq!(back.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{} {}", text, out);
            }
        }

        #[test]
        fn a_plain_decimal_has_the_value_the_standard_library_gives(text in "-?[0-9]{1,9}(\\.[0-9]{1,9})?") {
            if let Some(number) = plain_decimal(&text) {
                prop_assert_eq!(number.to_bits(), text.parse::<f64>().unwrap().to_bits());
                prop_assert!(serde_json::from_str::<f64>(&text).is_ok());
            }
        }
    }
}
