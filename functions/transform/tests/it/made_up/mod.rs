//! Made-up Firehose events, and answers read as Firehose reads them.
#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::LazyLock;

use base64_simd::STANDARD;
use record_model::compress::Gzip;
use record_model::kpl::{Aggregator, Draft};
use record_model::{RecordContext, Schema};
use serde_json::{Value, json};

/// One record of an event.
pub(crate) fn record(id: &str, data: &[u8]) -> Value {
    json!({
        "recordId": id,
        "approximateArrivalTimestamp": 1_767_323_045_000_i64,
        "data": STANDARD.encode_to_string(data),
    })
}

/// The same, as of a Kinesis stream.
pub(crate) fn stream_record(id: &str, data: &[u8]) -> Value {
    let mut record = record(id, data);
    record["kinesisRecordMetadata"] = json!({
        "sequenceNumber": "49640000000000000000000000000000000000000000000000000001",
        "subsequenceNumber": 0,
        "partitionKey": format!("key-of-{id}"),
        "shardId": "shardId-000000000000",
        "approximateArrivalTimestamp": 1_767_323_045_000_i64,
        "unknown": { "nested": ["}", null] },
    });
    record
}

/// An event of these records; from a stream if one of them is.
pub(crate) fn event(records: &[Value]) -> Vec<u8> {
    let mut event = json!({
        "invocationId": "00000000-0000-4000-8000-000000000001",
        "deliveryStreamArn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/made-up",
        "region": "eu-west-1",
        "records": records,
    });
    if records.iter().any(|record| record.get("kinesisRecordMetadata").is_some()) {
        event["sourceKinesisStreamArn"] = json!("arn:aws:kinesis:eu-west-1:123456789012:stream/made-up");
    }
    event.to_string().into_bytes()
}

static CRIME: LazyLock<Schema> = LazyLock::new(|| Schema::built_in("crime").unwrap());

/// The n-th made-up crime row.
pub(crate) fn crime_row(number: u64) -> Vec<u8> {
    let mut row = Vec::new();
    let context = RecordContext { ingested_at_ms: 1_767_323_045_000, ..RecordContext::default() };
    record_model::made_up::write(&CRIME, 7, number, &context, &mut row);
    row
}

/// Payloads in one KPL aggregate.
pub(crate) fn aggregate(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut aggregator = Aggregator::new(1 << 20);
    for payload in payloads {
        assert!(aggregator.push(&Draft { partition_key: "key", explicit_hash_key: None, data: payload }));
    }
    aggregator.finish().unwrap().data
}

/// A payload in gzip.
pub(crate) fn gzip(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Gzip::new(6).write(payload, None, &mut out).unwrap();
    out
}

/// One answered record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(crate) id: String,
    pub(crate) result: String,
    pub(crate) data: String,
    pub(crate) metadata: Option<Value>,
}

impl Answered {
    /// The documents of a delivered record, line ends off.
    pub(crate) fn documents(&self) -> Vec<Value> {
        let bytes = STANDARD.decode_to_vec(&self.data).unwrap();
        let lines = std::str::from_utf8(&bytes).unwrap().lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Reads an answer; anything but the documented members is refused.
pub(crate) fn read_answer(answer: &[u8]) -> Vec<Answered> {
    let answer: Value = serde_json::from_slice(answer).unwrap();
    let members = answer.as_object().unwrap();
    assert_eq!(members.len(), 1, "only records: {:?}", members.keys());
    members["records"].as_array().unwrap().iter().map(read_record).collect()
}

fn read_record(record: &Value) -> Answered {
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    let metadata = record.get("metadata").cloned();
    let known = 3 + usize::from(metadata.is_some());
    assert_eq!(record.as_object().unwrap().len(), known, "unknown members in {record}");
    Answered { id: text("recordId"), result: text("result"), data: text("data"), metadata }
}
