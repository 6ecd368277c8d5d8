//! ISO 8601 as RFC 3339 and RFC 9557 define it: a date and time, an offset, and a zone and tags in brackets.
//!
//! A text is accepted as a whole or not at all. RFC 9557 leaves some choices to the reader, and these are
//! made: an offset that its zone does not have at that time is refused, critical or not, since one of the two
//! is wrong; a zone that the time zone database does not know is refused too. A tag that is not critical does
//! not change the instant and is ignored. Of critical tags only the ISO 8601 calendar is known.

use std::io::Write as _;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time as Clock};
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::tz::{Offset, TimeZone};

use super::instant::Instant;
use super::local_time::LocalTime;
use super::timestamp::{Time, nearest_minute};

const SECONDS_OF_DAY: i32 = 24 * 60 * 60;

/// Reads a date and time, or a date alone, which stands for its midnight.
#[inline]
pub(super) fn read(text: &str) -> Option<Time> {
    if memchr::memchr(b'[', text.as_bytes()).is_some() {
        return read_with_suffix(text);
    }
    match text.parse::<Timestamp>() {
        Ok(instant) if has_usual_offset(text) => Some(Time::Instant(Instant::from(instant))),
        _ => head(text)?.time(None),
    }
}

/// Whether the offset, which the text has, needs no closer look: it is `Z`, or its first digit says that it is
/// less than 20 hours.
#[inline]
fn has_usual_offset(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = memchr::memrchr2(b'+', b'-', bytes).and_then(|sign| bytes.get(sign + 1));
    matches!(bytes.last(), Some(b'Z' | b'z')) || matches!(digits, Some(b'0' | b'1'))
}

/// A text followed by brackets: `[Europe/Berlin]`, `[+01:00]`, `[u-ca=gregory]`, each with `!` if it is
/// critical.
fn read_with_suffix(text: &str) -> Option<Time> {
    let (before, brackets) = text.split_once('[')?;
    let mut groups = brackets.strip_suffix(']')?.split("][");
    let first = groups.next()?;
    let (zone, mut tags) = match Tag::read(first) {
        Some(tag) => (None, vec![tag]),
        None => (Some(zone(first.strip_prefix('!').unwrap_or(first))?), Vec::new()),
    };
    for group in groups {
        tags.push(Tag::read(group)?);
    }
    if tags
        .iter()
        .enumerate()
        .any(|(index, tag)| !tag.may_be_passed_over(tags.get(..index).unwrap_or_default()))
    {
        return None;
    }
    head(before)?.time(zone.as_ref())
}

/// A zone by its offset or by its name.
fn zone(text: &str) -> Option<TimeZone> {
    if let [b'+' | b'-', _, _, b':', _, _] = text.as_bytes() {
        return offset(text).map(TimeZone::fixed);
    }
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-/".contains(&byte));
    TimeZone::get(text).ok().filter(|zone| is_name && !zone.is_unknown())
}

/// `+01:00`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':')?;
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i32>().ok())?;
    let (hours, minutes) =
        (number(hours).filter(|&hours| hours < 24)?, number(minutes).filter(|&it| it < 60)?);
    Offset::from_seconds((hours * 3600 + minutes * 60) * if sign == "-" { -1 } else { 1 }).ok()
}

/// A tag of a suffix, as `u-ca=gregory`.
struct Tag<'a> {
    key: &'a str,
    value: &'a str,
    is_critical: bool,
}

impl<'a> Tag<'a> {
    fn read(group: &'a str) -> Option<Self> {
        let (is_critical, group) = match group.strip_prefix('!') {
            Some(group) => (true, group),
            None => (false, group),
        };
        let (key, value) = group.split_once('=')?;
        let of_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_key = key.starts_with(|c: char| c.is_ascii_lowercase()) && key.bytes().all(of_key);
        let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_key && value.split('-').all(is_part)).then_some(Self { key, value, is_critical })
    }

    /// Whether the tag changes nothing, given the `earlier` ones. Of several tags with one key the first
    /// counts, and none of them may be critical.
    fn may_be_passed_over(&self, earlier: &[Self]) -> bool {
        let is_known = self.key == "u-ca" && matches!(self.value, "gregory" | "iso8601");
        let again = earlier.iter().find(|other| other.key == self.key);
        (!self.is_critical || is_known) && again.is_none_or(|other| !self.is_critical && !other.is_critical)
    }
}

/// What stands before the brackets.
struct Head {
    local: LocalTime,
    offset: Option<PiecesOffset>,
}

fn head(text: &str) -> Option<Head> {
    let pieces = Pieces::parse(text).ok().filter(|pieces| pieces.time_zone_annotation().is_none())?;
    let clock = pieces.time().unwrap_or(Clock::midnight());
    let local = LocalTime::from_jiff(DateTime::from_parts(pieces.date(), clock))?;
    Some(Head { local, offset: pieces.offset() })
}

impl Head {
    /// The time, with the zone's rules applied.
    fn time(self, zone: Option<&TimeZone>) -> Option<Time> {
        let numeric = self.offset.map(|offset| offset.to_numeric_offset().seconds());
        // RFC 3339 has hours from 00 to 23, and the library reads a few more.
        if numeric.is_some_and(|seconds| seconds.abs() >= SECONDS_OF_DAY) {
            return None;
        }
        let Some(seconds) = numeric else {
            return Some(
                zone.map_or(Time::Local(self.local), |zone| {
                    Time::Instant(Instant::in_zone(self.local, zone))
                }),
            );
        };
        let instant = Instant::of_local(self.local, seconds);
        // `Z` and `-00:00` name the instant and say nothing about the local time.
        let is_local = match self.offset {
            Some(PiecesOffset::Numeric(offset)) => !(offset.is_negative() && seconds == 0),
            _ => false,
        };
        let is_of = |zone: &TimeZone| {
            let of_zone = instant.offset_in(zone);
            of_zone == seconds || nearest_minute(of_zone) == seconds
        };
        zone.is_none_or(|zone| !is_local || is_of(zone)).then_some(Time::Instant(instant))
    }
}

/// Appends a local time with its offset, or `Z` for none; the fraction in as many digits as it needs.
pub(super) fn write(local: LocalTime, offset_seconds: Option<i32>, out: &mut Vec<u8>) {
    let LocalTime { year, month, day, hour, minute, second, nanosecond } = local;
    // A write to a Vec can't fail.
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    write_decimals(nanosecond, 9, out);
    match offset_seconds {
        None => out.push(b'Z'),
        Some(seconds) => {
            let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs() / 60);
            let _ = write!(out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        }
    }
}

/// Appends a point and the decimals without trailing zeros; appends nothing if there are no decimals.
pub(super) fn write_decimals(decimals: u32, digits: usize, out: &mut Vec<u8>) {
    if decimals > 0 {
        let _ = write!(out, ".{decimals:0digits$}");
        let zeros = out.iter().rev().take_while(|&&byte| byte == b'0').count();
        out.truncate(out.len() - zeros);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = read(text).map(|time| {
            let mut out = Vec::new();
            match time {
                Time::Instant(instant) => write(instant.to_local(0).unwrap(), None, &mut out),
                Time::Local(local) => write(local, Some(0), &mut out),
            }
            String::from_utf8(out).unwrap()
        });
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn a_zone_in_brackets_is_the_zone_of_a_local_time() {
        check("2026-01-02T03:04:05[Europe/Berlin]", Some("2026-01-02T02:04:05Z"));
        check("2026-07-02T03:04:05[!Europe/Berlin]", Some("2026-07-02T01:04:05Z"));
        check("2026-01-02T03:04:05.5[+05:30]", Some("2026-01-01T21:34:05.5Z"));
        check("2026-01-02[Europe/Berlin]", Some("2026-01-01T23:00:00Z"));
    }

    #[test]
    fn a_zone_that_is_not_known_or_not_of_the_offset_is_refused() {
        for suffix in
            ["[Europe/Nowhere]", "[!Europe/Nowhere]", "[Etc/Unknown]", "[]", "[!]", "[+25:00]", "[+1:00]"]
        {
            check(&format!("2026-01-02T03:04:05{suffix}"), None);
            check(&format!("2026-01-02T03:04:05Z{suffix}"), None);
        }
        check("2026-01-02T03:04:05+02:00[Europe/Berlin]", None);
        check("2026-01-02T03:04:05+01:00[Europe/Berlin]", Some("2026-01-02T02:04:05Z"));
        check("2026-01-02T03:04:05Z[Europe/Berlin]", Some("2026-01-02T03:04:05Z"));
        check("2026-01-02T03:04:05-00:00[Europe/Berlin]", Some("2026-01-02T03:04:05Z"));
        check("2026-01-02T03:04:05+00:00[Europe/Berlin]", None);
    }

    #[test]
    fn an_offset_has_hours_from_0_to_23_and_minutes_from_0_to_59() {
        for offset in ["+24:00", "-24:00", "+25:59", "+2400", "-25", "+23:60", "+99:00", "+1", "+001:00"] {
            check(&format!("2026-01-24T03:04:05{offset}"), None);
            check(&format!("2026-01-24T03:04:05{offset}[u-ca=gregory]"), None);
        }
        check("2026-01-24T03:04:05+23:59", Some("2026-01-23T03:05:05Z"));
        check("2026-01-24T03:04:05-20:00", Some("2026-01-24T23:04:05Z"));
        check("2026-01-24T03:04:05-2359", Some("2026-01-25T03:03:05Z"));
        check("2026-01-24", Some("2026-01-24T00:00:00+00:00"));
        check("2026-01-24T03:04:05Z", Some("2026-01-24T03:04:05Z"));
    }

    #[test]
    fn a_tag_that_is_critical_has_to_be_known() {
        check("2026-01-02T03:04:05Z[u-ca=hebrew]", Some("2026-01-02T03:04:05Z"));
        check("2026-01-02T03:04:05[Europe/Berlin][u-ca=japanese][x-y=a-1]", Some("2026-01-02T02:04:05Z"));
        check("2026-01-02T03:04:05Z[!u-ca=gregory]", Some("2026-01-02T03:04:05Z"));
        check("2026-01-02T03:04:05Z[u-ca=hebrew][u-ca=gregory]", Some("2026-01-02T03:04:05Z"));
        for suffix in [
            "[!u-ca=hebrew]",
            "[!x=y]",
            "[u-ca=hebrew][!u-ca=gregory]",
            "[U-ca=x]",
            "[_x=y]",
            "[x=]",
            "[x=a--b]",
            "[x=y][Europe/Berlin]",
            "[Europe/Berlin][Europe/Berlin]",
            "[x=y",
            "x=y]",
            "[x=y]z",
            "[[x=y]]",
            "[x=y] ",
        ] {
            check(&format!("2026-01-02T03:04:05Z{suffix}"), None);
        }
    }

    #[test]
    fn an_offset_is_read_where_the_library_s_own_instants_end() {
        check("9999-12-31T23:59:59.999999999Z", Some("9999-12-31T23:59:59.999999999Z"));
        check("9999-12-31T23:59:59+14:00", Some("9999-12-31T09:59:59Z"));
        check("9999-12-31T23:59:59", Some("9999-12-31T23:59:59+00:00"));
        check("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z"));
        check("0000-12-31T23:59:59", None);
        check("2026-01-02T03:04:05+01", Some("2026-01-02T02:04:05Z"));
        check("2026-01-02T03:04:05.1234567891Z", None);
    }

    #[test]
    fn fractions_have_no_digit_too_many() {
        for (nanos, text) in [(0, ""), (1, ".000000001"), (120_000_000, ".12"), (900_000_000, ".9")] {
            let mut out = Vec::new();
            write_decimals(nanos, 9, &mut out);
            assert_eq!(out, text.as_bytes());
        }
    }
}
