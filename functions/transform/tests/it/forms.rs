//! The forms in which a record arrives, and what happens to each at each destination.
use super::made_up;

use edge::lambda::events::FirehoseEvent;
use made_up::{Answered, aggregate, crime_row, event, gzip, read_answer, record, stream_record};
use record_model::Schema;
use serde_json::{Value, json};
use transform::{Batch, Destination, Report, TransformSettings};

fn transform(schema: &str, destination: Destination, event: &[u8]) -> (Vec<Answered>, Report) {
    let settings = TransformSettings { destination, ..TransformSettings::for_schema(schema) };
    let mut batch = Batch::new(Schema::built_in(schema).unwrap(), &settings).unwrap();
    let answered = batch.answer(&FirehoseEvent::parse(event).unwrap());
    (read_answer(&answered.bytes), answered.report)
}

#[track_caller]
fn one(schema: &str, destination: Destination, data: &[u8]) -> Result<Vec<Value>, String> {
    let (answers, report) = transform(schema, destination, &event(&[record("1", data)]));
    match answers[0].result.as_str() {
        "Ok" => Ok(answers[0].documents()),
        "ProcessingFailed" => Err(report.failed[0].failure.kind().to_owned()),
        other => Err(other.to_owned()),
    }
}

fn district(row: &[u8]) -> i64 {
    std::str::from_utf8(row).unwrap().split('|').nth(2).unwrap().parse().unwrap()
}

#[test]
fn a_row_is_the_same_document_plain_and_compressed() {
    let row = crime_row(1);
    let plain = one("crime", Destination::OpenSearch, &row).unwrap();
    assert_eq!(plain[0]["district"], json!(district(&row)));
    assert_eq!(one("crime", Destination::OpenSearch, &gzip(&row)), Ok(plain));
}

#[test]
fn an_aggregate_is_several_lines_for_s3_and_fails_elsewhere() {
    let rows: Vec<_> = (0..3).map(crime_row).collect();
    let documents = one("crime", Destination::S3, &aggregate(&rows)).unwrap();
    let districts: Vec<_> = documents.iter().map(|document| document["district"].clone()).collect();
    assert_eq!(districts, rows.iter().map(|row| json!(district(row))).collect::<Vec<_>>());
    let failed = one("crime", Destination::OpenSearch, &aggregate(&rows));
    assert_eq!(failed, Err("several_documents".to_owned()));
    let single = one("crime", Destination::OpenSearch, &aggregate(&rows[..1]));
    assert_eq!(single.map(|documents| documents.len()), Ok(1));
}

#[test]
fn several_records_in_one_payload_are_a_document_each_for_s3_and_fail_elsewhere() {
    let rows: Vec<_> = (0..3).map(crime_row).collect();
    for end in ["\n", "\r\n\n"] {
        let payload = rows.iter().flat_map(|row| [row, end.as_bytes()].concat()).collect::<Vec<u8>>();
        let documents = one("crime", Destination::S3, &gzip(&payload)).unwrap();
        let districts: Vec<_> = documents.iter().map(|document| document["district"].clone()).collect();
        assert_eq!(districts, rows.iter().map(|row| json!(district(row))).collect::<Vec<_>>());
        let failed = one("crime", Destination::OpenSearch, &payload);
        assert_eq!(failed, Err("several_documents".to_owned()));
    }
    let with_a_bad_one = [&rows[0][..], b"\nno row\n", &rows[1]].concat();
    assert_eq!(one("crime", Destination::S3, &with_a_bad_one), Err("not_timestamp".to_owned()));
    let tweet = |id: u32| json!({"id": id.to_string(), "text": "a"}).to_string();
    let documents = one("tweets", Destination::S3, (tweet(1) + &tweet(2)).as_bytes()).unwrap();
    assert_eq!(
        documents.iter().map(|tweet| tweet["id"].clone()).collect::<Vec<_>>(),
        [json!("1"), json!("2")]
    );
    assert_eq!(one("tweets", Destination::S3, (tweet(1) + "]").as_bytes()), Err("not_json".to_owned()));
}

#[test]
fn half_a_character_is_delivered_as_a_whole_one_and_counted() {
    let payload = br#"{"id":"1","text":"cut \ud83d"}"#;
    let (answers, report) = transform("tweets", Destination::S3, &event(&[record("1", payload)]));
    assert_eq!(answers[0].documents()[0]["text"], json!("cut \u{FFFD}"));
    assert_eq!((report.ok, report.mended), (1, 1));
    let marked = [b"\xEF\xBB\xBF", &payload[..]].concat();
    assert_eq!(one("tweets", Destination::S3, &marked).unwrap().len(), 1);
}

#[test]
fn an_aggregate_fails_as_a_whole_so_that_nothing_of_it_is_lost() {
    let rows = [crime_row(0), b"not a row".to_vec(), crime_row(1)];
    assert_eq!(one("crime", Destination::S3, &aggregate(&rows)), Err("not_timestamp".to_owned()));
}

#[test]
fn log_events_of_a_subscription_are_lines_and_its_control_messages_are_dropped() {
    let subscription = |message_type: &str, events: &[Value]| {
        let record = json!({
            "messageType": message_type, "owner": "123456789012", "logGroup": "/made/up", "logStream": "s",
            "subscriptionFilters": ["f"], "logEvents": events,
        });
        gzip(record.to_string().as_bytes())
    };
    let events = [
        json!({"id":"1","timestamp":1_767_323_045_678_i64,"message":"one"}),
        json!({"id":"2","timestamp":0,"message":"two\n"}),
    ];
    let documents = one("cloudwatch_logs", Destination::S3, &subscription("DATA_MESSAGE", &events)).unwrap();
    assert_eq!(
        documents[0],
        json!({
            "id": "1", "timestamp": "2026-01-02T03:04:05.678Z", "message": "one",
            "owner": "123456789012", "log_group": "/made/up", "log_stream": "s",
        })
    );
    assert_eq!(documents[1]["message"], json!("two\n"));
    let control = subscription("CONTROL_MESSAGE", &events[..1]);
    assert_eq!(one("cloudwatch_logs", Destination::S3, &control), Err("Dropped".to_owned()));
    let several = one("cloudwatch_logs", Destination::OpenSearch, &subscription("DATA_MESSAGE", &events));
    assert_eq!(several, Err("several_documents".to_owned()));
    let other = one("cloudwatch_logs", Destination::S3, &gzip(b"{}"));
    assert_eq!(other, Err("no_subscription".to_owned()));
}

#[test]
fn broken_gzip_fails_by_its_own_name() {
    let mut cut = gzip(&crime_row(0));
    cut.truncate(cut.len() - 4);
    assert_eq!(one("crime", Destination::S3, &cut), Err("damaged".to_owned()));
}

#[test]
fn every_failure_is_counted_by_its_kind_and_shows_nothing_of_the_record() {
    let records: Vec<_> = (0..50).map(|number| record(&number.to_string(), b"no row")).collect();
    let (_, report) = transform("crime", Destination::S3, &event(&records));
    assert_eq!(report.failed_by_kind()["not_timestamp"], 50);
    assert!(report.failed.iter().map(|failed| failed.index).eq(0..50));
    assert!(!report.failed[0].failure.to_string().contains("no row"));
}

#[test]
fn a_schema_that_asks_for_it_is_told_where_a_record_lies_in_its_stream() {
    let schema = r#"
        name = "lines"
        form = "delimited"
        delimiter = "|"
        [[fields]]
        name = "text"
        type = "string"
        [[fields]]
        name = "position"
        type = "string"
        from = "position"
    "#;
    let mut batch =
        Batch::new(Schema::parse(schema).unwrap(), &TransformSettings::for_schema("lines")).unwrap();
    let event = event(&[stream_record("1", b"a"), record("2", b"b")]);
    let answers = read_answer(&batch.answer(&FirehoseEvent::parse(&event).unwrap()).bytes);
    let positions: Vec<_> = answers.iter().map(|answer| answer.documents()[0]["position"].clone()).collect();
    let sequence_number = "49640000000000000000000000000000000000000000000000000001";
    let position = format!("made-up:shardId-000000000000:{sequence_number}:0");
    assert_eq!(positions, [json!(position), Value::Null]);
}
