//! The few JSON forms an output line is made of, appended to a buffer.

use jiff::Timestamp;

/// A string with its quotes.
pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    // Text into a vector: nothing in it can fail.
    let _ = serde_json::to_writer(out, text);
}

/// `,"name":number`, to four decimals: what lies behind is noise of the models. `null` where it is none.
pub(crate) fn number_member(name: &str, number: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    let _ = serde_json::to_writer(out, &((number * 10_000.0).round() / 10_000.0));
}

/// A time as ISO 8601 in UTC with milliseconds; `null` for none and for what no calendar has.
pub(crate) fn time(ms: Option<i64>, out: &mut Vec<u8>) {
    match ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()) {
        Some(time) => out.extend_from_slice(format!("\"{time:.3}\"").as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_their_zone() {
        let written = |ms| {
            let mut out = Vec::new();
            time(ms, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(Some(1_767_322_999_990)), "\"2026-01-02T03:03:19.990Z\"");
        assert_eq!(written(Some(0)), "\"1970-01-01T00:00:00.000Z\"");
        assert_eq!(written(None), "null");
        assert_eq!(written(Some(i64::MAX)), "null");
    }

    #[test]
    fn numbers_that_are_none_are_null() {
        let mut out = Vec::new();
        number_member("a", f64::NAN, &mut out);
        number_member("b", -0.123_456, &mut out);
        assert_eq!(out, br#","a":null,"b":-0.1235"#);
    }
}
