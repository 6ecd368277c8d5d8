//! A moment comes out as it went in: in every format, in every zone, to the last second of the calendar, and
//! however its number is spelled.

#![allow(clippy::unwrap_used, reason = "a test")]

use proptest::prelude::*;
use record_model::{RecordContext, Schema};

const ZONES: [&str; 7] = [
    "UTC",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Apia",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Africa/Monrovia",
];

/// Every format there is, with patterns of every part and the digits of a second's fraction that each has.
const FORMATS: [(&str, usize); 8] = [
    ("iso8601", 9),
    ("epoch_s", 9),
    ("epoch_ms", 3),
    ("yyyy-MM-dd HH:mm:ss.SSSSSSSSS", 9),
    ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", 3),
    ("EEE MMM dd HH:mm:ss Z yyyy", 0),
    ("M/d/yyyy h:mm:ss.SSSSSS a", 6),
    ("yyyy/MM/dd H:m:s", 0),
];

fn schema(formats: &[&str], output: &str, zone: &str) -> Schema {
    let toml = format!(
        "name = \"times\"\nform = \"json\"\n[[fields]]\nname = \"at\"\ntype = \"timestamp\"\nformats = {formats:?}\n\
         output_format = \"{output}\"\nzone = \"{zone}\"\n"
    );
    Schema::parse(&toml).unwrap()
}

/// The JSON of `at`, of a payload's `at`.
fn typed(schema: &Schema, json: &str) -> Result<String, String> {
    let mut out = Vec::new();
    let payload = format!("{{\"at\":{json}}}");
    let written = schema.write_typed_json(payload.as_bytes(), &RecordContext::default(), &mut out);
    written.map_err(|error| error.kind().to_owned())?;
    let document = String::from_utf8(out).unwrap();
    Ok(document.strip_prefix("{\"at\":").unwrap().strip_suffix('}').unwrap().to_owned())
}

#[track_caller]
fn check(formats: &[&str], json: &str, expected: Result<&str, &str>) {
    let found = typed(&schema(formats, "iso8601", "UTC"), json);
    let expected = expected.map(|text| format!("\"{text}\"")).map_err(ToOwned::to_owned);
    assert_eq!(found, expected, "{json} by {formats:?}");
}

/// A local time of the calendar, often of its last or first days, with a fraction of so many digits.
fn local(digits: usize) -> impl Strategy<Value = String> {
    let day = prop_oneof![
        (1..=9999_u32, 1..=12_u32, 1..=28_u32)
            .prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}")),
        (30..=31_u32).prop_map(|day| format!("9999-12-{day}")),
        (1..=2_u32).prop_map(|day| format!("0001-01-{day:02}")),
    ];
    let clock = prop_oneof![
        (0..24_u32, 0..60_u32, 0..60_u32)
            .prop_map(|(hour, minute, second)| format!("{hour:02}:{minute:02}:{second:02}")),
        Just("23:59:59".to_owned()),
        Just("00:00:00".to_owned()),
    ];
    let fraction = if digits == 0 { String::new() } else { format!("(\\.[0-9]{{{digits}}})?") };
    (day, clock, prop::string::string_regex(&fraction).unwrap())
        .prop_map(|(day, clock, fraction)| format!("\"{day}T{clock}{fraction}\""))
}

/// Formats that a cell may have, from a day to nanoseconds, and with an offset or without one.
const OF_CELLS: [&str; 8] = [
    "yyyy-MM-dd",
    "M/d/yy H:mm",
    "dd.MM.yyyy HH:mm:ss",
    "yyyy-MM-dd HH:mm:ss.SSS",
    "yyyy-MM-dd'T'HH:mm:ssXXX",
    "iso8601",
    "epoch_s",
    "epoch_ms",
];

/// The payload of a file's cell.
fn payload(schema: &Schema, cell: &str) -> Result<String, String> {
    let columns = schema.csv_columns(&csv::ByteRecord::from(vec!["at"])).unwrap();
    let mut out = Vec::new();
    columns
        .write_payload(schema, &csv::ByteRecord::from(vec![cell]), &RecordContext::default(), &mut out)
        .map_err(|error| error.kind().to_owned())?;
    let payload = String::from_utf8(out).unwrap();
    Ok(payload.strip_prefix("{\"at\":").unwrap().strip_suffix('}').unwrap().to_owned())
}

proptest! {
    #[test]
    fn a_cell_is_the_same_moment_by_way_of_the_stream_as_at_once(
        formats in prop::collection::vec(prop::sample::select(OF_CELLS.to_vec()), 1..4),
        of_cell in any::<prop::sample::Index>(),
        output in prop::sample::select(OF_CELLS.to_vec()),
        zones in (prop::sample::select(ZONES.to_vec()), prop::sample::select(ZONES.to_vec())),
        ms in prop_oneof![946_684_800_000..4_102_444_800_000_i64, 1_792_886_400_000..1_792_900_800_000_i64],
    ) {
        let (zone, output_zone) = zones;
        let toml = format!(
            "name = \"times\"\nform = \"json\"\n[[fields]]\nname = \"at\"\ntype = \"timestamp\"\n\
             formats = {formats:?}\noutput_format = \"{output}\"\nzone = \"{zone}\"\noutput_zone = \"{output_zone}\"\n"
        );
        let of_file = Schema::parse(&toml).unwrap();
        let cell = typed(&schema(&["epoch_ms"], formats[of_cell.index(formats.len())], zone), &ms.to_string());
        // A moment in another century has no text with two digits of the year.
        if let Ok(cell) = cell {
            let cell = cell.trim_matches('"');
            let at_once = typed(&of_file, &format!("\"{cell}\""));
            let by_stream = payload(&of_file, cell).and_then(|payload| typed(&of_file, &payload));
            prop_assert_eq!(by_stream, at_once, "{} by {}", cell, toml);
        }
    }

    #[test]
    fn a_moment_of_the_years_1_to_9999_goes_through_every_format_and_zone(
        (format, text) in prop::sample::select(FORMATS.to_vec())
            .prop_flat_map(|(format, digits)| local(digits).prop_map(move |text| (format, text))),
        zone in prop::sample::select(ZONES.to_vec()),
    ) {
        // To the format, and from there to a local time that keeps everything.
        let whole = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS";
        let of_zone = schema(&["iso8601"], whole, zone);
        let (there, back) = (schema(&["iso8601"], format, zone), schema(&[format], whole, zone));
        // Where a clock goes back, the second time is moved to the first, and a local time left out is moved on.
        let first = typed(&of_zone, &typed(&schema(&["iso8601"], "iso8601", zone), &text).unwrap());
        let again = typed(&back, &typed(&there, &text).unwrap());
        prop_assert_eq!(again, first, "{} in {}", text, zone);
    }

    #[test]
    fn a_number_since_1970_comes_out_with_its_value(
        second in -62_135_596_800_i64..253_402_300_800, decimals in "[0-9]{0,8}[1-9]|", negative in any::<bool>(),
    ) {
        let sign = if negative && second > 0 && second < 62_000_000_000 { "-" } else { "" };
        let point = if decimals.is_empty() || second < 0 { "" } else { "." };
        let decimals = if second < 0 { "" } else { &decimals };
        let number = format!("{sign}{second}{point}{decimals}");
        let expected = if number == "-0" { "0".to_owned() } else { number.clone() };
        prop_assert_eq!(typed(&schema(&["epoch_s"], "epoch_s", "UTC"), &number), Ok(expected));
    }

    #[test]
    fn an_epoch_is_its_value_however_it_is_spelled(ms in -62_135_596_800_000_i64..253_402_300_800_000) {
        let (whole, rest) = (ms / 1000, (ms % 1000).abs());
        let sign = if ms < 0 && whole == 0 { "-" } else { "" };
        let seconds = schema(&["epoch_s"], "iso8601", "UTC");
        let millis = schema(&["epoch_ms"], "iso8601", "UTC");
        let expected = typed(&millis, &ms.to_string());
        prop_assert!(expected.is_ok());
        for spelling in [format!("{sign}{whole}.{rest:03}"), format!("{ms}e-3"), format!("{ms}000.0E-6")] {
            prop_assert_eq!(&typed(&seconds, &spelling), &expected, "{}", spelling);
        }
        for spelling in [format!("{ms}.0"), format!("{sign}{whole}.{rest:03}e3"), format!("{ms}.000e+0")] {
            prop_assert_eq!(&typed(&millis, &spelling), &expected, "{}", spelling);
        }
    }
}

#[test]
fn a_zone_behind_a_local_time_counts() {
    let iso = &["iso8601"][..];
    check(iso, "\"2026-01-02T03:04:05[Europe/Berlin]\"", Ok("2026-01-02T02:04:05Z"));
    check(iso, "\"2026-01-02T03:04:05[!Europe/Nowhere]\"", Err("not_timestamp"));
}

#[test]
fn a_leap_second_is_the_second_before_it() {
    check(&["iso8601"], "\"2016-12-31T23:59:60Z\"", Ok("2016-12-31T23:59:59Z"));
}

#[test]
fn the_last_second_is_a_timestamp() {
    check(&["iso8601"], "\"9999-12-31T23:59:59Z\"", Ok("9999-12-31T23:59:59Z"));
    check(&["yyyy-MM-dd"], "\"9999-12-31\"", Ok("9999-12-31T00:00:00Z"));
    check(&["epoch_s"], "253402300799.999999999", Ok("9999-12-31T23:59:59.999999999Z"));
    check(&["epoch_s"], "253402300800", Err("not_timestamp"));
    check(&["iso8601"], "\"9999-12-31T23:59:59-00:01\"", Err("not_timestamp"));
    check(&["epoch_ms"], "-62135596800000", Ok("0001-01-01T00:00:00Z"));
    check(&["epoch_ms"], "-62135596800001", Err("not_timestamp"));
}

#[test]
fn a_json_number_is_its_value() {
    check(&["epoch_s"], "1.767323045123E9", Ok("2026-01-02T03:04:05.123Z"));
    check(&["epoch_ms"], "1.767323045123E12", Ok("2026-01-02T03:04:05.123Z"));
    check(&["epoch_ms"], "1767323045123.0", Ok("2026-01-02T03:04:05.123Z"));
    check(&["epoch_s"], "\"1.767E9\"", Ok("2025-12-29T09:20:00Z"));
    check(&["epoch_ms"], "1767323045123.4", Err("not_timestamp"));
    check(&["epoch_s"], "1e400", Err("not_timestamp"));
}

#[test]
fn seconds_with_decimals_come_out_whole() {
    for (input, output) in
        [("1767323045.987", "1767323045.987"), ("-0.5", "-0.5"), ("-1.25e1", "-12.5"), ("0", "0")]
    {
        assert_eq!(typed(&schema(&["epoch_s"], "epoch_s", "UTC"), input).as_deref(), Ok(output));
    }
    let to_millis = schema(&["iso8601"], "epoch_ms", "UTC");
    assert_eq!(typed(&to_millis, "\"1969-12-31T23:59:59.9995Z\"").as_deref(), Ok("-0.5"));
    assert_eq!(typed(&to_millis, "\"2026-01-02T03:04:05.123Z\"").as_deref(), Ok("1767323045123"));
}

#[test]
fn an_integer_is_its_value_and_a_text_its_digits() {
    let toml = "name = \"n\"\nform = \"json\"\n[[fields]]\nname = \"at\"\ntype = \"integer\"\n";
    let schema = Schema::parse(toml).unwrap();
    for (json, expected) in
        [("3.0", Ok("3")), ("1e3", Ok("1000")), ("3.5", Err("not_integer")), ("\"3.0\"", Err("not_integer"))]
    {
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(typed(&schema, json), expected, "{json}");
    }
}

#[test]
fn two_digits_of_a_year_are_of_this_century_or_refused() {
    let of = |formats: &[&str], json: &str| typed(&schema(formats, "M/d/yy", "UTC"), json);
    assert_eq!(of(&["M/d/yyyy"], "\"1/2/2026\""), Ok("\"1/2/26\"".to_owned()));
    assert_eq!(of(&["M/d/yyyy"], "\"12/31/2099\""), Ok("\"12/31/99\"".to_owned()));
    for year in [1999, 2100, 1, 9999] {
        assert_eq!(
            of(&["M/d/yyyy"], &format!("\"1/2/{year:04}\"")),
            Err("not_timestamp".to_owned()),
            "{year}"
        );
    }
    assert_eq!(of(&["iso8601"], "\"1999-12-31T23:59:59Z\""), Err("not_timestamp".to_owned()));
}

#[test]
fn a_default_output_that_holds_less_than_what_is_read_is_refused() {
    let parse = |keys: &str| {
        let toml = format!(
            "name = \"times\"\nform = \"json\"\n[[fields]]\nname = \"at\"\ntype = \"timestamp\"\n{keys}\n"
        );
        Schema::parse(&toml).map(drop).map_err(|error| error.to_string())
    };
    let refused = parse("formats = [\"yyyy-MM-dd\", \"iso8601\"]").unwrap_err();
    assert!(refused.contains("`output_format` is needed"), "{refused}");
    assert!(parse("formats = [\"epoch_ms\", \"epoch_s\"]").is_err());
    assert_eq!(parse("formats = [\"iso8601\", \"yyyy-MM-dd\"]"), Ok(()));
    assert_eq!(parse("formats = [\"yyyy-MM-dd\", \"iso8601\"]\noutput_format = \"yyyy-MM-dd\""), Ok(()));
}
