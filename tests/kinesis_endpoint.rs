//! The Kinesis endpoint, as clients of others and of our own find it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that can't go on says so by a panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64_simd::STANDARD;
use edge::aws::kinesis_reader::{ReadRecord, Start, StreamReader};
use edge::aws::{AwsCredentials, AwsSettings, KinesisSink};
use edge::lambda::Invocation;
use edge::put_records::{Entry, EntryOutcome, RecordSink};
use edge::store::InMemoryStore;
use local::{KinesisEndpoint, KinesisOptions, StreamStore};
use record_model::{Content, Decoder, Limits, RecordContext, Schema, UserRecord};
use serde_json::{Value, json};
use transform::{Failures, Reingest, Transform, TransformSettings};

use super::clients::{self, exchange};
use super::streams::{Endpoint, endpoint};

fn sink(endpoint: &Endpoint, stream: &str) -> KinesisSink {
    let keys = AwsCredentials {
        access_key_id: "any".to_owned(),
        secret_access_key: "any".to_owned(),
        session_token: None,
    };
    let aws = AwsSettings {
        region: "eu-west-1".to_owned(),
        credentials: Some(keys),
        kinesis_endpoint_url: Some(endpoint.url().to_owned()),
        ..AwsSettings::default()
    };
    KinesisSink::connect(stream, &aws)
}

async fn stream(endpoint: &Endpoint, name: &str, shards: u32) -> StreamReader {
    let reader = StreamReader::local(endpoint.url());
    reader.create_stream(name, shards).await.unwrap();
    while !reader.is_active(name).await.unwrap() {
        tokio::task::yield_now().await;
    }
    reader
}

/// Reads a shard from its start until as many records came.
async fn read_until(reader: &StreamReader, stream: &str, shard: &str, count: usize) -> Vec<ReadRecord> {
    let mut iterator = reader.iterator(stream, shard, &Start::TrimHorizon).await.unwrap();
    let mut records = Vec::new();
    while records.len() < count {
        let page = reader.read(&iterator, 10_000).await.unwrap();
        records.extend(page.records);
        iterator = page.next_iterator.unwrap();
    }
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_finds_kinesis_as_it_expects_it() {
    let endpoint = endpoint().await;
    clients::holds("kinesis_boto3.py", "boto3", &[endpoint.url()]).await;
    endpoint.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_finds_kinesis_as_it_expects_it() {
    let endpoint = endpoint().await;
    clients::holds("kinesis_cli.py", "awscli", &[endpoint.url()]).await;
}

#[tokio::test]
async fn what_a_transforms_answer_has_no_room_for_goes_back_to_its_stream() {
    const ROWS: usize = 1_000;
    let endpoint = endpoint().await;
    let reader = stream(&endpoint, "crime", 1).await;
    let schema = Schema::built_in("crime").unwrap();
    let row = |index| {
        let mut row = Vec::new();
        schema.write_made_up(7, index, &RecordContext::default(), &mut row);
        row
    };
    let records: Vec<_> = (0..)
        .take(ROWS)
        .map(|index| {
            json!({
                "recordId": index.to_string(),
                "data": STANDARD.encode_to_string(row(index)),
                "kinesisRecordMetadata": { "partitionKey": format!("key-{index}") },
            })
        })
        .collect();
    let settings = TransformSettings {
        answer_limit_bytes: 256 * 1024,
        reingest_stream: Some("crime".to_owned()),
        ..TransformSettings::for_schema("crime")
    };
    let sink = sink(&endpoint, "crime");
    let reingest = Reingest::new(move || sink.clone());
    let failures: Option<Failures<InMemoryStore>> = None;
    let transform = Transform::new(schema.clone(), &settings, reingest, failures).unwrap();
    let invocation = Invocation {
        body: json!({ "records": records }).to_string().into(),
        request_id: "made-up".to_owned(),
        deadline: SystemTime::now() + Duration::from_mins(1),
        function_arn: String::new(),
        trace_id: None,
        cold_start: true,
    };
    let answer: Value = serde_json::from_slice(&transform.handle(invocation).await.unwrap()).unwrap();

    let left_out: Vec<u64> = (0..)
        .zip(answer["records"].as_array().unwrap())
        .filter_map(|(index, record)| (record["result"] == "Dropped").then_some(index))
        .collect();
    assert!(!left_out.is_empty() && left_out.len() < ROWS, "{} records went back", left_out.len());
    let found = read_until(&reader, "crime", "shardId-000000000000", left_out.len()).await;
    let mut decoder = Decoder::new(Limits::default());
    let mut payloads = BTreeMap::new();
    for record in &found {
        let mut keep = |user: UserRecord<'_>| {
            let Ok(Content::Payload(payload)) = user.content else { panic!("{:?}", user.content) };
            payloads.insert(record.partition_key.clone(), payload.to_vec());
        };
        decoder.decode(&record.data, &mut keep).unwrap();
    }
    assert_eq!(payloads, left_out.iter().map(|&index| (format!("key-{index}"), row(index))).collect());
    endpoint.shutdown().await;
}

#[tokio::test]
async fn what_the_rust_sdk_puts_it_reads_back_with_its_arrival_to_the_millisecond() {
    let endpoint = endpoint().await;
    let reader = stream(&endpoint, "crime", 1).await;
    let now_ms = || i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let mut put_between = Vec::new();
    for number in 0..20u8 {
        let before_ms = now_ms();
        let entry = Entry::new("clé", vec![number, 0, 255]);
        assert!(matches!(
            sink(&endpoint, "crime").put(&[entry]).await.unwrap()[..],
            [EntryOutcome::Accepted { .. }]
        ));
        put_between.push(before_ms..=now_ms());
    }
    let read = read_until(&reader, "crime", "shardId-000000000000", 20).await;
    for (number, (record, between)) in (0u8..).zip(read.iter().zip(&put_between)) {
        assert_eq!((&record.data[..], record.partition_key.as_str()), (&[number, 0, 255][..], "clé"));
        assert!(between.contains(&record.arrived_at_ms), "{} not in {between:?}", record.arrived_at_ms);
    }
    let summary = sink(&endpoint, "crime").summary().await.unwrap();
    assert_eq!((summary.open_shards, summary.max_record_bytes, summary.ignores_keys), (1, 1 << 20, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_misses_no_record_of_writers_that_put_at_once() {
    const WRITERS: usize = 8;
    const BATCHES: usize = 60;
    let endpoint = endpoint().await;
    let reader = stream(&endpoint, "busy", 1).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let sink = sink(&endpoint, "busy");
            tokio::spawn(async move {
                for batch in 0..BATCHES {
                    let entries: Vec<_> = (0..5)
                        .map(|n| Entry::new("k", format!("{writer} {batch} {n}").into_bytes()))
                        .collect();
                    sink.put(&entries).await.unwrap();
                }
            })
        })
        .collect();
    let read = read_until(&reader, "busy", "shardId-000000000000", WRITERS * BATCHES * 5);
    let read = tokio::time::timeout(Duration::from_mins(1), read).await.expect("a record was passed by");
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(read.is_sorted_by(|a, b| a.sequence_number < b.sequence_number));
    assert_eq!(read.iter().map(|record| &record.data).collect::<BTreeSet<_>>().len(), WRITERS * BATCHES * 5);
}

#[tokio::test]
async fn twenty_thousand_rows_go_through_two_shards() {
    let endpoint = endpoint().await;
    let reader = stream(&endpoint, "rows", 2).await;
    let sink = sink(&endpoint, "rows");
    let mut put: BTreeMap<String, usize> = BTreeMap::new();
    for batch in 0..40 {
        let row = |n| Entry::new(format!("key-{n}"), format!("{batch}|{n}|{}", "a row of crime ".repeat(7)));
        for outcome in sink.put(&(0..500).map(row).collect::<Vec<_>>()).await.unwrap() {
            let EntryOutcome::Accepted { shard_id } = outcome else { panic!("refused") };
            *put.entry(shard_id).or_default() += 1;
        }
    }
    for (shard, count) in &put {
        assert_eq!(read_until(&reader, "rows", shard, *count).await.len(), *count);
    }
    assert_eq!((put.len(), put.values().sum::<usize>()), (2, 20_000));
}

#[tokio::test]
async fn what_nobody_reads_is_kept_and_costs_disk() {
    const BATCHES: usize = 50;
    let endpoint = endpoint().await;
    let reader = stream(&endpoint, "full", 1).await;
    let sink = sink(&endpoint, "full");
    let batch: Vec<_> = (0..4).map(|_| Entry::new("k", vec![7; 1_000_000])).collect();
    for _ in 0..BATCHES {
        assert!(matches!(sink.put(&batch).await.unwrap()[..], [EntryOutcome::Accepted { .. }, ..]));
    }
    for _reader in 0..2 {
        let read = read_until(&reader, "full", "shardId-000000000000", BATCHES * 4).await;
        assert_eq!(read.len(), BATCHES * 4, "a record is kept for its stream's retention, read or not");
    }
}

#[tokio::test]
async fn records_are_there_after_a_restart_with_the_numbers_they_had() {
    let first = endpoint().await;
    let reader = stream(&first, "s", 1).await;
    let put = |sink: KinesisSink, data: &'static str| async move {
        sink.put(&[Entry::new("k", data.as_bytes().to_vec())]).await.unwrap();
    };
    put(sink(&first, "s"), "before").await;
    let before = read_until(&reader, "s", "shardId-000000000000", 1).await;
    let Endpoint { kinesis, folder } = first;
    kinesis.shutdown().await;
    let store = StreamStore::open(folder.path()).unwrap();
    let again = Endpoint { kinesis: KinesisEndpoint::start(0, store).await.unwrap(), folder };
    put(sink(&again, "s"), "after").await;
    let reader = StreamReader::local(again.url());
    let after = read_until(&reader, "s", "shardId-000000000000", 2).await;
    assert_eq!(after[0], before[0]);
    assert!(after[1].sequence_number > before[0].sequence_number);
}

#[tokio::test]
async fn a_shard_that_throttles_refuses_what_is_over_a_mebibyte_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let options = KinesisOptions { throttles: true, ..KinesisOptions::default() };
    let kinesis = KinesisEndpoint::start_with(options, store).await.unwrap();
    let endpoint = Endpoint { kinesis, folder };
    stream(&endpoint, "s", 1).await;
    let sink = sink(&endpoint, "s");
    let batch: Vec<_> = (0..3).map(|n| Entry::new(format!("k{n}"), vec![0; 600_000])).collect();
    let outcomes = sink.put(&batch).await.unwrap();
    assert!(matches!(
        outcomes[..],
        [EntryOutcome::Accepted { .. }, EntryOutcome::Refused(_), EntryOutcome::Refused(_)]
    ));
}

#[tokio::test]
async fn requests_out_of_order_get_an_error_of_aws_and_the_endpoint_goes_on() {
    let endpoint = endpoint().await;
    let reader = stream(&endpoint, "s", 1).await;
    let host = endpoint.url().trim_start_matches("http://");
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/kinesis/aws4_request, \
        SignedHeaders=host, Signature=0\r\nX-Amz-Date: 20260101T000000Z\r\n";
    let json = "Content-Type: application/x-amz-json-1.1\r\n";
    let target = |operation: &str| format!("X-Amz-Target: Kinesis_20131202.{operation}\r\n");
    let post = |headers: &str, body: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let put = format!("{}{json}{signed}", target("PutRecords"));
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{}{json}{signed}Transfer-Encoding: chunked\r\n\r\n\
         12\r\n{{\"StreamName\":\"s\"}}\r\n0\r\n\r\n",
        target("DescribeStream")
    );
    for (request, status, error) in [
        (post(&format!("{}{json}{signed}", target("NoSuch")), "{}"), 400, "UnknownOperationException"),
        (post(&put, "{\"Records\":"), 400, "SerializationException"),
        (post(&put, ""), 400, "SerializationException"),
        (post(&put, "[]"), 400, "SerializationException"),
        (post(&put, "{\"StreamName\":\"s\",\"Records\":{}}"), 400, "SerializationException"),
        (post(&put, "{\"StreamName\":\"s\",\"Records\":[]}"), 400, "ValidationException"),
        (
            post(&put, "{\"StreamName\":\"s\",\"Records\":[{\"Data\":\"!\",\"PartitionKey\":\"k\"}]}"),
            400,
            "SerializationException",
        ),
        (
            post(&put, "{\"Records\":[{\"Data\":\"\",\"PartitionKey\":\"k\"}]}"),
            400,
            "InvalidArgumentException",
        ),
        (
            post(&put, "{\"StreamARN\":\"x\",\"Records\":[{\"Data\":\"\",\"PartitionKey\":\"k\"}]}"),
            400,
            "InvalidArgumentException",
        ),
        (post(&put, &"[".repeat(100_000)), 400, "SerializationException"),
        (post(&format!("{}{json}", target("PutRecords")), "{}"), 400, "MissingAuthenticationTokenException"),
        (post(&format!("{json}{signed}"), "{}"), 400, "UnknownOperationException"),
        (post(&format!("{}{signed}", target("PutRecords")), "{}"), 404, "UnknownOperationException"),
        (post(&put, &"x".repeat((16 << 20) + 1)), 400, "SerializationException"),
        (format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), 403, "AccessDenied"),
        (format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Huge: {}\r\n\r\n", "x".repeat(1 << 20)), 431, ""),
        (post("Origin: https://evil.example\r\n", "{}"), 403, "Origin"),
        (post("", "{}").replace(host, "evil.example"), 403, "Host"),
        ("\0\u{1}\u{2}nonsense\r\n\r\n".to_owned(), 400, ""),
        (chunked, 200, "shardId-000000000000"),
    ] {
        let answer = exchange(endpoint.url(), request.as_bytes()).await;
        let shown = &request[..request.len().min(300)];
        assert!(
            answer.status == status && answer.body.contains(error),
            "{shown}: {} {}",
            answer.status,
            answer.body
        );
    }
    assert_eq!(reader.shards("s").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let endpoint = endpoint().await;
    let port = endpoint.url().rsplit(':').next().unwrap().parse().unwrap();
    let store = StreamStore::open(endpoint.folder.path()).unwrap();
    let error = KinesisEndpoint::start(port, store).await.err().unwrap();
    assert_eq!(error.to_string(), format!("can't listen on 127.0.0.1:{port}"));
}
