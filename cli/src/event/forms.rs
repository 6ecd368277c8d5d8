//! AWS's envelopes around records. <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>,
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>

use base64_simd::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::records::Record;

/// The length of a tumbling window.
const WINDOW_MS: i64 = 120_000;
const REGION: &str = "us-east-1";
const ACCOUNT: &str = "123456789012";
const SHARD: &str = "shardId-000000000000";
/// The digits that precede a record's own four or more.
const NUMBER: &str = "4959033827149025660855969253836157109592157598913658";

/// Where and when the records arrived.
pub(super) struct Envelope {
    stream: String,
    arrived_at_ms: i64,
}

impl Envelope {
    pub(super) fn new(stream: &str, arrived_at_ms: i64) -> Self {
        Self { stream: stream.to_owned(), arrived_at_ms }
    }

    fn stream_arn(&self) -> String {
        format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{}", self.stream)
    }

    /// What an event source mapping sends. With `in_window`, it is the event of a two-minute window without a
    /// state yet.
    pub(super) fn kinesis(&self, records: &[Record], in_window: bool) -> Value {
        #[allow(clippy::cast_precision_loss, reason = "milliseconds are exact in a float for 285,000 years")]
        let arrived_at_s = self.arrived_at_ms as f64 / 1000.0;
        let record = |(number, record): (String, &Record)| {
            json!({
                "kinesis": {
                    "kinesisSchemaVersion": "1.0", "partitionKey": record.key, "sequenceNumber": number,
                    "data": STANDARD.encode_to_string(&record.data),
                    "approximateArrivalTimestamp": arrived_at_s,
                },
                "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("{SHARD}:{number}"),
                "eventName": "aws:kinesis:record", "invokeIdentityArn": format!("arn:aws:iam::{ACCOUNT}:role/test"),
                "awsRegion": REGION, "eventSourceARN": self.stream_arn(),
            })
        };
        let records = numbered(records).map(record).collect::<Vec<_>>();
        if !in_window {
            return json!({"Records": records});
        }
        let start = self.arrived_at_ms - self.arrived_at_ms.rem_euclid(WINDOW_MS);
        json!({
            "Records": records,
            "window": {"start": time(start), "end": time(start + WINDOW_MS)},
            "state": {},
            "shardId": SHARD,
            "eventSourceARN": self.stream_arn(),
            "isFinalInvokeForWindow": false,
            "isWindowTerminatedEarly": false,
        })
    }

    /// What a delivery stream sends to its transform.
    pub(super) fn firehose(&self, records: &[Record]) -> Value {
        let record = |(number, record): (String, &Record)| {
            json!({
                "recordId": format!("{number}000000"), "approximateArrivalTimestamp": self.arrived_at_ms,
                "data": STANDARD.encode_to_string(&record.data),
                "kinesisRecordMetadata": {
                    "sequenceNumber": number, "subsequenceNumber": 0, "partitionKey": record.key, "shardId": SHARD,
                    "approximateArrivalTimestamp": self.arrived_at_ms,
                },
            })
        };
        json!({
            "invocationId": "00000000-0000-0000-0000-000000000000",
            "deliveryStreamArn": format!("arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{}", self.stream),
            "region": REGION, "sourceKinesisStreamArn": self.stream_arn(),
            "records": numbered(records).map(record).collect::<Vec<_>>(),
        })
    }
}

fn numbered(records: &[Record]) -> impl Iterator<Item = (String, &Record)> {
    (1..).zip(records).map(|(index, record): (u32, _)| (format!("{NUMBER}{index:04}"), record))
}

fn time(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use edge::lambda::events::{FirehoseEvent, KinesisEvent};

    use super::*;

    #[test]
    fn the_functions_own_readers_take_the_events() {
        let record = |data: &[u8]| Record { key: "k\"é".to_owned(), data: data.to_vec() };
        let records = [record(b"one"), record(b"\xff")];
        let envelope = Envelope::new("crime", 1_764_000_000_123);
        for in_window in [false, true] {
            let event = envelope.kinesis(&records, in_window).to_string();
            let event = KinesisEvent::parse(event.as_bytes()).unwrap();
            let mut data = Vec::new();
            event.records[1].decode_into(&mut data).unwrap();
            assert_eq!((event.records.len(), data.as_slice()), (2, &b"\xff"[..]));
            assert!(event.records[0].sequence_number < event.records[1].sequence_number);
        }
        let event = envelope.firehose(&records).to_string();
        let event = FirehoseEvent::parse(event.as_bytes()).unwrap();
        let mut data = Vec::new();
        event.records[0].decode_into(&mut data).unwrap();
        assert_eq!((event.records.len(), data.as_slice()), (2, &b"one"[..]));
    }
}
