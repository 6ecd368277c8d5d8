//! When a schedule is due: a pure function from its expression and the present time to the next moment.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::cron::Cron;
use crate::aws::clock::Moment;

/// The moments of a schedule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Due {
    /// `rate(…)`: at once, and then at intervals of this many milliseconds, in any time zone.
    Every(i64),
    /// `cron(…)`: at times of the clock on the wall. Times that are skipped when the clock is put forward are
    /// left out, and times that come twice when it is put back are due once.
    Cron(Box<Cron>, TimeZone),
    /// `at(…)`: once.
    Once(Moment),
}

impl Due {
    /// Reads an expression in `EventBridge`'s syntax. The error says what is wrong with it.
    pub(crate) fn read(expression: &str, zone: &TimeZone) -> Result<Self, String> {
        let inside = |kind: &str| expression.trim().strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(text) = inside("rate") {
            return rate(text).map(Self::Every);
        }
        if let Some(text) = inside("cron") {
            return Cron::read(text).map(|cron| Self::Cron(Box::new(cron), zone.clone()));
        }
        match inside("at") {
            Some(text) => once(text, zone).map(Self::Once),
            None => Err("it is not rate(…), cron(…) or at(…)".to_owned()),
        }
    }

    /// The next moment within the bounds after `last`, when it fired before. Moments that `now` has passed are
    /// not made up for. A `rate` counts from the first bound, and an `at` has no bounds.
    /// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>
    pub(crate) fn next_within(
        &self,
        (start, end): (Option<Moment>, Option<Moment>),
        last: Option<Moment>,
        now: Moment,
    ) -> Option<Moment> {
        let next = match (self, last, start) {
            (Self::Once(_), ..) => return self.next(last, now),
            // The last moment before now at which it would have fired.
            (Self::Every(every), None, Some(start)) if start < now => {
                let since = (now - 1).saturating_sub(start);
                self.next(Some(start.saturating_add(since - since % every)), now - 1)
            }
            (Self::Every(_), None, Some(start)) => Some(start),
            // A moment at the bound itself is within it.
            (_, _, Some(start)) => self.next(last, now.max(start - 1)),
            (_, _, None) => self.next(last, now),
        };
        next.filter(|next| end.is_none_or(|end| *next <= end))
    }

    /// The next moment after `last`, when it fired before. Moments that `now` has passed are not made up for.
    fn next(&self, last: Option<Moment>, now: Moment) -> Option<Moment> {
        match (self, last) {
            (Self::Every(_), None) => Some(now),
            (Self::Every(every), Some(last)) => {
                let passed = now.saturating_sub(last).max(0) / every;
                last.checked_add(every.checked_mul(passed.checked_add(1)?)?)
            }
            (Self::Cron(cron, zone), last) => after(cron, zone, last.map_or(now, |last| last.max(now))),
            (Self::Once(at), last) => (last.is_none() && *at >= now).then_some(*at),
        }
    }
}

/// The first time of the clock that is later than a moment.
fn after(cron: &Cron, zone: &TimeZone, moment: Moment) -> Option<Moment> {
    let from = zone.to_datetime(Timestamp::from_millisecond(moment).ok()?);
    // While a clock repeats an hour, all times of that hour have passed.
    cron.times(from).filter_map(|at| on_the_clock(zone, at)).find(|at| *at > moment)
}

/// When a clock first shows this time; `None` if it skips the time when it is put forward.
fn on_the_clock(zone: &TimeZone, at: DateTime) -> Option<Moment> {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => None,
        _ => ambiguous.earlier().ok().map(Timestamp::as_millisecond),
    }
}

fn rate(text: &str) -> Result<i64, String> {
    let wrong = || format!("rate is {text:?}, expected a whole number from 1 and minutes, hours or days");
    let (number, unit) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let number = number.parse::<i64>().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
    let unit = match unit.trim() {
        "minute" | "minutes" => SignedDuration::from_mins(1),
        "hour" | "hours" => SignedDuration::from_hours(1),
        "day" | "days" => SignedDuration::from_hours(24),
        _ => return Err(wrong()),
    };
    let milliseconds = i64::try_from(unit.as_millis()).ok().and_then(|unit| unit.checked_mul(number));
    milliseconds.ok_or_else(wrong)
}

fn once(text: &str, zone: &TimeZone) -> Result<Moment, String> {
    let at: DateTime =
        text.trim().parse().map_err(|_| format!("at is {text:?}, expected yyyy-mm-ddThh:mm:ss"))?;
    let at = on_the_clock(zone, at);
    at.ok_or_else(|| format!("at is {text:?}, a time that the clock skips when it is put forward"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(text: &str) -> Moment {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    /// The moments from `now` on, as texts.
    fn moments(expression: &str, zone: &TimeZone, now: &str, count: usize) -> Vec<String> {
        let due = Due::read(expression, zone).unwrap();
        let first = due.next(None, moment(now));
        let all = std::iter::successors(first, |last| due.next(Some(*last), *last));
        all.take(count).map(|at| Timestamp::from_millisecond(at).unwrap().to_string()).collect()
    }

    #[test]
    fn a_rate_begins_at_once() {
        assert_eq!(
            moments("rate(90 minutes)", &TimeZone::UTC, "2026-01-01T00:00:07Z", 3),
            ["2026-01-01T00:00:07Z", "2026-01-01T01:30:07Z", "2026-01-01T03:00:07Z"]
        );
    }

    #[test]
    fn a_rate_with_bounds_counts_from_the_first_and_ends_with_the_last() {
        let due = Due::read("rate(1 minute)", &TimeZone::UTC).unwrap();
        let within = |start, end, last, now| due.next_within((start, end), last, now);
        assert_eq!(within(Some(90_000), None, None, 5_000), Some(90_000));
        assert_eq!(within(Some(90_000), None, None, 90_000), Some(90_000));
        assert_eq!(within(Some(90_000), None, None, 90_001), Some(150_000));
        assert_eq!(within(Some(90_000), None, None, 150_000), Some(150_000));
        assert_eq!(within(Some(90_000), None, Some(150_000), 150_001), Some(210_000));
        assert_eq!(within(Some(90_000), Some(209_999), Some(150_000), 150_001), None);
        assert_eq!(within(None, Some(60_000), None, 60_001), None);
        assert_eq!(within(None, Some(60_000), None, 59_000), Some(59_000));
    }

    #[test]
    fn a_time_of_the_clock_has_bounds_and_a_single_time_has_none() {
        let hourly = Due::read("cron(0 * * * ? *)", &TimeZone::UTC).unwrap();
        let (start, end) = (moment("2026-01-01T01:00:00Z"), moment("2026-01-01T03:00:00Z"));
        let bounds = (Some(start), Some(end));
        let first = hourly.next_within(bounds, None, start - 7_200_000);
        let all = std::iter::successors(first, |last| hourly.next_within(bounds, Some(*last), *last));
        assert_eq!(all.collect::<Vec<_>>(), [start, start + 3_600_000, end]);
        let once = Due::read("at(2026-01-01T09:00:00)", &TimeZone::UTC).unwrap();
        let at = moment("2026-01-01T09:00:00Z");
        assert_eq!(once.next_within(bounds, None, start), Some(at));
    }

    #[test]
    fn what_a_machine_slept_through_is_not_made_up_for() {
        let due = Due::read("rate(1 minute)", &TimeZone::UTC).unwrap();
        assert_eq!(due.next(Some(7_000), 1_000_000), Some(1_027_000));
        assert_eq!(due.next(Some(7_000), 7_010), Some(67_000));
    }

    #[test]
    fn a_time_is_due_once_and_only_ahead() {
        let due = Due::read("at(2026-11-27T09:00:00)", &zone("Europe/Berlin")).unwrap();
        let at = moment("2026-11-27T08:00:00Z");
        assert_eq!(due.next(None, at - 5), Some(at));
        assert_eq!(due.next(Some(at), at + 5), None);
        assert_eq!(due.next(None, at + 5), None);
    }

    #[test]
    fn a_clock_put_forward_leaves_out_what_it_passes_over() {
        assert_eq!(
            moments("cron(30 2 * * ? *)", &zone("Europe/Berlin"), "2026-03-28T00:00:00Z", 2),
            ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]
        );
    }

    #[test]
    fn a_clock_put_back_is_due_once_for_what_it_shows_twice() {
        assert_eq!(
            moments("cron(30 2 * * ? *)", &zone("Europe/Berlin"), "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        let in_the_second_hour =
            moments("cron(0/20 2 * * ? *)", &zone("Europe/Berlin"), "2026-10-25T01:05:00Z", 1);
        assert_eq!(in_the_second_hour, ["2026-10-26T01:00:00Z"]);
    }

    #[test]
    fn what_is_no_expression_is_refused_with_what_is_expected() {
        for (expression, reason) in [
            ("hourly", "not rate(…), cron(…) or at(…)"),
            ("rate(0 minutes)", "expected a whole number from 1"),
            ("rate(1.5 hours)", "expected a whole number from 1"),
            ("rate(5 weeks)", "minutes, hours or days"),
            ("rate(5minutes)", "minutes, hours or days"),
            ("rate(9223372036854775807 days)", "whole number"),
            ("cron(* * * * *)", "6"),
            ("at(tomorrow)", "yyyy-mm-ddThh:mm:ss"),
            ("", "not rate(…)"),
        ] {
            let error = Due::read(expression, &TimeZone::UTC).unwrap_err();
            assert!(error.contains(reason), "{expression}: {error}");
        }
        assert!(
            Due::read("at(2026-03-29T02:30:00)", &zone("Europe/Berlin")).unwrap_err().contains("put forward")
        );
    }

    proptest! {
        #[test]
        fn time_only_goes_forward(
            expression in prop_oneof![
                Just("rate(1 minute)"), Just("rate(7 hours)"), Just("cron(0/7 * * * ? *)"),
                Just("cron(5 1-4 ? * SUN *)"), Just("cron(59 23 L * ? *)"),
            ],
            zone_name in prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("America/New_York"), Just("Australia/Lord_Howe")],
            now in 1_600_000_000_000_i64..2_000_000_000_000,
            late in 0_i64..10_000_000,
            start in proptest::option::of(-10_000_000_000_i64..10_000_000_000),
            length in proptest::option::of(0_i64..100_000_000),
        ) {
            let due = Due::read(expression, &zone(zone_name)).unwrap();
            let bounds = (start.map(|start| now + start), length.map(|length| now + length));
            if let Some(first) = due.next_within(bounds, None, now) {
                prop_assert!(first >= now && bounds.0.is_none_or(|start| first >= start));
                prop_assert!(bounds.1.is_none_or(|end| first <= end));
                let second = due.next_within(bounds, Some(first), first + late);
                prop_assert!(second.is_none_or(|second| second > first + late));
                prop_assert_eq!(second, due.next_within((None, bounds.1), Some(first), first + late));
            }
            let first = due.next(None, now).unwrap();
            prop_assert!(first >= now);
            let second = due.next(Some(first), first + late).unwrap();
            prop_assert!(second > first + late);
            prop_assert_eq!(due.next(Some(first), first + late), Some(second));
        }
    }
}
