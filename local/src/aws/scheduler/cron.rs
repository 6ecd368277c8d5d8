//! Cron expressions of six fields, the last of them a year, as `EventBridge` reads them.
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Time, Weekday, time};

use super::field::{self, Field};

const MINUTES: Field = Field { name: "minutes", low: 0, high: 59, names: &[], wraps: true };
const HOURS: Field = Field { name: "hours", low: 0, high: 23, names: &[], wraps: true };
const DAYS_OF_MONTH: Field = Field { name: "day-of-month", low: 1, high: 31, names: &[], wraps: true };
const MONTHS: Field = Field {
    name: "month",
    low: 1,
    high: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    wraps: true,
};
const DAYS_OF_WEEK: Field = Field {
    name: "day-of-week",
    low: 1,
    high: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    wraps: true,
};
const YEARS: Field = Field { name: "year", low: 1970, high: 2199, names: &[], wraps: false };

/// The wall-clock times of a cron expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    days: Days,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
}

/// Which days of a month are selected.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth(BTreeSet<i16>),
    /// `L`
    LastOfMonth,
    /// `LW`
    LastWorkdayOfMonth,
    /// `15W`: the workday of the same month that is nearest to the day.
    NearestWorkday(i16),
    /// 1 is Sunday.
    OfWeek(BTreeSet<i16>),
    /// `6L`: the last such day of the month.
    LastOfWeek(i16),
    /// `6#3`: the third such day of the month.
    NthOfWeek(i16, i16),
}

impl Cron {
    /// Reads the text between the brackets of `cron(…)`. The error says which field is wrong.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days_of_month, months, days_of_week, years] = fields.as_slice() else {
            return Err(format!(
                "it has {} fields, expected 6: minutes, hours, day-of-month, month, day-of-week, year",
                fields.len()
            ));
        };
        Ok(Self {
            minutes: MINUTES.read(minutes)?,
            hours: HOURS.read(hours)?,
            days: Days::read(days_of_month, days_of_week)?,
            months: MONTHS.read(months)?,
            years: YEARS.read(years)?,
        })
    }

    /// The times at `from` or later, in order.
    pub(super) fn times(&self, from: DateTime) -> impl Iterator<Item = DateTime> + '_ {
        let dates = self.years.range(from.year()..).flat_map(move |year| {
            self.months.iter().flat_map(move |month| self.days.of(*year, i8::try_from(*month).unwrap_or(1)))
        });
        dates
            .filter(move |date| *date >= from.date())
            .flat_map(|date| self.times_of_day().map(move |time| date.to_datetime(time)))
            .filter(move |at| *at >= from)
    }

    fn times_of_day(&self) -> impl Iterator<Item = Time> + '_ {
        let minute =
            |hour: i16, minute: i16| Some(time(hour.try_into().ok()?, minute.try_into().ok()?, 0, 0));
        self.hours.iter().flat_map(move |hour| self.minutes.iter().filter_map(move |at| minute(*hour, *at)))
    }
}

impl Days {
    fn read(of_month: &str, of_week: &str) -> Result<Self, String> {
        match (of_month, of_week) {
            ("?", "?") => Err("both day fields are ?, expected one of them to say which days".to_owned()),
            (_, "?") => Self::read_of_month(of_month),
            ("?", _) => Self::read_of_week(of_week),
            _ => Err("both day fields say which days, expected ? in one of them".to_owned()),
        }
    }

    fn read_of_month(text: &str) -> Result<Self, String> {
        match text.to_ascii_uppercase().as_str() {
            "L" => Ok(Self::LastOfMonth),
            "LW" | "WL" => Ok(Self::LastWorkdayOfMonth),
            upper => match upper.strip_suffix('W') {
                Some(day) => Ok(Self::NearestWorkday(DAYS_OF_MONTH.number(day)?)),
                None => Ok(Self::OfMonth(DAYS_OF_MONTH.read(upper)?)),
            },
        }
    }

    fn read_of_week(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        if upper == "L" {
            return Ok(Self::OfWeek(BTreeSet::from([DAYS_OF_WEEK.high])));
        }
        if let Some(day) = upper.strip_suffix('L') {
            return Ok(Self::LastOfWeek(DAYS_OF_WEEK.number(day)?));
        }
        if let Some((day, nth)) = upper.split_once('#') {
            let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth));
            let nth = nth.ok_or_else(|| field::wrong(DAYS_OF_WEEK.name, text, "a day, #, and 1 to 5"))?;
            return Ok(Self::NthOfWeek(DAYS_OF_WEEK.number(day)?, nth));
        }
        Ok(Self::OfWeek(DAYS_OF_WEEK.read(&upper)?))
    }

    /// The days of one month, in order.
    fn of(&self, year: i16, month: i8) -> Vec<Date> {
        let Ok(first) = Date::new(year, month, 1) else { return Vec::new() };
        let day = |number: &i16| Date::new(year, month, i8::try_from(*number).ok()?).ok();
        let of_week = |number: i16| (1..=31).filter_map(|at| day(&at)).filter(move |date| is(*date, number));
        match self {
            Self::OfMonth(days) => days.iter().filter_map(day).collect(),
            Self::LastOfMonth => vec![first.last_of_month()],
            Self::LastWorkdayOfMonth => nearest_workday(first.last_of_month()).into_iter().collect(),
            Self::NearestWorkday(number) => day(number).and_then(nearest_workday).into_iter().collect(),
            Self::OfWeek(days) => (1..=31)
                .filter_map(|at| day(&at))
                .filter(|date| days.iter().any(|day| is(*date, *day)))
                .collect(),
            Self::LastOfWeek(number) => of_week(*number).next_back().into_iter().collect(),
            Self::NthOfWeek(number, nth) => {
                of_week(*number).nth(usize::try_from(nth - 1).unwrap_or(0)).into_iter().collect()
            }
        }
    }
}

/// Whether a date is this day of the week, 1 for Sunday.
fn is(date: Date, day_of_week: i16) -> bool {
    i16::from(date.weekday().to_sunday_one_offset()) == day_of_week
}

/// The workday that is nearest to a date and in the same month.
fn nearest_workday(date: Date) -> Option<Date> {
    let moved = |days: i64| date.checked_add(jiff::Span::new().days(days)).ok();
    match date.weekday() {
        Weekday::Saturday if date.day() == 1 => moved(2),
        Weekday::Saturday => moved(-1),
        Weekday::Sunday if date == date.last_of_month() => moved(-2),
        Weekday::Sunday => moved(1),
        _ => Some(date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    /// The next times from 2026-11-27 (a Friday) 12:30 on, as texts.
    fn next(text: &str, count: usize) -> Vec<String> {
        let cron = Cron::read(text).unwrap();
        cron.times(date(2026, 11, 27).at(12, 30, 0, 0)).take(count).map(|at| at.to_string()).collect()
    }

    #[test]
    fn each_field_narrows_the_times() {
        assert_eq!(next("* * * * ? *", 2), ["2026-11-27T12:30:00", "2026-11-27T12:31:00"]);
        assert_eq!(
            next("0/15 * * * ? *", 3),
            ["2026-11-27T12:30:00", "2026-11-27T12:45:00", "2026-11-27T13:00:00"]
        );
        assert_eq!(next("15 10 ? * MON-FRI *", 2), ["2026-11-30T10:15:00", "2026-12-01T10:15:00"]);
        assert_eq!(next("0 8 1 * ? *", 2), ["2026-12-01T08:00:00", "2027-01-01T08:00:00"]);
        assert_eq!(next("0 0 29 2 ? *", 2), ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]);
        assert_eq!(next("0 0 1 JAN,jul ? 2027-2028/1", 5).len(), 4);
        assert_eq!(next("30 12 27 11 ? 2026", 2), ["2026-11-27T12:30:00"]);
        assert_eq!(next("0 0 30 2 ? *", 1), Vec::<String>::new());
    }

    #[test]
    fn ranges_run_over_the_end_of_a_day_and_of_a_week() {
        assert_eq!(
            next("0 20-2/3 ? * FRI-MON *", 3),
            ["2026-11-27T20:00:00", "2026-11-27T23:00:00", "2026-11-28T02:00:00"]
        );
    }

    #[test]
    fn the_last_day_the_nearest_workday_and_the_nth_day_are_of_their_month() {
        assert_eq!(next("0 0 L * ? *", 2), ["2026-11-30T00:00:00", "2026-12-31T00:00:00"]);
        // The 31st of January 2027 is a Sunday.
        assert_eq!(next("0 0 LW 1 ? 2027", 1), ["2027-01-29T00:00:00"]);
        assert_eq!(next("0 0 31W 1 ? 2027", 1), ["2027-01-29T00:00:00"]);
        // The 1st of May 2027 is a Saturday, the 1st of August a Sunday.
        assert_eq!(next("0 0 1W 5,8 ? 2027", 2), ["2027-05-03T00:00:00", "2027-08-02T00:00:00"]);
        assert_eq!(next("0 0 ? * 6#3 2027", 1), ["2027-01-15T00:00:00"]);
        assert_eq!(next("0 0 ? * FRIL 2027", 1), ["2027-01-29T00:00:00"]);
        assert_eq!(next("0 0 ? * L *", 1), ["2026-11-28T00:00:00"]);
        assert_eq!(next("0 0 ? 2 MON#5 2027-2035", 1), Vec::<String>::new());
    }

    #[test]
    fn what_event_bridge_refuses_is_refused_with_the_field() {
        for (text, reason) in [
            ("* * * * *", "it has 5 fields"),
            ("* * * * * *", "both day fields say which days"),
            ("* * ? * ? *", "both day fields are ?"),
            ("60 * * * ? *", "minutes is \"60\", expected 0 to 59"),
            ("0 24 * * ? *", "hours is \"24\""),
            ("0 0 0 * ? *", "day-of-month is \"0\""),
            ("0 0 1 13 ? *", "month is \"13\""),
            ("0 0 ? * 8 *", "day-of-week is \"8\""),
            ("0 0 ? * 2#6 *", "day-of-week is \"2#6\""),
            ("0 0 ? * 2#1,3#1 *", "day-of-week is"),
            ("0 0 1 * ? 2200", "year is \"2200\", expected 1970 to 2199"),
            ("0 0 1 * ? 2030-2026", "year is \"2030-2026\""),
            ("0/0 * * * ? *", "minutes is \"0/0\""),
            ("? * * * ? *", "minutes is \"?\""),
            ("1,,2 * * * ? *", "minutes is"),
            ("0 0 32W * ? *", "day-of-month is \"32\""),
        ] {
            let error = Cron::read(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Against a walk through every minute of some weeks.
        #[test]
        fn no_time_is_missed_and_none_is_there_twice(
            minutes in proptest::collection::btree_set(0_i16..60, 1..4),
            hours in proptest::collection::btree_set(0_i16..24, 1..4),
            days in proptest::collection::btree_set(1_i16..=7, 1..4),
            start in 0_i64..1_000_000,
        ) {
            let list = |set: &BTreeSet<i16>| set.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            let cron = Cron::read(&format!("{} {} ? * {} *", list(&minutes), list(&hours), list(&days))).unwrap();
            let from = date(2025, 1, 1).at(0, 0, 0, 0).checked_add(jiff::Span::new().minutes(start)).unwrap();
            let minutes_of_2_weeks = (0..2 * 7 * 24 * 60_i64)
                .map(|minute| from.checked_add(jiff::Span::new().minutes(minute)).unwrap());
            let expected: Vec<DateTime> = minutes_of_2_weeks
                .filter(|at| {
                    minutes.contains(&i16::from(at.minute()))
                        && hours.contains(&i16::from(at.hour()))
                        && days.contains(&i16::from(at.weekday().to_sunday_one_offset()))
                })
                .collect();
            let found: Vec<DateTime> = cron.times(from).take(expected.len()).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn no_text_makes_the_reader_fall(text in "[0-9A-Z*?,#/ -]{0,40}") {
            if let Ok(cron) = Cron::read(&text) {
                let from = date(2198, 1, 1).at(0, 0, 0, 0);
                prop_assert!(cron.times(from).take(3).is_sorted());
            }
        }
    }
}
