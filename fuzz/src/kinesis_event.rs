//! Any bytes as a Kinesis event: it gives the records that a JSON reader finds, each by itself, and answers
//! that name them.

use base64_simd::STANDARD;
use edge::lambda::events::{BatchAnswer, KinesisEvent, KinesisRecord};
use serde_json::Value;
use serde_json::value::RawValue;

/// Checks the law on one input, and panics where it does not hold.
pub fn law(body: &[u8]) {
    let Ok(event) = KinesisEvent::parse(body) else { return };
    for record in &event.records {
        check(record);
    }
    if let Some(state) = event.window.and_then(|window| window.state)
        && let Ok(state) = serde_json::from_str::<&RawValue>(state)
    {
        let answer: Value =
            serde_json::from_slice(&BatchAnswer::success().with_state(state).into_json()).unwrap();
        assert_eq!(answer["state"], serde_json::from_str::<Value>(state.get()).unwrap());
    }
    same_as_a_json_reader(body, &event);
}

fn check(record: &KinesisRecord<'_>) {
    assert!(!record.sequence_number.is_empty());
    let mut data = b"of the record before".to_vec();
    if let (Ok(()), Some(text)) = (record.decode_into(&mut data), record.data) {
        assert_eq!(STANDARD.encode_to_string(&data), text.text());
    }
    let answer: Value =
        serde_json::from_slice(&BatchAnswer::failed_from(record.sequence_number).into_json()).unwrap();
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], *record.sequence_number);
}

/// But for escaped names, which the parser takes for unknown ones, and members given twice.
fn same_as_a_json_reader(body: &[u8], event: &KinesisEvent<'_>) {
    let count = |name: &[u8]| body.windows(name.len()).filter(|bytes| *bytes == name).count();
    if body.contains(&b'\\') || count(b"\"Records\"") != 1 || count(b"\"kinesis\"") != event.records.len() {
        return;
    }
    let Ok(found) = serde_json::from_slice::<Value>(body) else { return };
    let Some(found) = found["Records"].as_array() else { return };
    assert_eq!(found.len(), event.records.len());
    for (found, record) in found.iter().zip(&event.records) {
        if count(b"\"partitionKey\"") == event.records.len() {
            assert_eq!(found["kinesis"]["partitionKey"].as_str().unwrap_or_default(), record.partition_key);
        }
    }
}
