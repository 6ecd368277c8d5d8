//! The event of a batch that was given up: the original one, reduced to what the consumer reads, or one that is made
//! from the stream's records.

use edge::lambda::events::{REDRIVE, Redrive};
use jiff::Timestamp;
use record_model::keys::SequenceNumber;
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The largest event that Lambda accepts, in bytes.
const MAX_EVENT_BYTES: usize = 6 << 20;

/// One record of an event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct EventRecord {
    pub(super) kinesis: Kinesis,
    #[serde(rename = "eventSource", default)]
    pub(super) event_source: String,
    /// `<shard>:<sequence number>`
    #[serde(rename = "eventID")]
    pub(super) event_id: String,
    #[serde(rename = "eventSourceARN")]
    pub(super) stream_arn: String,
}

/// The part of a record that Kinesis sets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kinesis {
    pub(super) partition_key: String,
    pub(super) sequence_number: String,
    pub(super) data: String,
    pub(super) approximate_arrival_timestamp: Number,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    records: Vec<EventRecord>,
}

/// The reason why a batch can't be fed again.
#[derive(Debug, thiserror::Error)]
pub(super) enum EventError {
    #[error("the event in it can't be read")]
    Form(#[from] serde_json::Error),
    #[error("the event in it has no records")]
    Empty,
    #[error("record {0:?} of the event has no sequence number")]
    Number(String),
    #[error("the event is {bytes} bytes, and Lambda takes {MAX_EVENT_BYTES}")]
    TooLarge { bytes: usize },
}

/// Reads the records of a payload, in their order. Each has a valid sequence number.
pub(super) fn records(payload: &str) -> Result<Vec<EventRecord>, EventError> {
    let Event { records } = serde_json::from_str(payload)?;
    if records.is_empty() {
        return Err(EventError::Empty);
    }
    for record in &records {
        record.number()?;
    }
    Ok(records)
}

/// Writes an event with these records that is marked as redriven.
pub(super) fn marked(records: &[EventRecord], redrive: Redrive) -> Result<Vec<u8>, EventError> {
    let mut event = format!("{{\"{REDRIVE}\":{},\"Records\":", serde_json::to_string(&redrive)?).into_bytes();
    event.append(&mut serde_json::to_vec(records)?);
    event.push(b'}');
    if event.len() > MAX_EVENT_BYTES {
        return Err(EventError::TooLarge { bytes: event.len() });
    }
    Ok(event)
}

impl EventRecord {
    pub(super) fn number(&self) -> Result<SequenceNumber, EventError> {
        let number = &self.kinesis.sequence_number;
        number.parse().map_err(|_| EventError::Number(number.clone()))
    }

    /// When the record arrived, in milliseconds since 1970 UTC, or 0 if the event does not say.
    pub(super) fn arrived_at_ms(&self) -> i64 {
        let seconds = self.kinesis.approximate_arrival_timestamp.as_f64().unwrap_or_default();
        Timestamp::UNIX_EPOCH
            .checked_add(std::time::Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default())
            .map_or(0, Timestamp::as_millisecond)
    }
}

#[cfg(test)]
mod tests {
    use edge::lambda::events::KinesisEvent;
    use serde_json::json;

    use super::*;

    fn payload() -> String {
        json!({"Records": [{
            "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "k\"", "sequenceNumber": "495", "data": "YQ==",
                "approximateArrivalTimestamp": 1_767_322_999.999},
            "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": "shardId-000000000006:495",
            "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:role", "awsRegion": "eu-west-1",
            "eventSourceARN": "arn:aws:kinesis:eu-west-1:1:stream/tweets"}],
            "window": {"start": "S", "end": "E"}, "state": {"n": 1}})
        .to_string()
    }

    #[test]
    fn a_marked_event_has_the_records_of_the_original_and_no_window() {
        let payload = payload();
        let records = records(&payload).unwrap();
        assert_eq!(records[0].arrived_at_ms(), 1_767_322_999_999);
        let event = marked(&records, Redrive { scanned: Some(3) }).unwrap();
        assert!(event.starts_with(b"{\"redrive\":{\"scanned\":3},\"Records\":["));
        let (original, marked) =
            (KinesisEvent::parse(payload.as_bytes()).unwrap(), KinesisEvent::parse(&event).unwrap());
        assert_eq!((marked.records, marked.window), (original.records, None));
    }

    #[test]
    fn an_event_without_records_or_numbers_is_refused() {
        assert!(matches!(records("{\"Records\":[]}"), Err(EventError::Empty)));
        assert!(matches!(records(&payload().replace("\"495\"", "\"x\"")), Err(EventError::Number(_))));
        assert!(records("{}").is_err());
    }
}
