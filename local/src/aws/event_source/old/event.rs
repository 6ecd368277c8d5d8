//! The event a function gets from a Kinesis stream, in Lambda's documented form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use edge::aws::kinesis_reader::ReadRecord;
use serde::Serialize;
use serde_json::value::RawValue;

use template::{ACCOUNT, REGION};

/// A stream record as it stands in the event, written once and sent as often as need be.
#[derive(Debug)]
pub(super) struct EventRecord {
    pub(super) sequence_number: String,
    pub(super) arrived_at_ms: i64,
    json: Box<RawValue>,
}

/// What a windowed event says of its window.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WindowFields<'a> {
    pub(super) window: WindowTimes,
    pub(super) state: &'a RawValue,
    pub(super) shard_id: &'a str,
    #[serde(rename = "eventSourceARN")]
    pub(super) event_source_arn: &'a str,
    pub(super) is_final_invoke_for_window: bool,
    pub(super) is_window_terminated_early: bool,
}

/// Begin and end of a window, ISO 8601.
#[derive(Debug, Serialize)]
pub(super) struct WindowTimes {
    pub(super) start: String,
    pub(super) end: String,
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "Records")]
    records: Vec<&'a RawValue>,
    #[serde(flatten)]
    window: Option<&'a WindowFields<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    kinesis: Kinesis<'a>,
    event_source: &'a str,
    event_version: &'a str,
    #[serde(rename = "eventID")]
    event_id: String,
    event_name: &'a str,
    invoke_identity_arn: String,
    aws_region: &'a str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis<'a> {
    #[serde(rename = "kinesisSchemaVersion")]
    schema_version: &'a str,
    partition_key: &'a str,
    sequence_number: &'a str,
    data: String,
    approximate_arrival_timestamp: f64,
}

impl EventRecord {
    pub(super) fn new(
        record: &ReadRecord,
        shard_id: &str,
        stream_arn: &str,
    ) -> Result<Self, serde_json::Error> {
        // Milliseconds since the epoch are exact in a float for the next 285,000 years.
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let arrived_at_s = record.arrived_at_ms as f64 / 1000.0;
        let json = serde_json::value::to_raw_value(&Record {
            kinesis: Kinesis {
                schema_version: "1.0",
                partition_key: &record.partition_key,
                sequence_number: &record.sequence_number,
                data: STANDARD.encode(&record.data),
                approximate_arrival_timestamp: arrived_at_s,
            },
            event_source: "aws:kinesis",
            event_version: "1.0",
            event_id: format!("{shard_id}:{}", record.sequence_number),
            event_name: "aws:kinesis:record",
            invoke_identity_arn: format!("arn:aws:iam::{ACCOUNT}:role/local"),
            aws_region: REGION,
            event_source_arn: stream_arn,
        })?;
        Ok(Self {
            sequence_number: record.sequence_number.clone(),
            arrived_at_ms: record.arrived_at_ms,
            json,
        })
    }

    /// Bytes this record takes in an event, its comma included.
    pub(super) fn event_bytes(&self) -> usize {
        self.json.get().len() + 1
    }
}

/// The event of these records.
pub(super) fn event(
    records: &[EventRecord],
    window: Option<&WindowFields<'_>>,
) -> Result<Bytes, serde_json::Error> {
    let records = records.iter().map(|record| &*record.json).collect();
    serde_json::to_vec(&Event { records, window }).map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lambda_events::event::kinesis::KinesisEvent;

    pub(in crate::aws::event_source::old) fn record(sequence_number: &str, data: &str) -> EventRecord {
        let record = ReadRecord {
            sequence_number: sequence_number.to_owned(),
            partition_key: "key".to_owned(),
            data: Bytes::copy_from_slice(data.as_bytes()),
            arrived_at_ms: 1_545_084_650_987,
        };
        EventRecord::new(&record, "shardId-000000000006", "arn:aws:kinesis:us-east-1:000000000000:stream/S")
            .unwrap()
    }

    #[test]
    fn another_reader_of_the_format_understands_the_event() {
        let event = event(&[record("495", "hello")], None).unwrap();
        let parsed: KinesisEvent = serde_json::from_slice(&event).unwrap();
        let record = parsed.records.first().unwrap();
        assert_eq!(record.kinesis.sequence_number, "495");
        assert_eq!(record.kinesis.data.0, b"hello");
        assert_eq!(record.event_id.as_deref(), Some("shardId-000000000006:495"));
        assert_eq!(record.kinesis.approximate_arrival_timestamp.timestamp_millis(), 1_545_084_650_987);
    }

    #[test]
    fn a_windowed_event_carries_its_window_beside_the_records() {
        let state = RawValue::from_string("{\"n\":1}".to_owned()).unwrap();
        let window = WindowFields {
            window: WindowTimes {
                start: "2020-12-09T07:04:00Z".to_owned(),
                end: "2020-12-09T07:06:00Z".to_owned(),
            },
            state: &state,
            shard_id: "shardId-000000000006",
            event_source_arn: "arn",
            is_final_invoke_for_window: true,
            is_window_terminated_early: false,
        };
        let event: serde_json::Value = serde_json::from_slice(&event(&[], Some(&window)).unwrap()).unwrap();
        let expected = serde_json::json!({
            "Records": [],
            "window": {"start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:06:00Z"},
            "state": {"n": 1},
            "shardId": "shardId-000000000006",
            "eventSourceARN": "arn",
            "isFinalInvokeForWindow": true,
            "isWindowTerminatedEarly": false,
        });
        assert_eq!(event, expected);
    }
}
