//! The part of a key that says when its records arrived.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// An hour in UTC. Its `Display` form is `dt=YYYY-MM-DD/hour=HH`, as Athena and other readers of Hive partitions take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour {
    date: Date,
    hour: i8,
}

impl Hour {
    /// The hour of a time in milliseconds since 1970 UTC. A time outside the years 0 to 9999 counts as 1970.
    pub fn of_ms(ms: i64) -> Self {
        let in_utc = |time: Timestamp| time.to_zoned(TimeZone::UTC).datetime();
        let time = Timestamp::from_millisecond(ms).map(in_utc).ok().filter(|time| time.year() >= 0);
        let time = time.unwrap_or_else(|| in_utc(Timestamp::UNIX_EPOCH));
        Self { date: time.date(), hour: time.hour() }
    }

    /// Reads the form that [`Hour`] prints, and no other.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, hour) = text.strip_prefix("dt=")?.split_once("/hour=")?;
        let read = Self { date: date.parse().ok()?, hour: hour.parse().ok()? };
        ((0..24).contains(&read.hour) && read.to_string() == text).then_some(read)
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = (self.date.year(), self.date.month(), self.date.day());
        write!(f, "dt={year:04}-{month:02}-{day:02}/hour={:02}", self.hour)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_hour_is_a_partition_in_utc() {
        assert_eq!(Hour::of_ms(0).to_string(), "dt=1970-01-01/hour=00");
        assert_eq!(Hour::of_ms(1_767_322_999_999).to_string(), "dt=2026-01-02/hour=03");
        assert_eq!(Hour::of_ms(-1).to_string(), "dt=1969-12-31/hour=23");
        assert_eq!(Hour::of_ms(i64::MAX).to_string(), "dt=1970-01-01/hour=00");
        assert_eq!(Hour::of_ms(i64::MIN).to_string(), "dt=1970-01-01/hour=00");
    }

    #[test]
    fn only_the_printed_form_is_read() {
        for other in ["dt=2026-01-02/hour=3", "dt=2026-01-02/hour=24", "dt=2026-1-2/hour=03", "dt=/hour=", ""]
        {
            assert_eq!(Hour::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(ms: i64) {
            let hour = Hour::of_ms(ms);
            prop_assert_eq!(Hour::parse(&hour.to_string()), Some(hour));
        }
    }
}
