//! Any text as a schema file, and then any text as its records: what is generated is valid JSON, made-up
//! records are accepted, and records that are made up to be bad are refused.

use crate::inputs::is_one_line_object;
use record_model::{RecordContext, Schema, Written, made_up};

/// Checks the law on one input, and panics where it does not hold.
pub fn law(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let (toml, payload) = input.split_once("\n===\n").unwrap_or((input, ""));
    let Ok(schema) = Schema::parse(toml) else { return };
    let context = RecordContext { ingested_at_ms: 1_767_323_045_000, ..RecordContext::default() };
    check(&schema, payload.as_bytes(), &context);
    for index in 0..3 {
        let mut made_up = Vec::new();
        made_up::write(&schema, 1, index, &context, &mut made_up);
        check(&schema, &made_up, &context);
    }
    for bad in made_up::bad_payloads(&schema, 1, &context) {
        check(&schema, &bad.payload, &context);
    }
    for json in [Some(schema.json_schema()), schema.opensearch_template().ok()].into_iter().flatten() {
        serde_json::from_str::<serde_json::Value>(&json).expect("generated JSON is JSON");
    }
    let _ = schema.athena_table("s3://bucket/typed", "2026-01-01");
}

fn check(schema: &Schema, payload: &[u8], context: &RecordContext<'_>) {
    let _ = schema.open(payload).and_then(|mut opened| opened.text_of().map(drop));
    let mut document = b"before".to_vec();
    let written = schema.write_typed_json(payload, context, &mut document);
    let document = document.strip_prefix(b"before").expect("what was there stays there");
    if !written.is_ok_and(Written::is_document) {
        assert!(document.is_empty());
        return;
    }
    assert!(is_one_line_object(document));
    schema.partition_keys(document).expect("a document has its keys");
    way_back(schema, document, context);
}

/// A payload written from a document gives a document of which the same payload is written.
fn way_back(schema: &Schema, document: &[u8], context: &RecordContext<'_>) {
    let mut payload = b"before".to_vec();
    let written = schema.write_payload(document, &mut payload);
    let payload = payload.strip_prefix(b"before").expect("what was there stays there");
    if written.is_err() {
        assert!(payload.is_empty());
        return;
    }
    let (mut again, mut back) = (Vec::new(), Vec::new());
    match schema.write_typed_json(payload, context, &mut again) {
        Ok(Written::Typed | Written::Mended) => {
            schema.write_payload(&again, &mut back).expect("written once, written again");
        }
        Ok(Written::Dropped) => return,
        Err(error) => panic!("{error}: {:?}", String::from_utf8_lossy(payload)),
    }
    assert_eq!(String::from_utf8_lossy(payload), String::from_utf8_lossy(&back));
}
