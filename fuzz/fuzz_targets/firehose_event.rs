//! Any bytes as a Firehose event: no panic, and an answer that names every record once and in order.

#![no_main]

use edge::events::{FirehoseAnswer, FirehoseEvent};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(event) = FirehoseEvent::parse(body) else { return };
    let mut answer = FirehoseAnswer::new(Vec::new());
    let mut data = Vec::new();
    for record in &event.records {
        let _ = record.position();
        match record.decode_into(&mut data) {
            Ok(()) => answer.dropped(record.record_id),
            Err(_) => answer.failed(record),
        }
    }
    let answer = answer.finish();
    let answer: serde_json::Value = serde_json::from_slice(&answer).expect("an answer is JSON");
    let answered = answer["records"].as_array().expect("it has records");
    assert_eq!(answered.len(), event.records.len());
    for (record, answered) in event.records.iter().zip(answered) {
        assert_eq!(answered["recordId"], *record.record_id.text());
    }
});
