//! Any bytes as a record or a CSV file of each built-in schema: no panic, only good JSON comes out, and it
//! reads back as the same document.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use record_model::{RecordContext, Schema, Written};

static SCHEMAS: LazyLock<Vec<Schema>> =
    LazyLock::new(|| Schema::built_in_names().iter().filter_map(|name| Schema::built_in(name)).collect());

fuzz_target!(|payload: &[u8]| {
    let context = RecordContext { ingested_at_ms: 1_767_323_045_000, ..RecordContext::default() };
    for schema in SCHEMAS.iter() {
        check(schema, payload, &context);
        let mut reader = csv::Reader::from_reader(payload);
        let Some(columns) = reader.byte_headers().ok().and_then(|header| schema.csv_columns(header).ok()) else {
            continue;
        };
        for record in reader.byte_records().flatten() {
            let mut row = Vec::new();
            if columns.write_payload(schema, &record, &context, &mut row).is_ok() {
                let mut out = Vec::new();
                schema.write_typed_json(&row, &context, &mut out).expect("what is written is read");
            }
        }
    }
});

fn check(schema: &Schema, payload: &[u8], context: &RecordContext<'_>) {
    let _ = schema.text_of(payload);
    let mut document = Vec::new();
    let Ok(Written::Typed) = schema.write_typed_json(payload, context, &mut document) else { return };
    serde_json::from_slice::<serde_json::Value>(&document).expect("a document is JSON");
    let (mut back, mut again) = (Vec::new(), Vec::new());
    schema.write_payload(&document, &mut back).expect("a document has a payload");
    schema.write_typed_json(&back, context, &mut again).expect("which is read");
    assert_eq!(document, again);
}
