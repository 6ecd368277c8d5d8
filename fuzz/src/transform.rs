//! Any records through the transform: each is answered once and in order, with documents that are JSON,
//! within the limit.

use crate::inputs::{answered_records, firehose_event, number_of, records};
use base64_simd::STANDARD;
use edge::lambda::events::FirehoseEvent;
use record_model::Schema;
use serde_json::Value;
use transform::{Batch, Destination, TransformSettings};

const SCHEMAS: [&str; 4] = ["crime", "tweets", "users", "cloudwatch_logs"];

/// Checks the law on one input, and panics where it does not hold.
pub fn law(input: &[u8]) {
    let Some((&[kind, room], input)) = input.split_first_chunk() else { return };
    let schema = SCHEMAS[usize::from(kind) % SCHEMAS.len()];
    let records = records(input);
    let event = firehose_event(&records);
    // Never too little for the shortest answer of each record.
    let answer_limit_bytes = 64 + 128 * records.len() + 16 * usize::from(room);
    for destination in [Destination::S3, Destination::OpenSearch] {
        let settings =
            TransformSettings { destination, answer_limit_bytes, ..TransformSettings::for_schema(schema) };
        let mut batch =
            Batch::new(Schema::built_in(schema).expect("a built-in schema"), &settings).expect("it fits");
        let event = FirehoseEvent::parse(&event).expect("a good event");
        let answer = batch.answer(&event).bytes;
        assert!(answer.len() <= answer_limit_bytes);
        check(&answered_records(&answer), &records, destination);
        assert_eq!(answer, batch.answer(&event).bytes);
    }
}

fn check(answered: &[Value], records: &[Vec<u8>], destination: Destination) {
    assert_eq!(answered.len(), records.len());
    for (index, (answered, record)) in answered.iter().zip(records).enumerate() {
        assert_eq!(answered["recordId"], number_of(index));
        let data =
            STANDARD.decode_to_vec(answered["data"].as_str().expect("data is text")).expect("in base64");
        match answered["result"].as_str() {
            Some("Ok") => check_documents(&data, destination),
            Some("Dropped") => assert!(data.is_empty()),
            Some("ProcessingFailed") => assert!(data.is_empty() || data == *record),
            other => panic!("{other:?} is no result"),
        }
    }
}

fn check_documents(data: &[u8], destination: Destination) {
    let lines: Vec<&[u8]> = data.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(data.ends_with(b"\n"), destination == Destination::S3);
    assert!(destination == Destination::S3 || lines.len() == 1);
    for line in lines {
        assert!(serde_json::from_slice::<Value>(line).expect("a document is JSON").is_object());
    }
}
