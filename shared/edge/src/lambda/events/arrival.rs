//! When a record arrived, which AWS writes in three different forms.

/// A number below this counts seconds (until the year 5138), and from this on milliseconds (from 1973).
const FIRST_MILLISECONDS: f64 = 1e11;

/// Milliseconds since 1970 from a JSON value: Kinesis's seconds with decimals, Firehose's whole milliseconds,
/// or ISO 8601 text. `None` for anything else.
#[allow(clippy::cast_possible_truncation)] // saturates, and no time of ours is near the ends
pub(super) fn arrived_at_ms(raw: &[u8]) -> Option<i64> {
    if let [b'"', text @ .., b'"'] = raw {
        return std::str::from_utf8(text).ok()?.parse().ok().map(jiff::Timestamp::as_millisecond);
    }
    if let Some(whole) = milliseconds(raw) {
        return Some(whole);
    }
    let number: f64 = std::str::from_utf8(raw).ok()?.parse().ok()?;
    let ms = if number < FIRST_MILLISECONDS { number * 1000.0 } else { number };
    number.is_finite().then_some(ms.round() as i64)
}

/// The usual case of 13 digits, read by hand.
fn milliseconds(raw: &[u8]) -> Option<i64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    if raw.len() != 13 {
        return None;
    }
    raw.iter().try_fold(0, |value, byte| Some(value * 10 + digit(byte)?))
}

#[cfg(test)]
mod tests {
    use super::arrived_at_ms;

    #[test]
    fn every_way_aws_writes_a_time_is_read() {
        for (raw, ms) in [
            ("1545084650.987", 1_545_084_650_987),
            ("1607497475.000", 1_607_497_475_000),
            ("1.607497475E9", 1_607_497_475_000),
            ("1767323045.123456", 1_767_323_045_123),
            ("1428537600", 1_428_537_600_000),
            ("1507217624302", 1_507_217_624_302),
            ("\"2012-04-23T18:25:43.511Z\"", 1_335_205_543_511),
        ] {
            assert_eq!(arrived_at_ms(raw.as_bytes()), Some(ms), "{raw}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for raw in ["null", "\"\"", "\"soon\"", "[]", "true", "1e999", "-"] {
            assert_eq!(arrived_at_ms(raw.as_bytes()), None, "{raw}");
        }
    }
}
