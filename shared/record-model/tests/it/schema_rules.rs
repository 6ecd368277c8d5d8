//! What a schema file may say, and why it is refused.

use record_model::{RecordContext, Schema, Written};
use serde_json::{Value, json};

const CONTEXT: RecordContext<'_> = RecordContext {
    ingested_at_ms: 1_767_323_045_678,
    source: Some("s3://bucket/key"),
    offset: Some(12),
    position: Some("stream:shardId-000000000000:49:0"),
};

/// A schema of delimited rows with these fields.
fn rows(head: &str, fields: &str) -> String {
    format!("name = \"t\"\nform = \"delimited\"\ndelimiter = \"|\"\n{head}\n{fields}")
}

fn field(keys: &str) -> String {
    format!("[[fields]]\n{keys}\n")
}

#[track_caller]
fn refused(toml: &str, line: usize, reason: &str) {
    let error = Schema::parse(toml).expect_err(reason);
    assert_eq!(error.to_string(), format!("schema line {line}: {reason}"));
}

#[track_caller]
fn typed(schema: &str, payload: &str, expected: &Value) {
    let mut out = Vec::new();
    let schema = Schema::parse(schema).unwrap();
    schema.write_typed_json(payload.as_bytes(), &CONTEXT, &mut out).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), *expected, "{payload}");
}

#[track_caller]
fn kind_of_error(schema: &str, payload: &str, kind: &str) {
    let schema = Schema::parse(schema).unwrap();
    let error = schema.write_typed_json(payload.as_bytes(), &CONTEXT, &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), kind, "{payload}");
}

#[test]
fn a_contradiction_is_refused_with_its_line_and_reason() {
    let a = field("name = \"a\"\ntype = \"string\"");
    refused(&rows("", ""), 1, "not a schema file: missing field `fields`");
    refused(&rows("fields = []", ""), 1, "the schema has no fields");
    refused(
        &rows("quote = '\"'\nescape = '!'", &a),
        5,
        "`quote` and `escape` exclude each other: either of them protects a delimiter",
    );
    refused(&rows("text = \"b\"", &a), 4, "`text` names the field `b`, which is not a string of the payload");
    refused(&rows("", &(a.clone() + &a)), 8, "field `a`: another field has this name");
    refused(
        &rows("nonsense = 1", &a),
        4,
        "not a schema file: unknown field `nonsense`, expected one of `name`, `description`, `form`, `delimiter`, `quote`, `escape`, `missing_fields`, `extra_fields`, `extra_name`, `null_tokens`, `null_fields`, `text`, `language`, `event_time`, `document_id`, `partition_keys`, `drop_when`, `iceberg`, `file`, `fields`",
    );
    let json = "name = \"t\"\nform = \"json\"\ndelimiter = \"|\"\n".to_owned() + &a;
    refused(
        &json,
        3,
        "`form = \"json\"` and `delimiter, quote, escape` exclude each other: JSON has no delimiter",
    );
}

/// Checks that a field of these keys is refused, for this reason.
#[track_caller]
fn check(keys: &str, reason: &str) {
    let toml = rows("", &field(&format!("name = \"a\"\n{keys}")));
    refused(&toml, 5, &format!("field `a`: {reason}"));
}

#[test]
fn a_key_without_a_meaning_for_its_field_is_refused() {
    check("type = \"integer\"\ntrim = true", "`trim` has no meaning for this type");
    check("type = \"integer\"\ndefault = 1\nrequired = true", "`required` has no meaning beside `default`");
    check("type = \"string\"\nfrom = \"offset\"", "`from` has no meaning for this type");
    check(
        "type = \"string\"\nconstant = \"x\"\nrequired = true",
        "`required` is for fields of the payload, but this field is derived",
    );
    check(
        "type = \"string\"\npaths = [\"x\"]",
        "`paths` are places in JSON, but this schema's payloads are rows",
    );
}

#[test]
fn a_field_that_can_never_be_right_is_refused() {
    check("type = \"integer\"\nmin = 2\nmax = 1", "`min` is greater than `max`");
    check("type = \"integer\"\nmin = 1.5", "`min` holds \"1.5\", which is not an integer");
    check("type = \"enum\"", "`values` is missing");
    check(
        "type = \"enum\"\nvalues = [\"\"]",
        "`values` holds \"\", which is a null token, so it could never be read",
    );
    check(
        "type = \"integer\"\ndefault = \"x\"",
        "`default` holds \"x\", which is refused: expected an integer in decimal digits",
    );
    check("type = \"timestamp\"", "`output_format` is missing");
    check(
        "type = \"timestamp\"\nformats = [\"yyyy-QQ\"]",
        "`output_format` holds \"yyyy-QQ\", which has `QQ`, which is not part of a date",
    );
    check(
        "type = \"timestamp\"\nformats = [\"iso8601\"]\nzone = \"Mars\"",
        "`zone` holds \"Mars\", which is not a name in the time zone database",
    );
    check(
        "type = \"geo_point\"\nlatitude = \"x\"\nlongitude = \"y\"",
        "`latitude` names `x`, which is no earlier field of type float within -90 and 90",
    );
    check(
        "type = \"boolean\"\ntrue_tokens = [\"1\"]\nfalse_tokens = [\"1\"]",
        "`true_tokens` holds \"1\", which is in `false_tokens` too",
    );
    check(
        "type = \"string\"\nmax_length = 99999999",
        "`max_length` is over 10485760, the size of the largest record in bytes",
    );
    check(
        "type = \"integer\"\nmax = 5\nmade_up = \"1..6\"",
        "`made_up` holds \"1..6\", which makes values that are refused: the number is out of the schema's range",
    );
}

#[test]
fn a_point_needs_coordinates_that_are_checked() {
    let float = |name: &str, range: &str| field(&format!("name = \"{name}\"\ntype = \"float\"\n{range}"));
    let point = field("name = \"p\"\ntype = \"geo_point\"\nlatitude = \"lat\"\nlongitude = \"lon\"");
    let fields = float("lat", "") + &float("lon", "min = -180\nmax = 180") + &point;
    refused(
        &rows("", &fields),
        14,
        "field `p`: `latitude` names `lat`, which is no earlier field of type float within -90 and 90",
    );
}

#[test]
fn derived_fields_take_what_is_known_of_the_record() {
    let fields = [
        "name = \"a\"\ntype = \"string\"",
        "name = \"at\"\ntype = \"timestamp\"\nfrom = \"ingested_at\"\noutput_format = \"epoch_ms\"",
        "name = \"source\"\ntype = \"string\"\nfrom = \"source\"",
        "name = \"offset\"\ntype = \"integer\"\nfrom = \"offset\"",
        "name = \"id\"\ntype = \"string\"\nfrom = \"position\"",
        "name = \"hash\"\ntype = \"string\"\nfrom = \"row_hash\"",
        "name = \"kind\"\ntype = \"string\"\nconstant = \"test\"",
        "name = \"key\"\ntype = \"string\"\njoin = [\"a\", \"offset\"]",
    ];
    let schema = rows("document_id = \"id\"", &fields.map(field).concat());
    let expected = json!({
        "a": "x", "at": 1_767_323_045_678_i64, "source": "s3://bucket/key", "offset": 12, "kind": "test",
        "id": "stream:shardId-000000000000:49:0", "hash": "9dd4e461268c8034f5c8564e155c67a6", "key": "x-12",
    });
    typed(&schema, "x", &expected);
    let template = Schema::parse(&schema).unwrap().opensearch_template().unwrap();
    let template: Value = serde_json::from_str(&template).unwrap();
    assert_eq!(template["_meta"]["document_id"], "id");
}

#[test]
fn missing_and_extra_fields_of_a_row_are_refused_ignored_or_collected() {
    let fields = field("name = \"a\"\ntype = \"string\"") + &field("name = \"b\"\ntype = \"integer\"");
    kind_of_error(&rows("", &fields), "x", "too_few_fields");
    kind_of_error(&rows("", &fields), "x|1|2", "too_many_fields");
    let lenient = rows("missing_fields = \"ignore\"\nextra_fields = \"ignore\"", &fields);
    typed(&lenient, "x", &json!({"a": "x", "b": null}));
    typed(&lenient, "x|1|2", &json!({"a": "x", "b": 1}));
    let collecting = rows("extra_fields = \"collect\"\nextra_name = \"more\"", &fields);
    typed(&collecting, "x|1|2|3", &json!({"a": "x", "b": 1, "more": ["2", "3"]}));
    typed(&collecting, "x|1", &json!({"a": "x", "b": 1}));
}

#[test]
fn missing_and_extra_members_of_json_are_refused_ignored_or_collected() {
    let json_schema = |head: &str| {
        let fields = field("name = \"a\"\ntype = \"string\"") + &field("name = \"o.b\"\ntype = \"integer\"");
        format!("name = \"t\"\nform = \"json\"\n{head}\n{fields}")
    };
    typed(&json_schema(""), r#"{"o":{"b":1,"c":2},"d":[3]}"#, &json!({"a": null, "o": {"b": 1}}));
    typed(&json_schema("null_fields = \"omit\""), r#"{"o":{"b":null}}"#, &json!({"o": {}}));
    kind_of_error(&json_schema("missing_fields = \"fail\""), r#"{"a":"x"}"#, "missing_field");
    kind_of_error(&json_schema("extra_fields = \"fail\""), r#"{"a":"x","z":1}"#, "unknown_field");
    let collected = json!({"a": "x", "o": {"b": 1}, "_extra": {"o.c": {"n": [1]}, "z": "é"}});
    typed(
        &json_schema("extra_fields = \"collect\""),
        "{\"a\":\"x\",\"o\":{\"b\":1,\"c\":{\"n\": [\n1]}},\"z\":\"é\"}",
        &collected,
    );
}

#[test]
fn json_values_of_another_type_are_refused() {
    let schema = |kind: &str| {
        format!("name = \"t\"\nform = \"json\"\n{}", field(&format!("name = \"a\"\ntype = {kind}")))
    };
    for (kind, value) in [
        ("\"integer\"", "true"),
        ("\"string\"", "[]"),
        ("\"boolean\"", "1"),
        ("\"string\"", "{}"),
        ("\"float\"", "false"),
    ] {
        kind_of_error(&schema(kind), &format!("{{\"a\":{value}}}"), "wrong_type");
    }
    kind_of_error(&schema("\"integer\""), "{\"a\":3.5}", "not_integer");
    kind_of_error(&schema("\"integer\""), "{\"a\":\"3.0\"}", "not_integer");
    typed(&schema("\"integer\""), "{\"a\":3.0}", &json!({"a": 3}));
    kind_of_error(&schema("\"string\""), "{\"a\":\"x\"", "not_json");
    typed(&schema("\"integer\""), "{\"a\":\"9007199254740993\"}", &json!({"a": 9_007_199_254_740_993_i64}));
    typed(&schema("\"string\""), "{\"a\":9007199254740993}", &json!({"a": "9007199254740993"}));
}

#[test]
fn a_drop_rule_drops_what_has_its_value() {
    let drop = "drop_when = [{ field = \"a\", is = [\"x\", \"y\"] }, { field = \"b\", is_null = true }]";
    let fields = field("name = \"a\"\ntype = \"string\"") + &field("name = \"b\"\ntype = \"integer\"");
    let schema = Schema::parse(&rows(drop, &fields)).unwrap();
    let mut out = b"before".to_vec();
    let mut write = |row: &str| schema.write_typed_json(row.as_bytes(), &CONTEXT, &mut out).unwrap();
    assert_eq!(
        ["x|1", "y|2", "z|", "z|1"].map(&mut write),
        [Written::Dropped, Written::Dropped, Written::Dropped, Written::Typed]
    );
    assert_eq!(out, br#"before{"a":"z","b":1}"#);
}

#[test]
fn a_default_stands_in_for_what_is_null() {
    let fields = field("name = \"a\"\ntype = \"integer\"\ndefault = 7")
        + &field("name = \"s\"\ntype = \"string\"\ndefault_from = \"source\"");
    typed(&rows("", &fields), "|", &json!({"a": 7, "s": "s3://bucket/key"}));
    typed(&rows("", &fields), "1|own", &json!({"a": 1, "s": "own"}));
}

#[test]
fn an_offset_of_odd_seconds_is_written_in_minutes_and_the_instant_stays() {
    // Berlin's own time until 1893, 53 minutes and 28 seconds ahead.
    for (format, expected) in
        [("iso8601", "1800-07-04T12:53:00+00:53"), ("yyyy-MM-dd HH:mm:ss XXX", "1800-07-04 12:53:00 +00:53")]
    {
        let keys = format!("output_format = \"{format}\"\noutput_zone = \"Europe/Berlin\"");
        let at = field(&format!("name = \"at\"\ntype = \"timestamp\"\nformats = [\"iso8601\"]\n{keys}"));
        typed(&rows("", &at), "1800-07-04T12:00:00Z", &json!({ "at": expected }));
    }
}

#[test]
fn a_time_whose_year_no_calendar_of_its_zones_has_is_refused() {
    let at = |zone| {
        let keys = format!("output_format = \"yyyy-MM-dd HH:mm:ss\"\noutput_zone = \"{zone}\"");
        rows("", &field(&format!("name = \"at\"\ntype = \"timestamp\"\nformats = [\"iso8601\"]\n{keys}")))
    };
    typed(&at("UTC"), "0001-01-01T00:00:00Z", &json!({ "at": "0001-01-01 00:00:00" }));
    kind_of_error(&at("America/New_York"), "0001-01-01T00:00:00Z", "not_timestamp");
    kind_of_error(&at("UTC"), "0001-01-01T00:00:00+01:00", "not_timestamp");
}

#[test]
fn timestamps_move_between_zones() {
    let schema = |keys: &str| rows("", &field(&format!("name = \"t\"\ntype = \"timestamp\"\n{keys}")));
    let to_utc = schema(
        "formats = [\"M/d/yyyy h:mm a\"]\nzone = \"America/Los_Angeles\"\noutput_format = \"iso8601\"\noutput_zone = \"UTC\"",
    );
    typed(&to_utc, "7/4/2026 5:30 PM", &json!({"t": "2026-07-05T00:30:00Z"}));
    let local = schema(
        "formats = [\"epoch_s\"]\noutput_format = \"yyyy-MM-dd HH:mm:ss XXX\"\noutput_zone = \"Asia/Kolkata\"",
    );
    typed(&local, "0", &json!({"t": "1970-01-01 05:30:00 +05:30"}));
    typed(&local, "1.5", &json!({"t": "1970-01-01 05:30:01 +05:30"}));
    let kept = schema("formats = [\"yyyy-MM-dd'T'HH:mm:ss.SSS\"]\nzone = \"Europe/Berlin\"");
    typed(&kept, "2026-03-29T02:30:00.000", &json!({"t": "2026-03-29T02:30:00.000"}));
    kind_of_error(&kept, "2026-02-29T02:30:00.000", "not_timestamp");
}
