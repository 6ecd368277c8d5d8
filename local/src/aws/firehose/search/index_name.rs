//! The name of the index that a document goes to, by the document's arrival time.
//!
//! <https://docs.aws.amazon.com/firehose/latest/dev/es-index-rotation.html>

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use template::IndexRotation;

use crate::aws::clock::Moment;

/// Returns the name with the suffix of the rotation for this time, in UTC.
pub(super) fn index_name(name: &str, rotation: IndexRotation, arrived_at: Moment) -> String {
    let at = Timestamp::from_millisecond(arrived_at).unwrap_or_default().to_zoned(TimeZone::UTC);
    match rotation {
        IndexRotation::None => name.to_owned(),
        IndexRotation::Hour => format!("{name}-{}", at.strftime("%Y-%m-%d-%H")),
        IndexRotation::Day => format!("{name}-{}", at.strftime("%Y-%m-%d")),
        IndexRotation::Month => format!("{name}-{}", at.strftime("%Y-%m")),
        IndexRotation::Week => {
            let (year, week) = week(at.date());
            format!("{name}-{year:04}-w{week:02}")
        }
    }
}

/// Returns the year and the number of a week. The guide says: "A week starts on Sunday", and "the first week of the
/// year is the first week that contains a Saturday in this year". So a week is counted by its Saturday. (In the guide's
/// own example, 25 February 2016, the number is lower by one.)
fn week(date: Date) -> (i16, i16) {
    let days_left = Weekday::Saturday.since(date.weekday());
    let saturday = date.checked_add(days_left.days()).unwrap_or(date);
    (saturday.year(), (saturday.day_of_year() - 1) / 7 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rotation: IndexRotation, at: &str, expected: &str) {
        let at: Timestamp = at.parse().unwrap();
        assert_eq!(index_name("i", rotation, at.as_millisecond()), expected);
    }

    #[test]
    fn the_rotation_appends_the_arrival_in_utc() {
        let at = "2016-02-25T13:00:00Z";
        check(IndexRotation::None, at, "i");
        check(IndexRotation::Hour, at, "i-2016-02-25-13");
        check(IndexRotation::Day, at, "i-2016-02-25");
        check(IndexRotation::Month, at, "i-2016-02");
    }

    #[test]
    fn a_week_begins_on_sunday_and_is_of_the_year_of_its_saturday() {
        check(IndexRotation::Week, "2026-01-03T23:59:59Z", "i-2026-w01");
        check(IndexRotation::Week, "2026-01-04T00:00:00Z", "i-2026-w02");
        check(IndexRotation::Week, "2026-12-26T12:00:00Z", "i-2026-w52");
        check(IndexRotation::Week, "2026-12-27T12:00:00Z", "i-2027-w01");
        check(IndexRotation::Week, "2022-01-01T00:00:00Z", "i-2022-w01");
        check(IndexRotation::Week, "2022-01-02T00:00:00Z", "i-2022-w02");
    }
}
