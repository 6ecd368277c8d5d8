//! Firehose's contract, checked on the bytes of the answer: it has every record once and in order, with one
//! of three results, and keeps the limit.
use super::made_up;

use base64_simd::STANDARD;
use edge::lambda::events::FirehoseEvent;
use made_up::{aggregate, crime_row, event, gzip, read_answer, record, stream_record};
use proptest::prelude::*;
use record_model::Schema;
use serde_json::{Value, json};
use transform::{Answered, Batch, Destination, TransformSettings};

const SCHEMA: &str = r#"
    name = "crime"
    form = "delimited"
    delimiter = "|"
    null_tokens = ["", "null"]
    partition_keys = [{ key = "beat", field = "beat" }]
    iceberg = { database = "lake", table = "crime" }
    drop_when = [{ field = "district", is = [6] }]
    [[fields]]
    name = "crime_time"
    type = "timestamp"
    formats = ["yyyy/MM/dd HH:mm:ss"]
    [[fields]]
    name = "address"
    type = "string"
    [[fields]]
    name = "district"
    type = "integer"
    [[fields]]
    name = "beat"
    type = "string"
    [[fields]]
    name = "rest"
    type = "string"
"#;

fn settings(destination: Destination) -> TransformSettings {
    TransformSettings { destination, ..TransformSettings::for_schema("crime") }
}

fn answer(schema: Schema, settings: &TransformSettings, event: &[u8]) -> Answered {
    Batch::new(schema, settings).unwrap().answer(&FirehoseEvent::parse(event).unwrap())
}

/// What a delivery stream may hand over, good and bad, under any id.
fn any_record() -> impl Strategy<Value = Value> {
    let row = (0_i64..9, "[^|\"\\\\\\p{Cc}]{0,30}").prop_map(|(district, beat)| {
        format!("2026/01/02 03:04:05|1 MADE UP ST|{district}|{beat}|rest").into_bytes()
    });
    let data = prop_oneof![
        6 => row.clone(),
        1 => prop::collection::vec(any::<u8>(), 0..80),
        1 => Just(Vec::new()),
        1 => row.clone().prop_map(|row| gzip(&row)),
        1 => prop::collection::vec(row, 1..5).prop_map(|rows| aggregate(&rows)),
        1 => "[a-z|0-9]{0,40}".prop_map(String::into_bytes),
    ];
    let id = prop_oneof![4 => "[0-9]{20,62}", 1 => Just("same".to_owned()), 1 => ".{0,12}"];
    (id, data, any::<bool>(), 0..12_u8).prop_map(|(id, data, from_stream, oddity)| {
        let mut record = if from_stream { stream_record(&id, &data) } else { record(&id, &data) };
        match oddity {
            0 => record["data"] = json!("%% not base64 %%"),
            1 => record["data"] = json!("né\n\"\\"),
            2 => record["data"] = Value::Null,
            3 => drop(record.as_object_mut().unwrap().remove("data")),
            4 => record["kinesisRecordMetadata"] = json!([1, "2"]),
            5 => record["approximateArrivalTimestamp"] = json!("soon"),
            _ => {}
        }
        record
    })
}

fn any_destination() -> impl Strategy<Value = Destination> {
    prop::sample::select(Destination::CHOICES.iter().map(|(_, destination)| *destination).collect::<Vec<_>>())
}

proptest! {
    // A case is a whole batch: 256 of them see some ten thousand records.
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_record_is_answered_once_in_order_and_within_the_limit(
        records in prop::collection::vec(any_record(), 0..60),
        destination in any_destination(),
        spare_bytes in prop_oneof![Just(1_000_000_usize), 0..4000_usize],
    ) {
        let event = event(&records);
        let limit = failed_answer_bytes(&records) + spare_bytes;
        let settings = TransformSettings { answer_limit_bytes: limit, ..settings(destination) };
        let answered = answer(Schema::parse(SCHEMA).unwrap(), &settings, &event);
        prop_assert!(answered.bytes.len() <= limit, "{} bytes, the limit is {limit}", answered.bytes.len());
        let read = read_answer(&answered.bytes);
        prop_assert_eq!(read.len(), records.len());
        for (record, answer) in records.iter().zip(&read) {
            prop_assert_eq!(&answer.id, record["recordId"].as_str().unwrap());
            check_result(record, answer, destination);
        }
        let report = answered.report;
        prop_assert_eq!(report.ok + report.dropped + report.failed.len(), records.len());
        prop_assert_eq!(report.answer_bytes, answered.bytes.len());
    }
}

/// An answer where every record is failed: no smaller limit can be kept.
fn failed_answer_bytes(records: &[Value]) -> usize {
    let escaped = |value: &Value| value.as_str().map_or(0, |text| json!(text).to_string().len() - 2);
    let entries = records.iter().map(|record| escaped(&record["recordId"]) + escaped(&record["data"]) + 60);
    entries.sum::<usize>() + 20
}

fn check_result(record: &Value, answer: &made_up::Answered, destination: Destination) {
    match answer.result.as_str() {
        "Ok" => {
            let bytes = STANDARD.decode_to_vec(&answer.data).unwrap();
            assert_eq!(bytes.ends_with(b"\n"), destination.has_line_ends());
            let documents = answer.documents();
            assert!(documents.len() == 1 || destination == Destination::S3, "{} documents", documents.len());
            assert!(
                documents.iter().all(|document| document["district"] != json!(6)),
                "a dropped one came through"
            );
            let expected = match destination {
                Destination::S3Partitioned => "partitionKeys",
                Destination::Iceberg => "otfMetadata",
                _ => return assert_eq!(answer.metadata, None),
            };
            assert!(answer.metadata.as_ref().unwrap().get(expected).is_some());
        }
        "Dropped" => assert_eq!((answer.data.as_str(), &answer.metadata), ("", &None)),
        "ProcessingFailed" => {
            assert_eq!(answer.data, record["data"].as_str().unwrap_or_default(), "its data is untouched");
            assert_eq!(answer.metadata, None);
        }
        other => panic!("no such result: {other}"),
    }
}

#[test]
fn an_event_without_records_has_an_answer_without_records() {
    let answered = answer(Schema::built_in("crime").unwrap(), &settings(Destination::S3), &event(&[]));
    assert_eq!(answered.bytes, r#"{"records":[]}"#);
}

#[test]
fn a_direct_put_event_of_6_mb_that_would_make_10_stays_within_the_limit() {
    // As many records of a crime row as Lambda's 6 MB hold.
    let mut records = Vec::new();
    let mut bytes = 200;
    for number in 0.. {
        let record = record(
            &format!("4964000000000000000000000000000000000000000000000{number:013}"),
            &crime_row(number),
        );
        bytes += record.to_string().len() + 1;
        if bytes > 6 * 1024 * 1024 {
            break;
        }
        records.push(record);
    }
    assert!(records.len() > 11_000, "{} records", records.len());
    let settings = settings(Destination::S3);
    let answered = answer(Schema::built_in("crime").unwrap(), &settings, &event(&records));
    let report = &answered.report;
    assert!(answered.bytes.len() <= settings.answer_limit_bytes);
    assert!(report.wanted_bytes > 9_500_000, "would have been {} bytes", report.wanted_bytes);
    assert_eq!(report.ok + report.failed_by_kind()["no_room"], records.len());
    assert!(report.ok > 0 && report.answer_bytes > settings.answer_limit_bytes - 1000, "the room is used");

    let read = read_answer(&answered.bytes);
    let ids: Vec<&str> = records.iter().map(|record| record["recordId"].as_str().unwrap()).collect();
    assert_eq!(read.iter().map(|answer| answer.id.as_str()).collect::<Vec<_>>(), ids);

    // What the report advises is right: a batch of that many bytes fits.
    let buffer_mib = report.fitting_buffer_mib().unwrap();
    assert!((0.2..3.0).contains(&buffer_mib), "{buffer_mib} MiB");
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let buffer_bytes = (buffer_mib * f64::from(1 << 20)) as usize;
    let fitting = records.len() * buffer_bytes / report.record_bytes;
    let smaller = answer(Schema::built_in("crime").unwrap(), &settings, &event(&records[..fitting]));
    assert_eq!((smaller.report.ok, smaller.report.fitting_buffer_mib()), (fitting, None));
}
