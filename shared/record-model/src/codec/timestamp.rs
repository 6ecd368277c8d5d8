//! Timestamps: several input formats, a zone for those that name none, one output format.

use std::io::Write as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::error::Problem;
use super::local_time::LocalTime;
use super::time_pattern::TimePattern;

/// One way to write a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    Pattern(TimePattern),
    Iso8601,
    EpochSeconds,
    EpochMillis,
}

/// How a timestamp field is read and written.
#[derive(Debug, Clone)]
pub(crate) struct TimestampRule {
    /// Tried in order.
    pub(crate) inputs: Vec<TimeFormat>,
    /// The zone of texts that name no offset.
    pub(crate) zone: TimeZone,
    pub(crate) output: TimeFormat,
    pub(crate) output_zone: TimeZone,
    /// How a payload is written: in `zone`, and read back by the first input format.
    pub(crate) payload: TimeFormat,
    /// A local time may be written as it is: both zones are one.
    pub(crate) same_zone: bool,
    /// The output format is an input format too, and each of its texts is written as it was read.
    pub(crate) keeps_text: bool,
}

/// A point in time: local in the rule's zone, or absolute. `literal` is its text in the output format.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment<'a> {
    time: Time,
    literal: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Time {
    Local(LocalTime),
    Instant(Timestamp),
}

impl TimeFormat {
    /// `iso8601`, `epoch_s`, `epoch_ms` or a date pattern.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        Ok(match text {
            "iso8601" => Self::Iso8601,
            "epoch_s" => Self::EpochSeconds,
            "epoch_ms" => Self::EpochMillis,
            pattern => Self::Pattern(TimePattern::compile(pattern)?),
        })
    }

    /// Whether a text of this format is a point in time without any zone's help.
    pub(crate) fn has_offset(&self) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.has_offset(),
            Self::Iso8601 | Self::EpochSeconds | Self::EpochMillis => true,
        }
    }

    /// Whether it is written as a JSON number.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::EpochSeconds | Self::EpochMillis)
    }

    #[inline]
    fn read(&self, text: &str) -> Option<Time> {
        match self {
            Self::Pattern(pattern) => {
                let parsed = pattern.parse(text)?;
                let Some(seconds) = parsed.offset_seconds else { return Some(Time::Local(parsed.local)) };
                let offset = Offset::from_seconds(seconds).ok()?;
                offset.to_timestamp(parsed.local.to_jiff()?).ok().map(Time::Instant)
            }
            Self::Iso8601 => match text.parse::<Timestamp>() {
                Ok(instant) => Some(Time::Instant(instant)),
                Err(_) => text.parse::<DateTime>().ok().and_then(LocalTime::from_jiff).map(Time::Local),
            },
            Self::EpochSeconds => epoch_seconds(text).map(Time::Instant),
            Self::EpochMillis => text.parse().ok().and_then(instant).map(Time::Instant),
        }
    }
}

/// Whole seconds, or seconds with up to nine decimals.
fn epoch_seconds(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction_digits = u32::try_from(fraction.len()).ok().filter(|digits| (1..=9).contains(digits))?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos = fraction.parse::<u32>().ok()? * 10_u32.pow(9 - fraction_digits);
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    Timestamp::new(whole.parse().ok()?, sign * i32::try_from(nanos).ok()?).ok()
}

fn instant(epoch_ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(epoch_ms).ok()
}

/// The nearest offset that can be written. Zones of before about 1900 are off by seconds, and a text that left those away
/// would be of another instant.
fn in_minutes(offset: Offset) -> Offset {
    let minutes = (offset.seconds() + 30).div_euclid(60);
    Offset::from_seconds(minutes * 60).unwrap_or(offset)
}

impl TimestampRule {
    /// Reads a text in the first input format that takes it, years 1 to 9999.
    #[inline]
    pub(crate) fn read<'a>(&self, text: &'a str) -> Result<Moment<'a>, Problem> {
        for (at, format) in self.inputs.iter().enumerate() {
            if let Some(time) = format.read(text) {
                let literal = (at == 0 && self.keeps_text).then_some(text);
                return Ok(Moment { time: self.checked(time)?, literal });
            }
        }
        Err(Problem::NotTimestamp)
    }

    /// Reads a text and appends it as a JSON string in the output format.
    #[inline]
    pub(crate) fn copy(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Problem> {
        let moment = self.read(text)?;
        out.push(b'"');
        self.write(&moment, out);
        out.push(b'"');
        Ok(())
    }

    /// The moment so many milliseconds after 1970, UTC; `None` outside the years 1 to 9999.
    pub(crate) fn at(&self, epoch_ms: i64) -> Option<Moment<'static>> {
        let time = self.checked(Time::Instant(instant(epoch_ms)?)).ok()?;
        Some(Moment { time, literal: None })
    }

    /// Reads a text this rule has written.
    pub(crate) fn read_output<'a>(&self, text: &'a str) -> Result<Moment<'a>, Problem> {
        let time = match self.output.read(text) {
            Some(Time::Local(local)) if !self.same_zone => self
                .output_zone
                .to_timestamp(local.to_jiff().ok_or(Problem::NotTimestamp)?)
                .ok()
                .map(Time::Instant),
            time => time,
        };
        let time = self.checked(time.ok_or(Problem::NotTimestamp)?)?;
        Ok(Moment { time, literal: self.keeps_text.then_some(text) })
    }

    /// Refuses what the output could not hold, so that writing can't fail.
    #[inline]
    fn checked(&self, time: Time) -> Result<Time, Problem> {
        if let (Time::Local(_), true) = (time, self.same_zone && !self.output.has_offset()) {
            return Ok(time);
        }
        let instant = self.instant(time).filter(|instant| self.is_of_the_calendar(*instant));
        instant.map(Time::Instant).ok_or(Problem::NotTimestamp)
    }

    /// Whether an instant is of the years 1 to 9999, in UTC and in both zones.
    #[inline]
    fn is_of_the_calendar(&self, instant: Timestamp) -> bool {
        const YEAR_ONE: i64 = -62_135_596_800;
        const MOST_OFFSET: i64 = 26 * 3600;
        let year_is_real = |zone: &TimeZone| LocalTime::from_jiff(zone.to_datetime(instant)).is_some();
        instant.as_second() >= YEAR_ONE + MOST_OFFSET
            || [&TimeZone::UTC, &self.zone, &self.output_zone].into_iter().all(year_is_real)
    }

    /// Appends the moment in the output format and zone, without quotes.
    #[inline]
    pub(crate) fn write(&self, moment: &Moment<'_>, out: &mut Vec<u8>) {
        match moment.literal {
            Some(literal) => out.extend_from_slice(literal.as_bytes()),
            None => self.write_in(&self.output_zone, &self.output, moment, out),
        }
    }

    /// Appends the moment as this rule's first input format reads it.
    pub(crate) fn write_payload(&self, moment: &Moment<'_>, out: &mut Vec<u8>) {
        self.write_in(&self.zone, &self.payload, moment, out);
    }

    /// Appends the moment in another format, in the output zone.
    pub(crate) fn write_as(&self, format: &TimeFormat, moment: &Moment<'_>, out: &mut Vec<u8>) {
        self.write_in(&self.output_zone, format, moment, out);
    }

    fn write_in(&self, zone: &TimeZone, format: &TimeFormat, moment: &Moment<'_>, out: &mut Vec<u8>) {
        if let (TimeFormat::Pattern(pattern), Time::Local(local)) = (format, moment.time)
            && !pattern.has_offset()
            && *zone == self.zone
        {
            return pattern.write(local, 0, out);
        }
        let Some(instant) = self.instant(moment.time) else { return };
        // A write to a Vec can't fail.
        let _ = match format {
            TimeFormat::Pattern(pattern) => {
                let offset = zone.to_offset(instant);
                let offset = if pattern.has_offset() { in_minutes(offset) } else { offset };
                let local = LocalTime::from_jiff(offset.to_datetime(instant)).unwrap_or(LocalTime::EPOCH);
                pattern.write(local, offset.seconds(), out);
                Ok(())
            }
            TimeFormat::Iso8601 if *zone == TimeZone::UTC => write!(out, "{instant}"),
            TimeFormat::Iso8601 => {
                write!(out, "{}", instant.display_with_offset(in_minutes(zone.to_offset(instant))))
            }
            TimeFormat::EpochSeconds => write!(out, "{}", instant.as_second()),
            TimeFormat::EpochMillis => write!(out, "{}", instant.as_millisecond()),
        };
    }

    /// Milliseconds since 1970, UTC.
    pub(crate) fn epoch_ms(&self, moment: &Moment<'_>) -> Option<i64> {
        self.instant(moment.time).map(Timestamp::as_millisecond)
    }

    fn instant(&self, time: Time) -> Option<Timestamp> {
        match time {
            Time::Instant(instant) => Some(instant),
            Time::Local(local) => self.zone.to_timestamp(local.to_jiff()?).ok(),
        }
    }
}
