//! A date and time of calendar and clock, without a zone.

use jiff::civil::DateTime;

/// The days of 400 years.
const DAYS_OF_ERA: i64 = 146_097;
const DAYS_FROM_MARCH_OF_0_TO_1970: i64 = 719_468;

/// A local date and time of the years 1 to 9999, with just what is needed to check and write one. jiff does
/// everything that needs a time zone.
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

    /// Whether calendar and clock have this date and time. Leap seconds don't exist here.
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

    /// The local time this many seconds into a day, which is counted from 1970-01-01; `None` outside the
    /// years 1 to 9999.
    pub(super) fn at(day: i64, second_of_day: u32, nanosecond: u32) -> Option<Self> {
        // Years begin in March here, so that a leap day is their last. 400 of them make an era, which always
        // has 146,097 days.
        let day = day.checked_add(DAYS_FROM_MARCH_OF_0_TO_1970)?;
        let (era, day) = (day.div_euclid(DAYS_OF_ERA), day.rem_euclid(DAYS_OF_ERA));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let in_new_year = month >= 10;
        let small = |number: i64| u32::try_from(number).ok();
        let local = Self {
            year: small(year + era * 400 + i64::from(in_new_year))?,
            month: small(if in_new_year { month - 9 } else { month + 3 })?,
            day: small(day - (153 * month + 2) / 5 + 1)?,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
            nanosecond,
        };
        local.is_real().then_some(local)
    }

    /// The day, counted from 1970-01-01.
    pub(super) fn day_of_1970(self) -> i64 {
        let (year, month, day) = (i64::from(self.year), i64::from(self.month), i64::from(self.day));
        // This is `at` in reverse.
        let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * month + 2) / 5 + day - 1;
        era * DAYS_OF_ERA + 365 * year + year / 4 - year / 100 + day_of_year - DAYS_FROM_MARCH_OF_0_TO_1970
    }

    /// Days since Monday.
    pub(super) fn weekday(self) -> u32 {
        // 1970-01-01 was a Thursday.
        u32::try_from((self.day_of_1970() + 3).rem_euclid(7)).unwrap_or(0)
    }

    /// The same as a jiff value; `None` if the date is not real.
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

    /// The same from a jiff value; `None` outside the years 1 to 9999.
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

        #[test]
        fn a_day_is_the_one_jiff_counts(day in -719_162..=2_932_896_i64, second in 0..86_400_u32) {
            let time = LocalTime::at(day, second, 7).unwrap();
            prop_assert_eq!(time.day_of_1970(), day);
            let jiffs = jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(day));
            let jiffs = jiffs.at(0, 0, 0, 7).saturating_add(jiff::Span::new().seconds(second));
            prop_assert_eq!(time.to_jiff(), Some(jiffs));
            prop_assert_eq!(time.weekday(), u32::try_from(jiffs.weekday().to_monday_zero_offset()).unwrap());
        }
    }
}
