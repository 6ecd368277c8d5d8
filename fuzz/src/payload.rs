//! Any bytes as a record or a CSV file of each built-in schema: the output is always JSON on one line, and
//! reads back as the same document.

use std::sync::LazyLock;

use crate::inputs::is_one_line_object;
use record_model::{RecordContext, Schema, Written};

static SCHEMAS: LazyLock<Vec<Schema>> =
    LazyLock::new(|| Schema::built_in_names().iter().filter_map(|name| Schema::built_in(name)).collect());

/// Checks the law on one input, and panics where it does not hold.
pub fn law(payload: &[u8]) {
    let context = RecordContext { ingested_at_ms: 1_767_323_045_000, ..RecordContext::default() };
    for schema in SCHEMAS.iter() {
        check(schema, payload, &context);
        let mut reader = csv::Reader::from_reader(payload);
        let Some(columns) = reader.byte_headers().ok().and_then(|header| schema.csv_columns(header).ok())
        else {
            continue;
        };
        for record in reader.byte_records().flatten() {
            let mut row = b"before".to_vec();
            let written = columns.write_payload(schema, &record, &context, &mut row);
            let row = row.strip_prefix(b"before").expect("what was there stays there");
            if written.is_ok() {
                schema.write_typed_json(row, &context, &mut Vec::new()).expect("what is written is read");
            } else {
                assert!(row.is_empty());
            }
        }
    }
}

fn check(schema: &Schema, payload: &[u8], context: &RecordContext<'_>) {
    let mut document = b"before".to_vec();
    let written = schema.write_typed_json(payload, context, &mut document);
    let document = document.strip_prefix(b"before").expect("what was there stays there");
    opened_once(schema, payload, context, document);
    if !written.is_ok_and(Written::is_document) {
        assert!(document.is_empty());
        return;
    }
    assert!(is_one_line_object(document));
    let (mut back, mut again) = (Vec::new(), Vec::new());
    schema.write_payload(document, &mut back).expect("a document has a payload");
    schema.write_typed_json(&back, context, &mut again).expect("which is read");
    assert_eq!(document, again);
}

/// Opened for its text first, a payload has the same document.
fn opened_once(schema: &Schema, payload: &[u8], context: &RecordContext<'_>, document: &[u8]) {
    let Ok(mut opened) = schema.open(payload) else {
        assert!(document.is_empty());
        return;
    };
    let _ = opened.text_of();
    let mut written = Vec::new();
    let _ = opened.write_typed_json(context, &mut written);
    assert_eq!(written, document);
}
