//! Patterns as Java's `DateTimeFormatter` writes them.

use super::*;
use jiff::Timestamp;
use jiff::tz::TimeZone;

#[track_caller]
fn check(time: &str, zone: &str, pairs: &[(&str, &str)]) {
    let time = time.parse::<Timestamp>().unwrap().to_zoned(TimeZone::get(zone).unwrap());
    for (pattern, expected) in pairs {
        assert_eq!(Pattern::parse(pattern).unwrap().format(&time), *expected, "{pattern} at {time}");
    }
}

#[test]
fn the_letters_of_a_date_are_written_as_java_writes_them() {
    check(
        "2026-03-05T07:08:09.123456789Z",
        "UTC",
        &[
            ("yyyy/MM/dd/HH", "2026/03/05/07"),
            ("yy-M-d-H-m-s", "26-3-5-7-8-9"),
            ("DDD D", "064 64"),
            ("MMM MMMM MMMMM LLL", "Mar March M Mar"),
            ("E EEE EEEE EEEEE e ee", "Thu Thu Thursday T 5 05"),
            ("Q QQ QQQ QQQQ", "1 01 Q1 1st quarter"),
            ("G GGGG y yyyyy u", "AD Anno Domini 2026 02026 2026"),
            ("YYYY-'W'ww W", "2026-W10 1"),
        ],
    );
}

#[test]
fn the_letters_of_a_time_are_written_as_java_writes_them() {
    check(
        "2026-03-05T00:08:09.123456789Z",
        "UTC",
        &[
            ("hh h K k a", "12 12 0 24 AM"),
            ("S SSS SSSSSSSSS n", "1 123 123456789 123456789"),
            ("A N", "489123 489123456789"),
        ],
    );
    check("2026-03-05T13:00:00Z", "UTC", &[("hh h KK kk a", "01 1 01 13 PM")]);
}

#[test]
fn a_zone_moves_the_date_and_is_named() {
    check(
        "2026-12-31T23:30:00Z",
        "Asia/Tokyo",
        &[
            ("yyyyMMddHH", "2027010108"),
            ("VV z Z ZZZZ ZZZZZ", "Asia/Tokyo JST +0900 GMT+09:00 +09:00"),
            ("X XX XXX x xxx O OOOO", "+09 +0900 +09:00 +09 +09:00 GMT+9 GMT+09:00"),
        ],
    );
    check("2026-01-01T00:00:00Z", "UTC", &[("VV X XXX x Z O", "UTC Z Z +00 +0000 GMT")]);
    check("2026-01-01T00:00:00Z", "Asia/Kolkata", &[("X O", "+0530 GMT+5:30")]);
}

#[test]
fn the_last_days_of_a_year_may_be_in_the_first_week_of_the_next() {
    check("2025-12-28T00:00:00Z", "UTC", &[("YYYY w yyyy", "2026 1 2025")]);
    check("2025-12-27T00:00:00Z", "UTC", &[("YYYY w", "2025 52")]);
}

#[test]
fn quoted_text_is_itself() {
    check(
        "2026-03-05T07:08:09Z",
        "UTC",
        &[("'year='yyyy'/'", "year=2026/"), ("HH''mm 'o''clock' % %d", "07'08 o'clock % %5")],
    );
}

#[test]
fn optional_sections_are_there_and_padding_is_spaces() {
    check("2026-03-05T07:08:09Z", "UTC", &[("yyyy[-MM[-dd]]", "2026-03-05"), ("ppppHHpppm", "  07  8")]);
}

#[test]
fn what_is_no_pattern_is_refused() {
    for pattern in ["'open", "yyyy]", "HHH", "ddd", "p", "pp-d", "zzzz", "V", "b", "#", "SSSSSSSSSS"] {
        assert_eq!(Pattern::parse(pattern), None, "{pattern}");
    }
}
