//! The few JSON forms that an output line consists of, appended to a buffer.

use serde::Serialize;

/// Text.
pub(crate) use record_model::write_json_string as string;

/// Anything that has a JSON form, such as a sentiment. What has none becomes `null`, so that the line is JSON
/// in any case.
pub(crate) fn value(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

/// A time as ISO 8601 in UTC with milliseconds; `null` if there is no time, or none that a calendar has.
pub(crate) fn time(ms: Option<i64>, out: &mut Vec<u8>) {
    match ms.and_then(record_model::utc_with_millis) {
        Some(time) => string(&time, out),
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
        assert_eq!(written(Some(-1)), "\"1969-12-31T23:59:59.999Z\"");
        assert_eq!(written(Some(253_402_300_799_999)), "\"9999-12-31T23:59:59.999Z\"");
        assert_eq!(written(Some(253_402_300_800_000)), "null");
        assert_eq!(written(None), "null");
        assert_eq!(written(Some(i64::MAX)), "null");
    }
}
