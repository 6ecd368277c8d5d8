//! What the crime schema makes of rows a careless transform gets wrong.

use record_model::{RecordContext, RecordError, Schema};
use serde_json::{Value, json};

const TIME: &str = "2006/01/01 00:00:00";

fn type_row(row: &[u8]) -> Result<Value, RecordError> {
    let mut out = Vec::new();
    let schema = Schema::built_in("crime").unwrap();
    schema.write_typed_json(row, &RecordContext::default(), &mut out)?;
    assert!(!out.contains(&b'\n'), "a document is one line");
    Ok(serde_json::from_slice(&out).unwrap())
}

/// A row with these fields from the third to the ninth: district, beat, grid, description, id, lat, lon.
fn row(fields: &str) -> String {
    format!("{TIME}|A ST|{fields}|2026/01/02 03:04:05")
}

#[track_caller]
fn typed(fields: &str, expected: &Value) {
    let document = type_row(row(fields).as_bytes()).unwrap();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(document.get(name).unwrap_or(&Value::Null), value, "{name} of {fields}");
    }
}

#[track_caller]
fn refused(row: &[u8], kind: &str, field: Option<&str>) {
    let error = type_row(row).unwrap_err();
    assert_eq!((error.kind(), error.field()), (kind, field), "{error}");
}

#[test]
fn a_plain_row_becomes_a_typed_document_with_a_location() {
    let document = type_row(row("3|3C        |1115|BURGLARY|2404|38.55042041|-121.3914151").as_bytes());
    let expected = json!({
        "crime_time": TIME, "address": "A ST", "district": 3, "beat": "3C", "grid": 1115,
        "description": "BURGLARY", "crime_id": 2404, "latitude": 38.550_420_41, "longitude": -121.391_415_1,
        "load_time": "2026/01/02 03:04:05", "location": {"lat": 38.550_420_41, "lon": -121.391_415_1},
    });
    assert_eq!(document.unwrap(), expected);
}

#[test]
fn integers_are_decimal_digits_with_a_sign_and_nothing_else() {
    for bad in ["3.9", "3rd", "0x1F", "1e3", "1115.0", "Infinity", "3 4"] {
        refused(row(&format!("{bad}|3C|1|T|1|38.5|-121.4")).as_bytes(), "not_integer", Some("district"));
    }
    typed("-0|3C|+5|T|007|38.5|-121.4", &json!({"district": 0, "grid": 5, "crime_id": 7}));
    typed(" 3 |3C|\t1115|T|2404 | 38.5 |-121.4 ", &json!({"district": 3, "grid": 1115, "latitude": 38.5}));
}

#[test]
fn integers_over_2_to_53_are_exact_and_over_64_bits_refused() {
    typed("9007199254740993|3C|1|T|1|38.5|-121.4", &json!({"district": 9_007_199_254_740_993_i64}));
    let row = row("3|3C|1|T|123456789012345678901234567890|38.5|-121.4");
    refused(row.as_bytes(), "integer_overflow", Some("crime_id"));
}

#[test]
fn floats_are_finite_and_coordinates_on_the_globe() {
    typed("3|3C|1|T|1|3.85e1|-.5", &json!({"latitude": 38.5, "longitude": -0.5}));
    refused(row("3|3C|1|T|1|Infinity|-121.4").as_bytes(), "not_float", Some("latitude"));
    refused(row("3|3C|1|T|1|38.5|-inf").as_bytes(), "not_float", Some("longitude"));
    refused(row("3|3C|1|T|1|38.5N|-121.4").as_bytes(), "not_float", Some("latitude"));
    refused(row("3|3C|1|T|1|138.5|-121.4").as_bytes(), "out_of_range", Some("latitude"));
    refused(row("3|3C|1|T|1|38.5|-521.4").as_bytes(), "out_of_range", Some("longitude"));
}

#[test]
fn words_for_nothing_are_null_and_a_point_without_coordinates_is_left_out() {
    let nothing = json!({"district": null, "grid": null, "latitude": null, "longitude": null, "beat": null});
    typed("null|None|N/A|NaN|None|nan|N/A", &nothing);
    let document = type_row(row("3|3C|1|T|1|nan|-121.4").as_bytes()).unwrap();
    assert!(document.get("location").is_none());
    typed("3|          |1|T|1|38.5|-121.4", &json!({"beat": ""}));
}

#[test]
fn a_row_has_at_least_the_schemas_fields() {
    refused(b"2006/01/01 00:00:00|A ST|3|3C", "too_few_fields", None);
    refused(row("3|3C|1|T|1|38.5|-121.4|x").as_bytes(), "not_timestamp", Some("load_time"));
    let longer = format!("{}|extra|", row("3|3C|1|T|1|38.5|-121.4"));
    assert_eq!(type_row(longer.as_bytes()).unwrap()["_extra"], json!(["extra", ""]), "kept, not lost");
    refused(row("O ST|3|3C|1|T|1|38.5|-121.4").as_bytes(), "not_integer", Some("district"));
    refused(b"|||||||||", "required", Some("crime_time"));
    refused(b"", "required", Some("crime_time"));
    refused(b"hello world", "not_timestamp", Some("crime_time"));
    refused(br#"{"crime_time":"2006/01/01 00:00:00"}"#, "not_timestamp", Some("crime_time"));
}

#[test]
fn one_line_end_is_no_part_of_the_row() {
    for end in ["\n", "\r\n", "\r"] {
        let document = type_row(format!("{}{end}", row("3|3C|1|T|1|38.5|-121.4")).as_bytes()).unwrap();
        assert_eq!(document["load_time"], "2026/01/02 03:04:05");
    }
}

#[test]
fn text_is_utf8_and_comes_out_as_it_went_in() {
    let row = format!("{TIME}|\"É\" 日本 \\ B\u{7}|3|3C|1|<b>&\u{2028}|1|38.5|-121.4|2026/01/02 03:04:05");
    let document = type_row(row.as_bytes()).unwrap();
    assert_eq!(document["address"], "\"É\" 日本 \\ B\u{7}");
    assert_eq!(document["description"], "<b>&\u{2028}");
    let mut bad = row.into_bytes();
    bad[21] = 0xFF;
    refused(&bad, "not_utf8", None);
}

#[test]
fn an_error_names_field_and_byte_and_keeps_the_value_out_of_its_message() {
    let error = type_row(row("12abc|3C|1|T|1|38.5|-121.4").as_bytes()).unwrap_err();
    assert_eq!(error.byte(), Some(25));
    assert_eq!(error.value(), "12abc");
    assert_eq!(error.to_string(), "field `district` at byte 25: expected an integer in decimal digits");
}

#[test]
fn the_output_is_as_before_where_a_row_is_refused() {
    let mut out = b"before".to_vec();
    let schema = Schema::built_in("crime").unwrap();
    let row = row("3|3C|1|T|x|38.5|-121.4");
    assert!(schema.write_typed_json(row.as_bytes(), &RecordContext::default(), &mut out).is_err());
    assert_eq!(out, b"before");
}

#[test]
fn a_line_end_ends_a_row_so_no_value_of_a_row_holds_one() {
    let schema = Schema::built_in("crime").unwrap();
    let context = RecordContext::default();
    let (mut document, mut row_of_it) = (Vec::new(), Vec::new());
    let several = row("3|3\n\nC \u{c} |1115|TWO\r\nLINES|2404|38.5|-121.4");
    let error = schema.write_typed_json(several.as_bytes(), &context, &mut document).unwrap_err();
    assert_eq!((error.kind(), error.byte()), ("several_records", Some(28)));
    schema
        .write_typed_json(row("3|3C|1115|TWO LINES|2404|38.5|-121.4").as_bytes(), &context, &mut document)
        .unwrap();
    let document = String::from_utf8(document).unwrap().replace("TWO LINES", "TWO\\r\\nLINES");
    let error = schema.write_payload(document.as_bytes(), &mut row_of_it).unwrap_err();
    assert_eq!((error.kind(), error.field()), ("unwritable", Some("description")));
    assert!(row_of_it.is_empty());
}
