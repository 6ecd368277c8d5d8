//! Any bytes as a Firehose event: the answer names every record once and in order, and has as many bytes as
//! it announced.

use crate::inputs::answered_records;
use base64_simd::STANDARD;
use edge::lambda::events::{FirehoseAnswer, FirehoseEvent};

/// Checks the law on one input, and panics where it does not hold.
pub fn law(body: &[u8]) {
    let Ok(event) = FirehoseEvent::parse(body) else { return };
    let mut answer = FirehoseAnswer::new(Vec::new());
    let mut data = Vec::new();
    let mut expected = Vec::new();
    let mut bytes = answer.bytes();
    for (index, record) in event.records.iter().enumerate() {
        let _ = record.position();
        let id = record.record_id;
        let (result, costs) = match (record.decode_into(&mut data), index % 3) {
            (Ok(()), 0) => {
                answer.ok(id, &data, br#"{"partitionKeys":{}}"#);
                ("Ok", FirehoseAnswer::ok_bytes(id, &data, br#"{"partitionKeys":{}}"#))
            }
            (Ok(()), 1) => {
                answer.dropped(id);
                ("Dropped", FirehoseAnswer::dropped_bytes(id))
            }
            _ => {
                answer.failed(record);
                ("ProcessingFailed", FirehoseAnswer::failed_bytes(record))
            }
        };
        // Data that no JSON can hold is left out.
        let has_grown = answer.bytes() - bytes;
        assert!(has_grown == costs || (result == "ProcessingFailed" && has_grown < costs));
        bytes = answer.bytes();
        let answered_data = if result == "Ok" { STANDARD.encode_to_string(&data).into() } else { None };
        expected.push((id.text(), result, answered_data));
    }
    let answered = answered_records(&answer.finish());
    assert_eq!(answered.len(), expected.len());
    for ((id, result, data), answered) in expected.into_iter().zip(answered) {
        assert_eq!((&answered["recordId"], &answered["result"]), (&id.into(), &result.into()));
        assert!(data.is_none_or(|data| answered["data"] == data));
    }
}
