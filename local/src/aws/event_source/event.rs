//! The event that a function gets from a Kinesis stream, in Lambda's documented form.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::lane::LaneRecord;
use super::window::{Ending, WindowCall};
use crate::aws::clock::Moment;
use crate::aws::stream::SourceRecord;
use template::{ACCOUNT, REGION};

/// A record of the stream in the form of the event, written once and sent as often as necessary.
#[derive(Debug, Clone)]
pub(super) struct EventRecord {
    pub(super) sequence_number: Arc<str>,
    pub(super) arrived_at: Moment,
    json: Arc<RawValue>,
}

/// What the event of a window says about the window, besides the records.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WindowFields<'a> {
    #[serde(flatten)]
    info: WindowInfo,
    state: &'a RawValue,
    shard_id: &'a str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
}

/// Which window it is and how it ends, in the words of events and on-failure documents.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WindowInfo {
    window: WindowTimes,
    is_final_invoke_for_window: bool,
    is_window_terminated_early: bool,
}

/// Beginning and end of a window, in ISO 8601.
#[derive(Debug, Serialize)]
struct WindowTimes {
    start: String,
    end: String,
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "Records")]
    records: Vec<&'a RawValue>,
    #[serde(flatten)]
    window: Option<WindowFields<'a>>,
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

/// Where records come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) shard: &'a str,
    pub(super) stream_arn: &'a str,
}

impl EventRecord {
    pub(super) fn new(record: &SourceRecord, origin: Origin<'_>) -> Result<Self, serde_json::Error> {
        // A float holds milliseconds since the epoch exactly for the next 285,000 years.
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let arrived_at_s = record.arrived_at as f64 / 1000.0;
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
            event_id: format!("{}:{}", origin.shard, record.sequence_number),
            event_name: "aws:kinesis:record",
            invoke_identity_arn: format!("arn:aws:iam::{ACCOUNT}:role/local"),
            aws_region: REGION,
            event_source_arn: origin.stream_arn,
        })?;
        Ok(Self {
            sequence_number: record.sequence_number.as_str().into(),
            arrived_at: record.arrived_at,
            json: json.into(),
        })
    }
}

impl LaneRecord for EventRecord {
    fn arrived_at(&self) -> Moment {
        self.arrived_at
    }

    fn event_bytes(&self) -> usize {
        self.json.get().len() + 1
    }
}

/// Writes the event of these records, and of their window if the mapping has windows.
pub(super) fn event(
    records: &[EventRecord],
    window: Option<&WindowCall>,
    origin: Origin<'_>,
) -> Result<Bytes, serde_json::Error> {
    let window = match window {
        Some(call) => Some(WindowFields {
            info: WindowInfo::of(call),
            state: serde_json::from_str(call.window.state())?,
            shard_id: origin.shard,
            event_source_arn: origin.stream_arn,
        }),
        None => None,
    };
    let records = records.iter().map(|record| &*record.json).collect();
    serde_json::to_vec(&Event { records, window }).map(Bytes::from)
}

/// The event of records that a person makes up, as a mapping from the stream would send it.
pub(crate) fn of_records(
    stream: &str,
    shard: &str,
    records: &[SourceRecord],
) -> Result<Bytes, serde_json::Error> {
    let stream_arn = format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}");
    let origin = Origin { shard, stream_arn: &stream_arn };
    let records =
        records.iter().map(|record| EventRecord::new(record, origin)).collect::<Result<Vec<_>, _>>()?;
    event(&records, None, origin)
}

impl WindowInfo {
    pub(super) fn of(call: &WindowCall) -> Self {
        Self {
            window: WindowTimes { start: iso(call.window.start()), end: iso(call.window.end()) },
            is_final_invoke_for_window: call.last.is_some(),
            is_window_terminated_early: call.last == Some(Ending::Early),
        }
    }
}

/// A time as Lambda writes it, with as many digits as it needs.
pub(super) fn iso(at: Moment) -> String {
    Timestamp::from_millisecond(at).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::window::Window;
    use super::*;
    use aws_lambda_events::event::kinesis::KinesisEvent;

    const ORIGIN: Origin<'_> = Origin {
        shard: "shardId-000000000006",
        stream_arn: "arn:aws:kinesis:us-east-1:000000000000:stream/S",
    };

    #[test]
    fn another_reader_of_the_format_understands_the_event() {
        let record = SourceRecord {
            sequence_number: "495".to_owned(),
            partition_key: "key".to_owned(),
            data: Bytes::from_static(b"hello"),
            arrived_at: 1_545_084_650_987,
        };
        let event = event(&[EventRecord::new(&record, ORIGIN).unwrap()], None, ORIGIN).unwrap();
        let parsed: KinesisEvent = serde_json::from_slice(&event).unwrap();
        let record = parsed.records.first().unwrap();
        assert_eq!(record.kinesis.sequence_number, "495");
        assert_eq!(record.kinesis.data.0, b"hello");
        assert_eq!(record.event_id.as_deref(), Some("shardId-000000000006:495"));
        assert_eq!(record.kinesis.approximate_arrival_timestamp.timestamp_millis(), 1_545_084_650_987);
    }

    #[test]
    fn a_windowed_event_carries_its_window_beside_the_records() {
        let window = Window::restored(1_607_497_440_000, Duration::from_mins(2), "{\"n\":1}".into());
        let call = WindowCall { window, last: Some(Ending::InTime) };
        let event: serde_json::Value =
            serde_json::from_slice(&event(&[], Some(&call), ORIGIN).unwrap()).unwrap();
        let expected = serde_json::json!({
            "Records": [],
            "window": {"start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:06:00Z"},
            "state": {"n": 1},
            "shardId": ORIGIN.shard,
            "eventSourceARN": ORIGIN.stream_arn,
            "isFinalInvokeForWindow": true,
            "isWindowTerminatedEarly": false,
        });
        assert_eq!(event, expected);
    }
}
