//! Points in time and in a stream, in the forms of the command line.

use std::time::Duration;

use edge::read_stream::From;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use record_model::keys::SequenceNumber;

/// Where reading starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moment {
    Start,
    Latest,
    Ago(Duration),
    /// Unix milliseconds.
    At(i64),
    Number(String),
}

impl Moment {
    /// `start`, `latest`, a time, how long ago, or a sequence number.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "start" => Ok(Self::Start),
            "latest" => Ok(Self::Latest),
            // No time has so many digits, whereas a sequence number has 56.
            _ if text.len() > 15 && text.parse::<SequenceNumber>().is_ok() => Ok(Self::Number(text.to_owned())),
            _ => time(text).map_err(|_| {
                "expected start, latest, how long ago (1h), a time (@2026-11-25T10:00, UTC) or a sequence number"
                    .to_owned()
            }),
        }
    }

    /// `now`, a time, or how long ago.
    pub(crate) fn parse_end(text: &str) -> Result<Self, String> {
        if text == "now" { Ok(Self::Ago(Duration::ZERO)) } else { time(text) }
    }

    pub(crate) fn from(&self, now_ms: i64) -> From {
        match self {
            Self::Start => From::Oldest,
            Self::Latest => From::Latest,
            Self::Ago(ago) => From::Time(before(now_ms, *ago)),
            Self::At(at_ms) => From::Time(*at_ms),
            Self::Number(number) => From::Number(number.clone()),
        }
    }

    /// The time in Unix milliseconds, where it is one.
    pub(crate) fn end_ms(&self, now_ms: i64) -> Option<i64> {
        match self {
            Self::Ago(ago) => Some(before(now_ms, *ago)),
            Self::At(at_ms) => Some(*at_ms),
            Self::Start | Self::Latest | Self::Number(_) => None,
        }
    }
}

fn before(now_ms: i64, ago: Duration) -> i64 {
    now_ms.saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX)).max(0)
}

fn time(text: &str) -> Result<Moment, String> {
    let Some(time) = text.strip_prefix('@') else { return duration(text).map(Moment::Ago) };
    let at = time.parse::<Timestamp>().ok().or_else(|| {
        let civil = time.parse::<DateTime>().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    at.map(|at| Moment::At(at.as_millisecond()))
        .ok_or_else(|| "expected now, how long ago (1h) or a time (@2026-11-25T10:00, UTC)".to_owned())
}

/// Numbers with their units, such as `90s`, `1h30m`, `500ms` or `2d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a duration such as 30s, 5m, 1h30m or 2d".to_owned();
    let (mut rest, mut whole) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, behind) = rest.split_at_checked(digits).ok_or_else(wrong)?;
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let letters = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(letters).ok_or_else(wrong)?;
        let unit = match unit {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            "d" => Duration::from_hours(24),
            _ => return Err(wrong()),
        };
        whole = whole.saturating_add(unit.saturating_mul(number));
        rest = behind;
    }
    if whole.is_zero() { Err(wrong()) } else { Ok(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_read_in_all_its_forms() {
        let number = "49590338271490256608559692538361571095921575989136588898";
        for (text, from) in [
            ("start", From::Oldest),
            ("latest", From::Latest),
            ("1h", From::Time(10_000_000 - 3_600_000)),
            ("@1970-01-01T00:01", From::Time(60_000)),
            ("@1970-01-01T01:00:00+01:00", From::Time(0)),
            ("@1970-01-02", From::Time(86_400_000)),
            (number, From::Number(number.to_owned())),
        ] {
            assert_eq!(Moment::parse(text).unwrap().from(10_000_000), from, "{text}");
        }
        for wrong in ["", "now", "5", "h", "1x", "@", "@yesterday", "0s"] {
            assert!(Moment::parse(wrong).unwrap_err().starts_with("expected start"), "{wrong}");
        }
    }

    #[test]
    fn an_end_is_a_time() {
        assert_eq!(Moment::parse_end("now").unwrap().end_ms(7), Some(7));
        assert_eq!(Moment::parse_end("5ms").unwrap().end_ms(7), Some(2));
        assert!(Moment::parse_end("latest").is_err());
    }

    #[test]
    fn a_duration_is_numbers_with_their_units() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_hours(48)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(duration("99999999999d").is_err() && duration("é").is_err() && duration("1").is_err());
    }
}
