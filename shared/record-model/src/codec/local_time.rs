//! A date and time of a calendar and clock, of no zone.

use jiff::civil::DateTime;

/// A local date and time of the years 1 to 9999: as much of one as it takes to check and write it. What
/// needs a time zone is left to jiff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LocalTime {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) nanosecond: u32,
}

impl LocalTime {
    /// The first instant of 1970.
    pub(crate) const EPOCH: Self =
        Self { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0 };

    /// Whether calendar and clock have this date and time. Leap seconds they have not.
    #[inline]
    pub(crate) fn is_real(&self) -> bool {
        (1..=9999).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_of(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
            && self.nanosecond < 1_000_000_000
    }

    /// The same in jiff's terms; `None` where it is not real.
    pub(crate) fn to_jiff(self) -> Option<DateTime> {
        let small = |number: u32| i8::try_from(number).ok();
        DateTime::new(
            i16::try_from(self.year).ok()?,
            small(self.month)?,
            small(self.day)?,
            small(self.hour)?,
            small(self.minute)?,
            small(self.second)?,
            i32::try_from(self.nanosecond).ok()?,
        )
        .ok()
    }

    /// From jiff's terms; `None` outside the years 1 to 9999.
    pub(crate) fn from_jiff(time: DateTime) -> Option<Self> {
        let part = |number: i8| u32::try_from(number).unwrap_or(0);
        Some(Self {
            year: u32::try_from(time.year()).ok().filter(|year| *year > 0)?,
            month: part(time.month()),
            day: part(time.day()),
            hour: part(time.hour()),
            minute: part(time.minute()),
            second: part(time.second()),
            nanosecond: u32::try_from(time.subsec_nanosecond()).unwrap_or(0),
        })
    }
}

#[inline]
fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_real_is_what_jiff_takes(
            year in 1_u32..=9999, month in 0_u32..=13, day in 0_u32..=32, hour in 0_u32..=25, minute in 0_u32..=60,
        ) {
            let time = LocalTime { year, month, day, hour, minute, ..LocalTime::EPOCH };
            prop_assert_eq!(time.is_real(), time.to_jiff().is_some());
            prop_assert_eq!(time.to_jiff().and_then(LocalTime::from_jiff), time.is_real().then_some(time));
        }
    }
}
