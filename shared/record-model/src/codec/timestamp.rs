//! Timestamps: several input formats, a zone for texts that name no offset, and one output format.

use std::io::Write as _;
use std::ops::Range;

use jiff::tz::TimeZone;

use super::decimal::scaled;
use super::error::Problem;
use super::instant::{Instant, NANOS_OF_MILLISECOND};
use super::iso8601;
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
    /// The input formats, in the order in which they are tried.
    pub(crate) inputs: Vec<TimeFormat>,
    /// The zone of texts that name no offset.
    pub(crate) zone: TimeZone,
    pub(crate) output: TimeFormat,
    pub(crate) output_zone: TimeZone,
    /// How a payload is written, in `zone`.
    pub(crate) payload: TimeFormat,
    /// Whether a payload has the text that was read instead, because no format holds all that is read.
    pub(crate) keeps_source: bool,
    /// The years that the output writes.
    pub(crate) output_years: Range<u32>,
    /// Whether a local time may be written unchanged, because both zones are the same.
    pub(crate) same_zone: bool,
    /// Whether each text of the output format is an accepted input, and is written exactly as it was read.
    pub(crate) keeps_text: bool,
}

/// A point in time: local in the rule's zone, or absolute. `literal` is its text if that is in the output
/// format, and `source` if the rule keeps it for a payload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment<'a> {
    time: Time,
    literal: Option<&'a str>,
    source: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Time {
    Local(LocalTime),
    Instant(Instant),
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

    /// Whether a text of this format is a point in time without a zone.
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
                Some(match parsed.offset_seconds {
                    None => Time::Local(parsed.local),
                    Some(seconds) => Time::Instant(Instant::of_local(parsed.local, seconds)),
                })
            }
            Self::Iso8601 => iso8601::read(text),
            Self::EpochSeconds => epoch(text, 9, 1).map(Time::Instant),
            Self::EpochMillis => epoch(text, 0, NANOS_OF_MILLISECOND).map(Time::Instant),
        }
    }

    /// The digits that a fraction of a second may have in this format.
    fn decimals(&self) -> u8 {
        match self {
            Self::Pattern(pattern) => pattern.decimals(),
            Self::Iso8601 | Self::EpochSeconds => 9,
            Self::EpochMillis => 3,
        }
    }
}

/// A number since 1970, times a power of ten, in units of this many nanoseconds. It is refused if it is not
/// whole then, since nothing here can hold it.
fn epoch(text: &str, power: u32, unit_nanos: i128) -> Option<Instant> {
    Instant::of_nanos(scaled(text, power).ok()?.checked_mul(unit_nanos)?)
}

/// The nearest offset of whole minutes, in seconds: texts have no other offsets. Before about 1900 zones have
/// offsets with seconds, and a text that dropped them would name another instant.
pub(super) fn nearest_minute(offset_seconds: i32) -> i32 {
    (offset_seconds + 30).div_euclid(60) * 60
}

/// An instant as a zone's clock shows it, and the clock's offset from UTC.
fn on_the_clock(instant: Instant, zone: &TimeZone, in_minutes: bool) -> Option<(LocalTime, i32)> {
    let offset = instant.offset_in(zone);
    if !in_minutes || offset % 60 == 0 {
        return Some((instant.to_local(offset)?, offset));
    }
    // In the first minute of year 1 the rounded time may fall in the year before.
    let nearest = nearest_minute(offset);
    let offsets = [nearest, nearest + 60, nearest - 60];
    offsets.into_iter().find_map(|offset| Some((instant.to_local(offset)?, offset)))
}

impl TimestampRule {
    /// Reads a text in the first input format that takes it, years 1 to 9999.
    #[inline]
    pub(crate) fn read<'a>(&self, text: &'a str) -> Result<Moment<'a>, Problem> {
        for (at, format) in self.inputs.iter().enumerate() {
            if let Some(time) = format.read(text) {
                let literal = (at == 0 && self.keeps_text).then_some(text);
                let source = self.keeps_source.then_some(text);
                return Ok(Moment { time: self.checked(time)?, literal, source });
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
        let instant = Instant::of_nanos(i128::from(epoch_ms) * NANOS_OF_MILLISECOND)?;
        let time = self.checked(Time::Instant(instant)).ok()?;
        Some(Moment { time, literal: None, source: None })
    }

    /// Reads a text that this rule wrote.
    pub(crate) fn read_output<'a>(&self, text: &'a str) -> Result<Moment<'a>, Problem> {
        let time = match self.output.read(text) {
            Some(Time::Local(local)) if !self.same_zone => {
                Some(Time::Instant(Instant::in_zone(local, &self.output_zone)))
            }
            time => time,
        };
        let time = self.checked(time.ok_or(Problem::NotTimestamp)?)?;
        Ok(Moment { time, literal: self.keeps_text.then_some(text), source: None })
    }

    /// Refuses a time that the output can't hold, so that writing can't fail.
    #[inline]
    fn checked(&self, time: Time) -> Result<Time, Problem> {
        if self.output_years.start > 1 && !self.is_of_the_output_years(time) {
            return Err(Problem::NotTimestamp);
        }
        if let (Time::Local(_), true) = (time, self.same_zone && !self.output.has_offset()) {
            return Ok(time);
        }
        let instant = self.instant(time);
        if self.is_of_the_calendar(instant) { Ok(Time::Instant(instant)) } else { Err(Problem::NotTimestamp) }
    }

    /// Whether the output can write the year.
    #[cold]
    fn is_of_the_output_years(&self, time: Time) -> bool {
        let local = match time {
            Time::Local(local) if self.same_zone => Some(local),
            time => {
                let instant = self.instant(time);
                instant.to_local(instant.offset_in(&self.output_zone))
            }
        };
        local.is_some_and(|local| self.output_years.contains(&local.year))
    }

    /// Whether an instant is within the years 1 to 9999 in both zones: what is written in one is read in the
    /// other.
    #[inline]
    fn is_of_the_calendar(&self, instant: Instant) -> bool {
        /// The part of the calendar that every zone has: more than a day less at each end than in UTC.
        const IN_EVERY_ZONE: Range<i64> = -62_135_596_800 + 93_600..253_402_300_800 - 93_600;
        let is_real = |zone: &TimeZone| instant.to_local(instant.offset_in(zone)).is_some();
        IN_EVERY_ZONE.contains(&instant.second) || [&self.zone, &self.output_zone].into_iter().all(is_real)
    }

    /// Whether every moment is written as a whole number, if it is written as a number at all.
    pub(crate) fn is_whole(&self) -> bool {
        let digits = self.inputs.iter().map(TimeFormat::decimals).max().unwrap_or(3);
        matches!(self.output, TimeFormat::EpochMillis) && digits <= 3
    }

    /// Appends the moment in the output format and zone, without quotes.
    #[inline]
    pub(crate) fn write(&self, moment: &Moment<'_>, out: &mut Vec<u8>) {
        match moment.literal {
            Some(literal) => out.extend_from_slice(literal.as_bytes()),
            None => self.write_in(&self.output_zone, &self.output, moment, out),
        }
    }

    /// Appends the moment as a payload has it, so that it is read as the same.
    pub(crate) fn write_payload(&self, moment: &Moment<'_>, out: &mut Vec<u8>) {
        match moment.source {
            Some(source) => out.extend_from_slice(source.as_bytes()),
            None => self.write_in(&self.zone, &self.payload, moment, out),
        }
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
        let instant = self.instant(moment.time);
        match format {
            TimeFormat::EpochSeconds => write_epoch(instant, 9, out),
            TimeFormat::EpochMillis => write_epoch(instant, 6, out),
            TimeFormat::Pattern(_) | TimeFormat::Iso8601 => {
                let (local, offset) =
                    on_the_clock(instant, zone, format.has_offset()).unwrap_or((LocalTime::EPOCH, 0)); // it was checked that there is one
                match format {
                    TimeFormat::Pattern(pattern) => pattern.write(local, offset, out),
                    _ => iso8601::write(local, (*zone != TimeZone::UTC).then_some(offset), out),
                }
            }
        }
    }

    /// Milliseconds since 1970, UTC.
    pub(crate) fn epoch_ms(&self, moment: &Moment<'_>) -> i64 {
        self.instant(moment.time).epoch_ms()
    }

    fn instant(&self, time: Time) -> Instant {
        match time {
            Time::Instant(instant) => instant,
            Time::Local(local) => Instant::in_zone(local, &self.zone),
        }
    }
}

/// Appends an instant as a number since 1970, in units of a nanosecond times a power of ten: as a whole
/// number if it is one, otherwise with its decimals, so that nothing is lost.
fn write_epoch(instant: Instant, decimals: u8, out: &mut Vec<u8>) {
    let unit = 10_u128.pow(u32::from(decimals));
    let nanos = instant.nanos();
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, rest) = (nanos.unsigned_abs() / unit, nanos.unsigned_abs() % unit);
    // A write to a Vec can't fail.
    let _ = write!(out, "{sign}{whole}");
    iso8601::write_decimals(u32::try_from(rest).unwrap_or(0), usize::from(decimals), out);
}
