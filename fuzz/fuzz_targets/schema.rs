//! Any text as a schema file, then any text as its records: no panic, and only good JSON comes out.

#![no_main]

use libfuzzer_sys::fuzz_target;
use record_model::{RecordContext, Schema, Written};

fuzz_target!(|input: &str| {
    let (toml, payload) = input.split_once("\n===\n").unwrap_or((input, ""));
    let Ok(schema) = Schema::parse(toml) else { return };
    let context = RecordContext { ingested_at_ms: 1_767_323_045_000, ..RecordContext::default() };
    check(&schema, payload.as_bytes(), &context);
    let mut made_up = Vec::new();
    schema.write_made_up(1, 1, &context, &mut made_up);
    check(&schema, &made_up, &context);
    for bad in schema.bad_payloads(1, &context) {
        check(&schema, &bad.payload, &context);
    }
    for json in [schema.opensearch_template(), schema.json_schema()] {
        serde_json::from_str::<serde_json::Value>(&json).expect("generated JSON is JSON");
    }
    let _ = schema.athena_table("s3://bucket/typed", "2026-01-01");
});

fn check(schema: &Schema, payload: &[u8], context: &RecordContext<'_>) {
    let mut out = Vec::new();
    if let Ok(Written::Typed) = schema.write_typed_json(payload, context, &mut out) {
        let document: serde_json::Value = serde_json::from_slice(&out).expect("a document is JSON");
        assert!(document.is_object() && !out.contains(&b'\n'));
        schema.partition_keys(&out).expect("a document has its keys");
        let _ = schema.write_payload(&out, &mut Vec::new());
    } else {
        assert!(out.is_empty());
    }
    let _ = schema.text_of(payload);
}
