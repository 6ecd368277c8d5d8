//! What several targets share: inputs that mutation would not find, since a checksum guards them.

use md5::{Digest, Md5};
use serde_json::{Value, json};

/// What an aggregate begins with.
pub const AGGREGATE_MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];

/// Any bytes as the message of an aggregate whose checksum is right.
pub fn sealed(message: &[u8]) -> Vec<u8> {
    [&AGGREGATE_MAGIC, message, Md5::digest(message).as_slice()].concat()
}

/// `data`, with its checksum put right where it looks like an aggregate.
pub fn resealed(data: &[u8]) -> Vec<u8> {
    let message = data.strip_prefix(&AGGREGATE_MAGIC).and_then(|body| body.split_last_chunk::<16>());
    message.map_or_else(|| data.to_vec(), |(message, _)| sealed(message))
}

/// The records of one input, cut where a line says so.
pub fn records(input: &[u8]) -> Vec<Vec<u8>> {
    const CUT: &[u8] = b"\n--\n";
    let (mut records, mut rest) = (Vec::new(), input);
    while let Some(at) = rest.windows(CUT.len()).position(|bytes| bytes == CUT) {
        records.push(resealed(&rest[..at]));
        rest = &rest[at + CUT.len()..];
    }
    records.push(resealed(rest));
    records
}

/// The answer's records, as the service reads them.
pub fn answered_records(answer: &[u8]) -> Vec<Value> {
    let mut answer: Value = serde_json::from_slice(answer).expect("an answer is JSON");
    match answer["records"].take() {
        Value::Array(records) => records,
        other => panic!("records are an array, not {other}"),
    }
}

/// Whether a line of NDJSON could be this.
pub fn is_one_line_object(document: &[u8]) -> bool {
    serde_json::from_slice::<Value>(document).is_ok_and(|document| document.is_object())
        && !document.contains(&b'\n')
}

/// A number that is used as sequence number and as record id.
pub fn number_of(index: usize) -> String {
    format!("4964000000000000000000000000000000000000000000000{index:07}")
}

/// A Kinesis event of these records, each numbered by its place.
pub fn kinesis_event(records: &[Vec<u8>]) -> Vec<u8> {
    let record = |(index, data): (usize, &Vec<u8>)| {
        json!({
            "kinesis": {
                "partitionKey": "key",
                "sequenceNumber": number_of(index),
                "data": base64_simd::STANDARD.encode_to_string(data),
                "approximateArrivalTimestamp": 1_767_323_045.5,
            },
            "eventID": format!("shardId-000000000006:{}", number_of(index)),
            "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/stream",
        })
    };
    let records: Vec<Value> = records.iter().enumerate().map(record).collect();
    json!({ "Records": records }).to_string().into_bytes()
}

/// A Direct PUT event of these records, each numbered by its place.
pub fn firehose_event(records: &[Vec<u8>]) -> Vec<u8> {
    let record = |(index, data): (usize, &Vec<u8>)| {
        json!({
            "recordId": number_of(index),
            "approximateArrivalTimestamp": 1_767_323_045_000_i64,
            "data": base64_simd::STANDARD.encode_to_string(data),
        })
    };
    let records: Vec<Value> = records.iter().enumerate().map(record).collect();
    json!({ "invocationId": "1", "deliveryStreamArn": "arn", "records": records }).to_string().into_bytes()
}
