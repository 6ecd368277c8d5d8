//! Kinesis events of made-up records.

use base64_simd::STANDARD;
use serde_json::{Value, json};

/// A record of an event.
pub(crate) struct Record<'a> {
    sequence_number: &'a str,
    data: String,
}

impl<'a> Record<'a> {
    pub(crate) fn text(sequence_number: &'a str, text: &str) -> Self {
        Self::bytes(sequence_number, text.as_bytes())
    }

    pub(crate) fn bytes(sequence_number: &'a str, bytes: &[u8]) -> Self {
        Self { sequence_number, data: STANDARD.encode_to_string(bytes) }
    }

    pub(crate) fn base64(sequence_number: &'a str, data: &str) -> Self {
        Self { sequence_number, data: data.to_owned() }
    }

    fn to_json(&self) -> Value {
        json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "key",
                "sequenceNumber": self.sequence_number,
                "data": self.data,
                "approximateArrivalTimestamp": 1_767_323_045.5,
            },
            "eventSource": "aws:kinesis",
            "eventID": format!("shardId-000000000006:{}", self.sequence_number),
            "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/stream",
        })
    }
}

/// A plain event.
pub(crate) fn event(records: &[Record<'_>]) -> String {
    json!({ "Records": records.iter().map(Record::to_json).collect::<Vec<_>>() }).to_string()
}

/// Where in its window an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Within,
    Final,
    /// The last one though the window's time is not up: its state grew too large, or its shard was closed.
    Early,
}

/// An event of a tumbling window.
pub(crate) fn window_event(records: &[Record<'_>], state: &Value, at: Stage) -> String {
    json!({
        "Records": records.iter().map(Record::to_json).collect::<Vec<_>>(),
        "window": { "start": "2026-01-02T03:04:00Z", "end": "2026-01-02T03:05:00Z" },
        "state": state,
        "shardId": "shardId-000000000006",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/stream",
        "isFinalInvokeForWindow": at == Stage::Final,
        "isWindowTerminatedEarly": at == Stage::Early,
    })
    .to_string()
}
