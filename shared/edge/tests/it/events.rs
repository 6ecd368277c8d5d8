//! Events of every form: the shipped fixtures, AWS's samples, and the same reading as `aws_lambda_events`.

use aws_lambda_events::event::{firehose::KinesisFirehoseEvent, kinesis::KinesisEvent as TypedKinesisEvent};
use edge::lambda::events::{DataError, EventError, FirehoseEvent, KinesisEvent};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/events");
    std::fs::read(folder.join(name)).unwrap()
}

fn decoded(record: impl Fn(&mut Vec<u8>) -> Result<(), DataError>) -> Result<Vec<u8>, DataError> {
    let mut bytes = b"left over".to_vec();
    record(&mut bytes).map(|()| bytes)
}

#[test]
fn a_kinesis_event_is_read_as_the_typed_crate_reads_it() {
    for name in ["kinesis.json", "kinesis-window.json"] {
        assert_same_kinesis(&fixture(name));
    }
}

#[test]
fn a_firehose_event_is_read_as_the_typed_crate_reads_it() {
    for name in ["firehose-stream.json", "firehose-put.json"] {
        assert_same_firehose(&fixture(name));
    }
}

#[test]
fn a_window_hands_over_its_bounds_and_state() {
    let body = fixture("kinesis-window-final.json");
    let event = KinesisEvent::parse(&body).unwrap();
    let window = event.window.unwrap();
    assert!(event.records.is_empty());
    assert_eq!((window.start, window.end), ("2026-01-02T03:04:00Z", "2026-01-02T03:06:00Z"));
    assert_eq!((window.shard_id, window.stream), ("shardId-000000000002", "tweets"));
    assert_eq!((window.is_final, window.is_terminated_early), (true, false));
    let state: Value = serde_json::from_str(window.state.unwrap()).unwrap();
    assert_eq!(state, json!({ "count": 3, "mean": 30.5 }));
}

#[test]
fn the_first_event_of_a_window_has_no_state() {
    let body = fixture("kinesis-window.json");
    assert_eq!(KinesisEvent::parse(&body).unwrap().window.unwrap().state, None);
}

#[test]
fn a_bad_firehose_record_costs_its_neighbours_nothing() {
    let body = fixture("firehose-odd.json");
    let event = FirehoseEvent::parse(&body).unwrap();
    let data: Vec<_> = event.records.iter().map(|record| decoded(|out| record.decode_into(out))).collect();
    assert_eq!(
        data,
        [
            Ok(b"x".to_vec()),
            Err(DataError::NotBase64 { bytes: 17 }),
            Err(DataError::Missing),
            Ok(b"z".to_vec())
        ]
    );
    let arrivals: Vec<_> = event.records.iter().map(|record| record.arrived_at_ms).collect();
    assert_eq!(arrivals, [1_767_323_045_000, 1_767_323_045_678, 0, 1_767_323_045_003]);
    let subsequence: Vec<_> =
        event.records.iter().map(|r| r.position().map(|at| at.subsequence_number)).collect();
    assert_eq!(subsequence, [Some(None), Some(Some(17)), None, None]);
}

#[test]
fn a_bad_kinesis_record_costs_its_neighbours_nothing() {
    let body = fixture("kinesis-odd.json");
    let event = KinesisEvent::parse(&body).unwrap();
    let data: Vec<_> = event.records.iter().map(|record| decoded(|out| record.decode_into(out))).collect();
    assert_eq!(data, [Err(DataError::NotBase64 { bytes: 3 }), Err(DataError::Missing), Ok(Vec::new())]);
    assert_eq!(event.records[0].arrived_at_ms, 1_607_497_475_000);
    assert_eq!(event.records[1].partition_key, "");
    assert!(event.records[2].sequence_number.starts_with("4964"), "from the event id");
}

#[test]
fn escapes_are_undone_where_text_is_asked_for_and_kept_where_it_is_echoed() {
    let body = br#"{"records":[{"recordId":"a\"\u00e9","data":"\/\/\u002b\/"}]}"#;
    let event = FirehoseEvent::parse(body).unwrap();
    let record = event.records[0];
    assert_eq!(record.record_id.text(), "a\"é");
    assert_eq!(record.record_id.raw(), br#"a\"\u00e9"#);
    assert_eq!(decoded(|out| record.decode_into(out)), Ok(vec![0xff, 0xff, 0xbf]));
}

#[test]
fn a_broken_envelope_is_one_clear_error() {
    let malformed = |byte, expected| EventError::Malformed { byte, expected };
    for (body, error) in [
        ("", malformed(0, "an object")),
        ("[]", malformed(0, "an object")),
        ("null", malformed(0, "an object")),
        ("{", malformed(1, "a string")),
        (r#"{"records":[{"recordId":"1","data":"eA=="}"#, malformed(42, "a comma or the array's end")),
        (r#"{"records":[{"recordId":"1"#, malformed(25, "the string's end")),
        (r#"{"records":[1]}"#, malformed(12, "an object")),
        (r#"{"records":[]} x"#, malformed(15, "the event's end")),
        (r#"{"a":}"#, malformed(5, "a value")),
        ("{}", EventError::NoRecords { name: "records" }),
        (r#"{"records":{}}"#, EventError::NoRecords { name: "records" }),
        (r#"{"records":[{"data":""}]}"#, EventError::NoIdentity { index: 0, name: "recordId" }),
    ] {
        assert_eq!(FirehoseEvent::parse(body.as_bytes()), Err(error), "{body}");
    }
    assert_eq!(
        FirehoseEvent::parse(b"{}").unwrap_err().to_string(),
        "event has no array named \"records\": it does not come from a source of this function"
    );
    let no_number = br#"{"Records":[{"kinesis":{}}]}"#;
    let error = EventError::NoIdentity { index: 0, name: "sequenceNumber" };
    assert_eq!(KinesisEvent::parse(no_number), Err(error));
}

#[test]
fn every_sample_of_aws_is_read() {
    let Some(folder) = test_support::data("events") else { return };
    let folders = std::fs::read_dir(folder).unwrap();
    let files = folders.flatten().filter(|entry| entry.path().is_dir());
    let files = files.flat_map(|entry| std::fs::read_dir(entry.path()).unwrap().flatten());
    let mut read = 0;
    for path in files.map(|entry| entry.path()) {
        read += usize::from(sample_is_read(&path));
    }
    assert!(read >= 20, "{read} samples");
}

/// Whether it was an event: two of the files are answers.
fn sample_is_read(path: &PathBuf) -> bool {
    let body = std::fs::read(path).unwrap();
    let json: Value = serde_json::from_slice(&body).unwrap();
    let is_answer = json.get("batchItemFailures").is_some();
    if let Some(records) = json["Records"].as_array() {
        let event = KinesisEvent::parse(&body).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(event.records.len(), records.len(), "{}", path.display());
        assert!(event.records.iter().all(|record| record.arrived_at_ms > 1_400_000_000_000));
    } else if let Some(records) = json["records"].as_array() {
        let event = FirehoseEvent::parse(&body).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(event.records.len(), records.len(), "{}", path.display());
    } else {
        assert!(is_answer, "{} has no records", path.display());
    }
    !is_answer
}

#[track_caller]
fn assert_same_kinesis(body: &[u8]) {
    let event = KinesisEvent::parse(body).unwrap();
    let typed: TypedKinesisEvent = serde_json::from_slice(body).unwrap();
    assert_eq!(event.records.len(), typed.records.len());
    for (record, typed) in event.records.iter().zip(&typed.records) {
        let arn = typed.event_source_arn.as_deref().unwrap();
        assert_eq!(Some(record.stream), arn.rsplit('/').next());
        let event_id = format!("{}:{}", record.shard_id, record.sequence_number);
        assert_eq!(Some(&event_id), typed.event_id.as_ref());
        assert_eq!(record.partition_key, typed.kinesis.partition_key);
        assert_eq!(record.sequence_number, typed.kinesis.sequence_number);
        let arrived = typed.kinesis.approximate_arrival_timestamp.timestamp_millis();
        assert_eq!(record.arrived_at_ms, arrived);
        assert_eq!(decoded(|out| record.decode_into(out)).as_ref(), Ok(&typed.kinesis.data.0));
    }
}

#[track_caller]
fn assert_same_firehose(body: &[u8]) {
    let event = FirehoseEvent::parse(body).unwrap();
    let typed: KinesisFirehoseEvent = serde_json::from_slice(body).unwrap();
    assert_eq!(event.invocation_id.map(|id| id.text().into_owned()), typed.invocation_id);
    assert_eq!(event.source_stream_arn.map(|arn| arn.text().into_owned()), typed.source_kinesis_stream_arn);
    assert_eq!(event.records.len(), typed.records.len());
    for (record, typed) in event.records.iter().zip(&typed.records) {
        assert_eq!(record.record_id.text(), typed.record_id.as_deref().unwrap());
        // The typed crate goes through floating point and loses up to a millisecond.
        let late_ms = record.arrived_at_ms - typed.approximate_arrival_timestamp.timestamp_millis();
        assert!((0..=1).contains(&late_ms), "{late_ms} ms apart");
        assert_eq!(decoded(|out| record.decode_into(out)).as_ref(), Ok(&typed.data.0));
        let position = record.position().unwrap_or_default();
        let metadata = &typed.kinesis_firehose_record_metadata;
        let typed_number = metadata.as_ref().and_then(|at| at.sequence_number.clone());
        assert_eq!(record.position().map(|_| position.sequence_number.text().into_owned()), typed_number);
    }
}

prop_compose! {
    fn kinesis_record()(
        key in ".{1,20}", number in "[1-9][0-9]{55}", data in prop::collection::vec(any::<u8>(), 0..60),
        // The typed crate reads `.83` as 83 ms, so the last decimal is never 0 here.
        ms in (140_000_000_000_i64..190_000_000_000).prop_map(|tens| tens * 10 + 7),
    ) -> Value {
        json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0", "partitionKey": key, "sequenceNumber": number, "data": base64(&data),
                "approximateArrivalTimestamp": serde_json::from_str::<Value>(&seconds(ms)).unwrap(),
            },
            "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventName": "aws:kinesis:record",
            "eventID": format!("shardId-000000000001:{number}"), "awsRegion": "eu-west-1",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/r",
            "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/made-up",
        })
    }
}

prop_compose! {
    fn firehose_record()(
        id in ".{1,20}", key in ".{0,10}", data in prop::collection::vec(any::<u8>(), 0..60),
        ms in 1_400_000_000_000_i64..1_900_000_000_000, number in "[1-9][0-9]{55}", from_stream in any::<bool>(),
    ) -> Value {
        let mut record = json!({ "recordId": id, "approximateArrivalTimestamp": ms, "data": base64(&data) });
        if from_stream {
            record["kinesisRecordMetadata"] = json!({
                "shardId": "shardId-000000000000", "partitionKey": key, "approximateArrivalTimestamp": ms,
                "sequenceNumber": number, "subsequenceNumber": 0,
            });
        }
        record
    }
}

fn base64(data: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(data)
}

fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

proptest! {
    // Each case compares a whole batch, so 128 of them see thousands of records.
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_well_formed_kinesis_event_is_read_as_the_typed_crate_reads_it(
        records in prop::collection::vec(kinesis_record(), 0..20), pretty in any::<bool>(),
    ) {
        assert_same_kinesis(&to_bytes(&json!({ "Records": records }), pretty));
    }

    #[test]
    fn any_well_formed_firehose_event_is_read_as_the_typed_crate_reads_it(
        records in prop::collection::vec(firehose_record(), 0..20), pretty in any::<bool>(),
    ) {
        let event = json!({ "invocationId": "i", "deliveryStreamArn": "d", "region": "r", "records": records });
        assert_same_firehose(&to_bytes(&event, pretty));
    }

    #[test]
    fn no_bytes_make_a_parser_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = FirehoseEvent::parse(&body);
        let _ = KinesisEvent::parse(&body);
    }

    #[test]
    fn a_cut_event_is_an_error_and_never_a_shorter_batch(cut in 0.0..1.0_f64) {
        for name in ["firehose-stream.json", "kinesis-window.json"] {
            let body = fixture(name);
            let end = body.iter().rposition(|byte| *byte == b'}').unwrap();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let cut = (end as f64 * cut) as usize;
            prop_assert!(FirehoseEvent::parse(&body[..cut]).is_err());
            prop_assert!(KinesisEvent::parse(&body[..cut]).is_err());
        }
    }
}

fn to_bytes(event: &Value, pretty: bool) -> Vec<u8> {
    if pretty { serde_json::to_vec_pretty(event).unwrap() } else { serde_json::to_vec(event).unwrap() }
}
