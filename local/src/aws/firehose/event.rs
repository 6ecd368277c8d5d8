//! The event that a transformation function gets, in Firehose's documented form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;

use super::apart::{UserRecord, apart};
use super::checkpoint::Origin;
use crate::aws::stream::source::SourceRecord;
use std::sync::Arc;
use template::{ACCOUNT, REGION};
use uuid::Uuid;

/// Bytes of JSON around one record's keys and data, with room to spare.
const RECORD_OVERHEAD_BYTES: usize = 400;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    invocation_id: &'a str,
    delivery_stream_arn: &'a str,
    region: &'a str,
    source_kinesis_stream_arn: &'a str,
    records: Vec<Record<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(rename = "recordId")]
    id: String,
    approximate_arrival_timestamp: i64,
    data: String,
    kinesis_record_metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    sequence_number: &'a str,
    subsequence_number: u64,
    partition_key: &'a str,
    shard_id: &'a str,
    approximate_arrival_timestamp: i64,
}

/// The sender of the event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) delivery_arn: &'a str,
    pub(super) stream_arn: &'a str,
}

/// The event of these records. Each attempt has another invocation id (captured from AWS).
pub(super) fn event(
    records: &[UserRecord],
    invocation_id: &str,
    sender: &Sender<'_>,
) -> Result<Bytes, serde_json::Error> {
    let records = records.iter().map(|record| Record {
        id: record.record_id(),
        approximate_arrival_timestamp: record.arrived_at,
        data: STANDARD.encode(&record.data),
        kinesis_record_metadata: Metadata {
            sequence_number: &record.sequence_number,
            subsequence_number: record.sub_sequence_number,
            partition_key: &record.partition_key,
            shard_id: &record.shard_id,
            approximate_arrival_timestamp: record.arrived_at,
        },
    });
    let event = Event {
        invocation_id,
        delivery_stream_arn: sender.delivery_arn,
        region: REGION,
        source_kinesis_stream_arn: sender.stream_arn,
        records: records.collect(),
    };
    serde_json::to_vec(&event).map(Bytes::from)
}

/// The event of records that a person makes up, as a delivery stream would send it.
pub(crate) fn of_records(
    delivery: &str,
    (stream, shard): (&str, &str),
    records: &[SourceRecord],
) -> Result<Bytes, serde_json::Error> {
    let shard = Arc::from(shard);
    let user_records =
        (0..).zip(records).flat_map(|(ordinal, record)| apart(Origin { shard: 0, ordinal }, &shard, record));
    let sender = Sender {
        delivery_arn: &format!("arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{delivery}"),
        stream_arn: &format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"),
    };
    event(&user_records.collect::<Vec<_>>(), &Uuid::new_v4().to_string(), &sender)
}

/// At most this many bytes of an event are one record's.
pub(super) fn event_bytes(record: &UserRecord) -> usize {
    // A character of the partition key may be written as `\u0000`.
    record.data.len().div_ceil(3) * 4 + record.partition_key.len() * 6 + RECORD_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lambda_events::event::firehose::KinesisFirehoseEvent;

    #[test]
    fn another_reader_of_the_format_understands_the_event() {
        let record = UserRecord {
            origin: Origin { shard: 0, ordinal: 0 },
            shard_id: "shardId-000000000000".into(),
            sequence_number: "49546986683135544286507457936321625675700192471156785154".into(),
            sub_sequence_number: 3,
            partition_key: "k\"\u{1}".to_owned(),
            arrived_at: 1_495_072_949_453,
            data: Bytes::from_static(b"hello"),
        };
        let sender = Sender { delivery_arn: "arn:d", stream_arn: "arn:s" };
        let event = event(std::slice::from_ref(&record), "i-1", &sender).unwrap();
        assert!(event.len() < event_bytes(&record) + 200);
        let parsed: KinesisFirehoseEvent = serde_json::from_slice(&event).unwrap();
        assert_eq!(parsed.source_kinesis_stream_arn.as_deref(), Some("arn:s"));
        assert_eq!(parsed.invocation_id.as_deref(), Some("i-1"));
        let parsed = parsed.records.first().unwrap();
        assert_eq!(
            parsed.record_id.as_deref(),
            Some("49546986683135544286507457936321625675700192471156785154000003")
        );
        assert_eq!(parsed.data.0, b"hello");
    }
}
