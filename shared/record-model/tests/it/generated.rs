//! What is generated from a schema fits what the schema writes.

use boon::{Compiler, SchemaIndex, Schemas};
use proptest::prelude::*;
use record_model::{RecordContext, Schema, Written, made_up};
use serde_json::{Value, json};

/// A schema with every type, and most of what a field can say.
const EVERY_TYPE: &str = r#"
name = "every-type"
form = "delimited"
delimiter = ";"
quote = '"'
extra_fields = "collect"
null_tokens = ["", "-"]
partition_keys = [{ key = "day", field = "at", format = "yyyy-MM-dd" }, { key = "level", field = "meta.level" }]

[[fields]]
name = "name"
type = "string"
required = true
trim = true
min_length = 2
max_length = 20

[[fields]]
name = "at"
type = "timestamp"
formats = ["iso8601", "yyyy-MM-dd HH:mm:ss"]
zone = "Europe/Berlin"
output_format = "iso8601"
output_zone = "UTC"

[[fields]]
name = "seen"
type = "timestamp"
formats = ["epoch_ms"]

[[fields]]
name = "meta.level"
type = "enum"
values = ["low", "high"]

[[fields]]
name = "meta.on"
type = "boolean"
true_tokens = ["yes"]
false_tokens = ["no"]

[[fields]]
name = "meta.count"
type = "integer"
min = -5
max = 5
default = 0

[[fields]]
name = "meta.version"
type = "integer"
constant = 3

[[fields]]
name = "lat"
type = "float"
min = -90
max = 90

[[fields]]
name = "lon"
type = "float"
min = -180
max = 180

[[fields]]
name = "place"
type = "geo_point"
latitude = "lat"
longitude = "lon"

[[fields]]
name = "key"
type = "string"
join = ["name", "meta.level"]

[[fields]]
name = "taken_in"
type = "timestamp"
from = "ingested_at"
output_format = "yyyy/MM/dd HH:mm:ss"
"#;

const CONTEXT: RecordContext<'_> = RecordContext {
    ingested_at_ms: 1_767_323_045_000,
    source: Some("made up"),
    offset: None,
    position: None,
};

fn schemas() -> Vec<Schema> {
    let built_in = Schema::built_in_names().iter().map(|name| Schema::built_in(name).unwrap());
    built_in.chain([Schema::parse(EVERY_TYPE).unwrap()]).collect()
}

/// The JSON Schema of a record schema, of draft 2020-12 with its formats checked.
struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn new(schema: &Schema) -> Self {
        let json: Value = serde_json::from_str(&schema.json_schema()).unwrap();
        assert_eq!(json["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.enable_format_assertions();
        compiler.add_resource("record.json", json).unwrap();
        // What is no schema of its draft is refused.
        let index = compiler.compile("record.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn validate(&self, document: &Value) -> Result<(), String> {
        self.schemas.validate(document, self.index).map_err(|error| error.to_string())
    }
}

fn type_payload(schema: &Schema, payload: &[u8]) -> Option<Value> {
    let mut out = Vec::new();
    let written = schema.write_typed_json(payload, &CONTEXT, &mut out).ok()?;
    assert_eq!(written, Written::Typed);
    Some(serde_json::from_slice(&out).unwrap())
}

#[test]
fn made_up_records_are_good_and_fit_the_json_schema() {
    for schema in schemas() {
        let validator = Validator::new(&schema);
        for index in 0..300 {
            let mut payload = Vec::new();
            made_up::write(&schema, 11, index, &CONTEXT, &mut payload);
            let document = type_payload(&schema, &payload).unwrap();
            if let Err(error) = validator.validate(&document) {
                panic!("{}: {error} in {document}", schema.name());
            }
        }
    }
}

#[test]
fn made_up_records_are_the_same_for_the_same_seed_and_differ_otherwise() {
    let make = |seed, index| {
        let mut payload = Vec::new();
        made_up::write(&Schema::built_in("users").unwrap(), seed, index, &CONTEXT, &mut payload);
        payload
    };
    assert_eq!(make(7, 0), make(7, 0));
    assert_ne!(make(7, 0), make(7, 1));
    assert_ne!(make(7, 0), make(8, 0));
}

#[test]
fn every_bad_payload_is_refused_and_differs_in_one_thing_from_a_good_one() {
    for schema in schemas() {
        let bad = made_up::bad_payloads(&schema, 3, &CONTEXT);
        assert!(bad.len() >= 5, "{}", schema.name());
        for bad in bad {
            assert_eq!(type_payload(&schema, &bad.payload), None, "{}: {}", schema.name(), bad.what);
        }
    }
}

#[test]
fn the_json_schema_refuses_what_the_record_schema_never_writes() {
    let validator = Validator::new(&Schema::parse(EVERY_TYPE).unwrap());
    let mut payload = Vec::new();
    made_up::write(&Schema::parse(EVERY_TYPE).unwrap(), 1, 1, &CONTEXT, &mut payload);
    let good = type_payload(&Schema::parse(EVERY_TYPE).unwrap(), &payload).unwrap();
    assert_eq!(validator.validate(&good), Ok(()));
    let changes = [
        ("/name", json!("x")),
        ("/meta/level", json!("middle")),
        ("/meta/count", json!(6)),
        ("/lat", json!("38.5")),
        ("/taken_in", json!("2006-01-01")),
        ("/meta", json!(null)),
    ];
    for (place, value) in changes {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(validator.validate(&bad).is_err(), "{place}");
    }
}

#[test]
fn an_index_template_has_types_date_formats_and_points() {
    let template: Value =
        serde_json::from_str(&Schema::built_in("crime").unwrap().opensearch_template().unwrap()).unwrap();
    let properties = &template["template"]["mappings"]["properties"];
    assert_eq!(properties["location"], json!({"type": "geo_point"}));
    assert_eq!(properties["crime_time"], json!({"type": "date", "format": "yyyy/MM/dd HH:mm:ss"}));
    assert_eq!(properties["district"], json!({"type": "long"}));
    assert_eq!(template["index_patterns"], json!(["crime", "crime-*"]));
    let tweets: Value =
        serde_json::from_str(&Schema::built_in("tweets").unwrap().opensearch_template().unwrap()).unwrap();
    let user = &tweets["template"]["mappings"]["properties"]["user"]["properties"];
    assert_eq!(user["followers"], json!({"type": "long"}));
}

#[test]
fn an_athena_table_has_a_column_for_every_field_and_its_partitions() {
    let table =
        Schema::built_in("crime").unwrap().athena_table("s3://bucket/typed/crime/", "2026-01-01").unwrap();
    for part in [
        r#"`crime_time` string COMMENT 'parse_datetime("crime_time", \'yyyy/MM/dd HH:mm:ss\')',"#,
        "`district` bigint,\n",
        "`latitude` double,\n",
        "`location` struct<lat:double,lon:double>,\n  `_extra` array<string>\n)",
        "'projection.dt.range' = '2026-01-01,NOW'",
        "'s3://bucket/typed/crime/dt=${dt}/hour=${hour}/'",
    ] {
        assert!(table.contains(part), "{part} in {table}");
    }
    let tweets =
        Schema::built_in("tweets").unwrap().athena_table("s3://bucket/typed/tweets", "2026-01-01").unwrap();
    assert!(
        tweets.contains("`user` struct<`id`:string,`screen_name`:string,`followers`:bigint>"),
        "{tweets}"
    );
}

#[test]
fn a_pattern_with_letters_of_its_own_is_quoted_in_a_comment_as_a_query_has_it() {
    let toml = "name = \"t\"\nform = \"json\"\n[[fields]]\nname = \"at\"\ntype = \"timestamp\"\n\
                formats = [\"yyyy-MM-dd'T'HH:mm\"]\n";
    let table = Schema::parse(toml).unwrap().athena_table("s3://bucket/t", "2026-01-01").unwrap();
    let comment = r#"COMMENT 'parse_datetime("at", \'yyyy-MM-dd\'\'T\'\'HH:mm\')'"#;
    assert!(table.contains(comment), "{table}");
}

#[test]
fn partition_keys_are_the_document_s_own_values() {
    let schema = Schema::parse(EVERY_TYPE).unwrap();
    let row = "Ada;2026-07-04 00:30:00;1767323045000;high;yes;1;38.5;-121.4";
    let mut out = Vec::new();
    schema.write_typed_json(row.as_bytes(), &CONTEXT, &mut out).unwrap();
    let keys = schema.partition_keys(&out).unwrap();
    // Half past midnight in Berlin is the day before in UTC, which the schema writes.
    assert_eq!(keys, [("day", "2026-07-03".into()), ("level", "high".into())]);
}

proptest! {
    #[test]
    fn a_document_written_back_to_a_payload_is_the_same_document(
        index in any::<u64>(),
        name in "[ -~éß日\n\"]{2,20}",
        extras in prop::collection::vec("[ -~é\n]{0,8}", 0..3),
    ) {
        for schema in schemas() {
            let mut payload = Vec::new();
            if schema.name() == "every-type" && name.trim().chars().count() >= 2 && name.trim() != "-" {
                let field = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
                let mut row = format!("{};2026-07-04 00:30:00;;low;;;1e0;-0.5", field(&name));
                row.extend(extras.iter().map(|extra| format!(";{}", field(extra))));
                payload = row.into_bytes();
            } else {
                made_up::write(&schema, 5, index, &CONTEXT, &mut payload);
            }
            let mut document = Vec::new();
            schema.write_typed_json(&payload, &CONTEXT, &mut document).unwrap();
            let (mut back, mut again) = (Vec::new(), Vec::new());
            schema.write_payload(&document, &mut back).unwrap();
            schema.write_typed_json(&back, &CONTEXT, &mut again).unwrap();
            prop_assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(document).unwrap());
        }
    }
}
