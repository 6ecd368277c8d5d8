//! Decimal numbers by their value, whatever their spelling: `1.767E9`, `1767000000` and `1767000000.0` are
//! the same number.

/// The most digits of a whole number here: somewhat more than the nanoseconds since year 1 need.
const MOST_DIGITS: i64 = 30;

/// Why a text has no whole value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotWhole {
    /// It is not a number by JSON's grammar, which is extended here by leading zeros and a `+`.
    NoNumber,
    /// It has decimals other than zero.
    Decimals,
    /// It has more than 30 digits.
    TooLarge,
}

/// A number's value times a power of ten, if that is whole. It is exact, since no float is involved.
pub(super) fn scaled(text: &str, power: u32) -> Result<i128, NotWhole> {
    let (negative, number) = match text.as_bytes() {
        [b'-', ..] => (true, text.get(1..).unwrap_or_default()),
        [b'+', ..] => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, self::exponent(exponent)?),
        None => (number, 0),
    };
    let (whole, decimals) = match mantissa.split_once('.') {
        Some((whole, decimals)) => (digits(whole)?, digits(decimals)?),
        None => (digits(mantissa)?, ""),
    };
    let digits = [whole, decimals].concat();
    // The number of digits before the point, once exponent and power have moved it.
    let point = len(whole).saturating_add(exponent).saturating_add(i64::from(power));
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    if point < len(significant) {
        return Err(NotWhole::Decimals);
    }
    let leading = len(digits.as_str()) - len(digits.trim_start_matches('0'));
    if point - leading > MOST_DIGITS {
        return Err(NotWhole::TooLarge);
    }
    let value: i128 = significant.trim_start_matches('0').parse().map_err(|_| NotWhole::TooLarge)?;
    let zeros = u32::try_from(point - len(significant)).map_err(|_| NotWhole::TooLarge)?;
    let value = value.checked_mul(10_i128.pow(zeros)).ok_or(NotWhole::TooLarge)?;
    Ok(if negative { -value } else { value })
}

/// An exponent. One that 64 bits can't hold is replaced by the nearest that they hold, which no number comes
/// near.
fn exponent(text: &str) -> Result<i64, NotWhole> {
    let (negative, number) = match text.as_bytes() {
        [b'-', ..] => (true, text.get(1..).unwrap_or_default()),
        [b'+', ..] => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    let value: i64 = digits(number)?.parse().unwrap_or(i64::MAX / 4);
    Ok(if negative { -value } else { value })
}

/// One digit or more.
fn digits(text: &str) -> Result<&str, NotWhole> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then_some(text).ok_or(NotWhole::NoNumber)
}

fn len(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_its_value_however_it_is_spelled(
            number in -1_000_000_000_000_000_i64..1_000_000_000_000_000, moved in 0..20_u32, zeros in 0..4_usize,
            sign in prop::sample::select(vec!["", "+"]), e in prop::sample::select(vec!['e', 'E']),
        ) {
            let expected = i128::from(number);
            let zeros = "0".repeat(zeros);
            let minus = if number < 0 { "-" } else { "" };
            // The point `moved` to the left, and the exponent against it.
            let digits = format!("{:0>1$}", number.unsigned_abs(), moved as usize + 1);
            let (whole, decimals) = digits.split_at(digits.len() - moved as usize);
            let point = if decimals.is_empty() && zeros.is_empty() { "" } else { "." };
            let spellings = [
                number.to_string(),
                format!("{number}.0{zeros}"),
                format!("{minus}{whole}{point}{decimals}{zeros}{e}{sign}{moved}"),
                format!("{number}{zeros}{e}-{}", zeros.len()),
            ];
            for spelling in spellings {
                prop_assert_eq!(scaled(&spelling, 0), Ok(expected), "{}", spelling);
                prop_assert_eq!(scaled(&spelling, 9), Ok(expected * 1_000_000_000), "{}", spelling);
            }
        }
    }

    #[test]
    fn what_is_no_number_has_no_value() {
        for text in
            ["", "-", ".5", "5.", "1e", "e5", "1e5.0", "1_0", "0x1F", "nan", "--1", " 1", "1e+-5", "٣"]
        {
            assert_eq!(scaled(text, 0), Err(NotWhole::NoNumber), "{text:?}");
        }
    }

    #[test]
    fn decimals_and_great_numbers_are_told_apart() {
        assert_eq!(scaled("0.5", 0), Err(NotWhole::Decimals));
        assert_eq!(scaled("5e-1", 1), Ok(5));
        assert_eq!(scaled("1e-400000000000000000000", 9), Err(NotWhole::Decimals));
        assert_eq!(scaled("1e400000000000000000000", 0), Err(NotWhole::TooLarge));
        assert_eq!(scaled(&"9".repeat(100_000), 0), Err(NotWhole::TooLarge));
        for zero in ["0", "-0", "0.000", "0e99999999999999999999", "-0E-7"] {
            assert_eq!(scaled(zero, 9), Ok(0), "{zero}");
        }
    }
}
