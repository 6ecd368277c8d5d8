//! Points in time, to the nanosecond, which include every local time of the years 1 to 9999 in every zone.
//!
//! jiff's timestamps end more than a day before the last second of 9999, so that each of them has a local
//! time in every zone. Here it is the other way round: each local time of the calendar has an instant, and
//! whether an instant has a local time is checked for the zone in which it is written.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::local_time::LocalTime;

const SECONDS_OF_DAY: i64 = 86_400;
const NANOS_OF_SECOND: i128 = 1_000_000_000;
pub(super) const NANOS_OF_MILLISECOND: i128 = 1_000_000;

/// An instant: this many seconds and nanoseconds after the start of 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant {
    pub(super) second: i64,
    pub(super) nanosecond: u32,
}

impl Instant {
    /// The instant of a local time at an offset from UTC.
    pub(super) fn of_local(local: LocalTime, offset_seconds: i32) -> Self {
        let clock = local.hour * 3600 + local.minute * 60 + local.second;
        let second = local.day_of_1970() * SECONDS_OF_DAY + i64::from(clock) - i64::from(offset_seconds);
        Self { second, nanosecond: local.nanosecond }
    }

    /// The instant of a local time in a zone. A time that a clock change skips is moved forward, and of a
    /// time that comes twice the earlier one counts.
    pub(super) fn in_zone(local: LocalTime, zone: &TimeZone) -> Self {
        if *zone == TimeZone::UTC {
            return Self::of_local(local, 0);
        }
        match local.to_jiff().and_then(|time| zone.to_timestamp(time).ok()) {
            Some(instant) => Self::from(instant),
            // This is beyond jiff's last instant, where no zone changes its clocks.
            None => Self::of_local(local, zone.to_offset(Timestamp::MAX).seconds()),
        }
    }

    /// The instant this many nanoseconds after 1970; `None` far outside the calendar.
    pub(super) fn of_nanos(nanos: i128) -> Option<Self> {
        Some(Self {
            second: i64::try_from(nanos.div_euclid(NANOS_OF_SECOND)).ok()?,
            nanosecond: u32::try_from(nanos.rem_euclid(NANOS_OF_SECOND)).ok()?,
        })
    }

    pub(super) fn nanos(self) -> i128 {
        i128::from(self.second) * NANOS_OF_SECOND + i128::from(self.nanosecond)
    }

    /// Whole milliseconds after 1970, rounded down.
    pub(super) fn epoch_ms(self) -> i64 {
        self.second.saturating_mul(1000).saturating_add(i64::from(self.nanosecond / 1_000_000))
    }

    /// The local time at an offset; `None` outside the years 1 to 9999.
    pub(super) fn to_local(self, offset_seconds: i32) -> Option<LocalTime> {
        let second = self.second.checked_add(i64::from(offset_seconds))?;
        let day = second.div_euclid(SECONDS_OF_DAY);
        let clock = u32::try_from(second.rem_euclid(SECONDS_OF_DAY)).ok()?;
        LocalTime::at(day, clock, self.nanosecond)
    }

    /// The offset of a zone at this instant, in seconds.
    pub(super) fn offset_in(self, zone: &TimeZone) -> i32 {
        if *zone == TimeZone::UTC {
            return 0;
        }
        let second = self.second.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        zone.to_offset(Timestamp::from_second(second).unwrap_or(Timestamp::MAX)).seconds()
    }
}

impl From<Timestamp> for Instant {
    fn from(instant: Timestamp) -> Self {
        // jiff rounds both towards zero.
        let (second, nanosecond) = (instant.as_second(), instant.subsec_nanosecond());
        let before = i64::from(nanosecond < 0);
        let nanosecond = u32::try_from(i64::from(nanosecond) + before * 1_000_000_000).unwrap_or(0);
        Self { second: second - before, nanosecond }
    }
}

/// A time as ISO 8601 in UTC with milliseconds; `None` outside the years 1 to 9999.
pub fn utc_with_millis(epoch_ms: i64) -> Option<String> {
    let nanos = i128::from(epoch_ms) * NANOS_OF_MILLISECOND;
    let LocalTime { year, month, day, hour, minute, second, nanosecond } =
        Instant::of_nanos(nanos)?.to_local(0)?;
    let millis = nanosecond / 1_000_000;
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 6] =
        ["UTC", "America/New_York", "Pacific/Kiritimati", "Pacific/Apia", "Europe/Dublin", "Asia/Kolkata"];

    proptest! {
        #[test]
        fn an_instant_has_the_local_time_jiff_gives_it(
            second in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(),
            nanosecond in 0..1_000_000_000_i32,
            zone in prop::sample::select(ZONES.to_vec()),
        ) {
            let zone = TimeZone::get(zone).unwrap();
            let jiffs = Timestamp::new(second, nanosecond).unwrap_or(Timestamp::MAX);
            let instant = Instant::from(jiffs);
            prop_assert_eq!(instant.nanos(), jiffs.as_nanosecond());
            prop_assert_eq!(Instant::of_nanos(instant.nanos()), Some(instant));
            let local = instant.to_local(instant.offset_in(&zone));
            prop_assert_eq!(local, LocalTime::from_jiff(zone.to_datetime(jiffs)));
        }

        #[test]
        fn a_local_time_of_the_last_days_is_the_same_again_in_its_zone(
            before in 0..200_000_u32, zone in prop::sample::select(ZONES.to_vec()),
        ) {
            let zone = TimeZone::get(zone).unwrap();
            let local = LocalTime::at(2_932_896 - i64::from(before / 86_400), 86_399 - before % 86_400, 5).unwrap();
            let instant = Instant::in_zone(local, &zone);
            prop_assert_eq!(instant.to_local(instant.offset_in(&zone)), Some(local));
        }
    }
}
