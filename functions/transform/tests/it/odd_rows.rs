//! Rows that hastily written transforms get wrong, and what the crime schema makes of each.
use super::made_up;

use edge::lambda::events::FirehoseEvent;
use made_up::{event, read_answer, record};
use record_model::Schema;
use serde_json::{Value, json};
use transform::{Batch, Destination, TransformSettings};

/// The document's member of this name, or the kind of failure.
fn typed(row: &[u8], member: &str) -> Result<Value, String> {
    let settings =
        TransformSettings { destination: Destination::OpenSearch, ..TransformSettings::for_schema("crime") };
    let mut batch = Batch::new(Schema::built_in("crime").unwrap(), &settings).unwrap();
    let event = event(&[record("1", row)]);
    let answered = batch.answer(&FirehoseEvent::parse(&event).unwrap());
    match answered.report.failed.first() {
        Some(failed) => Err(failed.failure.kind().to_owned()),
        None => Ok(read_answer(&answered.bytes)[0].documents()[0][member].take()),
    }
}

/// A row with one of its ten fields replaced.
fn row(field: usize, value: &str) -> String {
    let mut fields = [
        "2026/01/02 03:04:05",
        "1 MADE UP ST",
        "3",
        "3C        ",
        "1115",
        "THEFT",
        "2404",
        "38.5",
        "-121.4",
        "2026/01/02 03:04:06",
    ];
    fields[field] = value;
    fields.join("|")
}

#[track_caller]
fn is(row: &str, member: &str, value: Value) {
    assert_eq!(typed(row.as_bytes(), member), Ok(value), "{row}");
}

#[track_caller]
fn fails(row: impl AsRef<[u8]>, kind: &str) {
    assert_eq!(typed(row.as_ref(), ""), Err(kind.to_owned()), "{}", String::from_utf8_lossy(row.as_ref()));
}

#[test]
fn text_keeps_its_letters_and_loses_only_the_blanks_around_it() {
    is(&row(1, "12 RUE DE L'ÉGLISE 日本"), "address", json!("12 RUE DE L'ÉGLISE 日本"));
    is(&row(1, "\"A\" \\ \u{7} <b>&\u{2028}"), "address", json!("\"A\" \\ \u{7} <b>&\u{2028}"));
    is(&row(3, "3C        "), "beat", json!("3C"));
    is(&row(3, "          "), "beat", json!(""));
}

#[test]
fn a_number_is_a_number_as_a_whole_or_fails() {
    is(&row(2, " 3 "), "district", json!(3));
    is(&row(2, "-0"), "district", json!(0));
    is(&row(6, "007"), "crime_id", json!(7));
    is(&row(2, "9007199254740993"), "district", json!(9_007_199_254_740_993_i64));
    is(&row(7, "38.550420470000001"), "latitude", json!(38.550_420_47));
    for text in ["3.9", "12abc", "0x1F", "1e3", "Infinity"] {
        fails(row(2, text), "not_integer");
    }
    fails(row(2, "123456789012345678901234567890"), "integer_overflow");
    fails(row(7, "inf"), "not_float");
    fails(row(7, "38.5N"), "not_float");
    fails(row(7, "138.5"), "out_of_range");
}

#[test]
fn words_for_nothing_are_null_and_a_point_needs_both_its_parts() {
    for word in ["", "null", "N/A", "NaN", "None"] {
        is(&row(2, word), "district", Value::Null);
        is(&row(7, word), "location", Value::Null);
    }
    is(&row(7, "38.5"), "location", json!({ "lat": 38.5, "lon": -121.4 }));
}

#[test]
fn a_row_of_another_shape_fails_and_never_shifts() {
    fails(row(1, "3RD ST | O ST"), "not_integer");
    fails("2026/01/02 03:04:05|A ST|3|3C", "too_few_fields");
    assert_eq!(typed(row(9, "2026/01/02 03:04:06|extra").as_bytes(), "_extra"), Ok(json!(["extra"])));
    fails("hello world", "not_timestamp");
    fails("|||||||||", "required");
    fails("", "required");
    fails(r#"{"crime_time":"2026/01/02 03:04:05"}"#, "not_timestamp");
    fails([row(1, "A ").as_bytes(), b"\xff"].concat(), "not_utf8");
}

#[test]
fn a_line_end_after_the_row_is_no_part_of_it() {
    for end in ["\n", "\r\n"] {
        is(&(row(0, "2026/01/02 03:04:05") + end), "load_time", json!("2026/01/02 03:04:06"));
    }
}
