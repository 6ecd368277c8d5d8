//! The part of an object's key that says when its records arrived.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `dt=YYYY-MM-DD/hour=HH` in UTC, as Athena reads partitions; a time no calendar has counts as 1970.
pub fn hour_prefix(arrived_at_ms: i64) -> String {
    let time = Timestamp::from_millisecond(arrived_at_ms).unwrap_or_default().to_zoned(TimeZone::UTC);
    let (year, month, day, hour) = (time.year(), time.month(), time.day(), time.hour());
    format!("dt={year:04}-{month:02}-{day:02}/hour={hour:02}")
}
