//! Whatever holds records is opened, one line a user record.

use record_model::{
    chunk,
    compress::Gzip,
    kpl::{Aggregator, Draft},
};
use serde_json::{Value, json};

use super::*;

fn decoded(bytes: &[u8], form: DataForm) -> (Vec<Value>, bool) {
    let mut out = Vec::new();
    let records = input::records(bytes).into_iter().map(Ok);
    let all_good = decode(records, form, Printer::new(&mut out, false)).unwrap();
    let lines = String::from_utf8(out).unwrap();
    (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), all_good)
}

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Gzip::new(6).write(data, None, &mut out).unwrap();
    out
}

fn aggregate(user_records: &[&[u8]]) -> Vec<u8> {
    let mut aggregator = Aggregator::new(1 << 20);
    for data in user_records {
        assert!(aggregator.push(&Draft { partition_key: "inner", explicit_hash_key: Some("7"), data }));
    }
    aggregator.finish().unwrap().data
}

fn kinesis_event(records: &[&[u8]]) -> String {
    let records: Vec<Value> = (1..)
        .zip(records)
        .map(|(n, data)| {
            json!({
                "kinesis": {"sequenceNumber": n.to_string(), "partitionKey": "outer", "data": base64(data)},
                "eventSourceARN": "arn:aws:kinesis:eu-west-1:1:stream/s", "eventID": "shardId-0:1",
            })
        })
        .collect();
    json!({ "Records": records }).to_string()
}

#[test]
fn what_kinflow_put_aside_is_opened_whoever_wrote_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/put_aside/");
    let opened = |name: &str| decoded(&fs::read(format!("{folder}{name}")).unwrap(), DataForm::Text);
    let number = "49590338271490256608559692538361571095921575989136588898";
    let line = |sequence_number: Option<&str>, sub: Option<u64>, partition_key: Option<&str>| {
        json!({"sequenceNumber": sequence_number, "subSequenceNumber": sub, "partitionKey": partition_key,
               "explicitHashKey": null, "format": [], "data": "not json"})
    };
    assert_eq!(opened("consumer.json"), (vec![line(Some(number), Some(2), Some("ключ"))], true));
    assert_eq!(opened("producer.json"), (vec![line(None, None, None)], true));
    assert_eq!(opened("put.ndjson"), (vec![line(None, None, None)], true));
    let (lines, all_good) = opened("transform.ndjson");
    assert_eq!(lines[0], line(Some(number), None, Some("k")));
    assert_eq!(lines[1]["error"], "payload of 4 characters is not base64");
    assert!(!all_good && lines.len() == 2);
}

#[test]
fn an_event_becomes_a_line_for_each_user_record() {
    let event = kinesis_event(&[b"plain", &aggregate(&[b"one", &gzip(b"two")])]);
    let (lines, all_good) = decoded(event.as_bytes(), DataForm::Text);
    assert!(all_good);
    assert_eq!(
        lines,
        [
            json!({"sequenceNumber": "1", "subSequenceNumber": null, "partitionKey": "outer",
                   "explicitHashKey": null, "format": [], "data": "plain"}),
            json!({"sequenceNumber": "2", "subSequenceNumber": 0, "partitionKey": "inner",
                   "explicitHashKey": "7", "format": ["kpl"], "data": "one"}),
            json!({"sequenceNumber": "2", "subSequenceNumber": 1, "partitionKey": "inner",
                   "explicitHashKey": "7", "format": ["kpl", "gzip"], "data": "two"}),
        ]
    );
}

#[test]
fn what_can_not_be_opened_is_a_line_with_an_error_and_costs_no_neighbour() {
    let event = kinesis_event(&[b"\x1F\x8B broken", b"good"]).replace("Z29vZA==", "no base64!");
    let (lines, all_good) = decoded(event.as_bytes(), DataForm::Text);
    assert!(!all_good);
    assert_eq!(lines[0]["error"], "gzip data is damaged");
    assert!(lines[1]["error"].is_string() && lines[1].get("data").is_none(), "{lines:?}");
}

#[test]
fn bare_bytes_are_one_record() {
    let (lines, _) = decoded(&gzip(b"{\"id\": 9007199254740993}\n"), DataForm::Json);
    assert_eq!(lines[0]["data"]["id"].to_string(), "9007199254740993");
    assert_eq!(lines[0]["format"], json!(["gzip"]));
    let (lines, _) = decoded(&aggregate(&[b"a", b"b"]), DataForm::Base64);
    assert_eq!([&lines[0]["data"], &lines[1]["data"]], ["YQ==", "Yg=="]);
}

#[test]
fn json_over_several_lines_stays_on_one() {
    let (lines, _) = decoded(b"{\"a\":\n \"x\\ny\"}", DataForm::Json);
    assert_eq!(
        lines,
        [json!({"sequenceNumber": null, "subSequenceNumber": null, "partitionKey": null,
        "explicitHashKey": null, "format": [], "data": {"a": "x\ny"}})]
    );
    let (lines, _) = decoded(b"a|b", DataForm::Json);
    assert_eq!(lines[0]["data"], "a|b");
}

#[test]
fn failure_objects_are_opened() {
    let lambda = json!({"version": "1.0", "KinesisBatchInfo": {}, "payload": kinesis_event(&[b"row"])});
    let (lines, _) = decoded(lambda.to_string().as_bytes(), DataForm::Text);
    assert_eq!((&lines[0]["data"], &lines[0]["sequenceNumber"]), (&json!("row"), &json!("1")));
    let line = |data: &[u8]| json!({"attemptsMade": 4, "rawData": base64(data)}).to_string();
    let firehose = format!("{}\n{}\n", line(b"one"), line(b"two"));
    let (lines, _) = decoded(firehose.as_bytes(), DataForm::Text);
    assert_eq!((&lines[0]["data"], &lines[1]["data"]), (&json!("one"), &json!("two")));
}

#[test]
fn events_of_firehose_and_answers_of_get_records_are_opened() {
    let firehose = json!({"invocationId": "i", "records": [{"recordId": "1", "data": base64(b"row"),
        "kinesisRecordMetadata": {"sequenceNumber": "9", "partitionKey": "k", "subsequenceNumber": ""}}]});
    let (lines, _) = decoded(firehose.to_string().as_bytes(), DataForm::Text);
    assert_eq!((&lines[0]["data"], &lines[0]["sequenceNumber"]), (&json!("row"), &json!("9")));
    let answer = json!({"NextShardIterator": "i",
        "Records": [{"SequenceNumber": "5", "PartitionKey": "k", "Data": base64(b"row")}]});
    let (lines, _) = decoded(answer.to_string().as_bytes(), DataForm::Text);
    assert_eq!((&lines[0]["data"], &lines[0]["partitionKey"]), (&json!("row"), &json!("k")));
}

#[test]
fn a_message_in_chunks_is_one_line_and_a_missing_chunk_is_told() {
    let message = gzip(b"a message of several chunks");
    let chunks: Vec<Vec<u8>> = chunk::split(&message, 7, chunk::OVERHEAD_BYTES + 10)
        .unwrap()
        .map(|chunk| {
            let mut framed = Vec::new();
            chunk.write(&mut framed);
            framed
        })
        .collect();
    let mut records: Vec<&[u8]> = chunks.iter().rev().map(Vec::as_slice).collect();
    records.push(&chunks[0]);
    let (lines, all_good) = decoded(kinesis_event(&records).as_bytes(), DataForm::Text);
    assert!(all_good);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["data"], "a message of several chunks");
    assert_eq!(lines[0]["format"], json!(["chunk", "gzip"]));
    let (lines, all_good) = decoded(kinesis_event(&records[1..2]).as_bytes(), DataForm::Text);
    assert!(!all_good);
    assert!(lines[0]["error"].as_str().unwrap().contains("chunks of the message are not"));
}
