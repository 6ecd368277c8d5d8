//! The Kinesis endpoint, as other people's clients and our own see it.
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
use edge::aws::KinesisSink;
use edge::aws::kinesis_reader::{ReadRecord, Start, StreamReader};
use edge::lambda::Invocation;
use edge::put_records::{Entry, EntryOutcome, RecordSink};
use edge::store::InMemoryStore;
use local::{KinesisEndpoint, StreamStore};
use record_model::{Content, Decoder, Limits, RecordContext, Schema, UserRecord, made_up};
use serde_json::{Value, json};
use transform::{Failures, Reingest, Transform, TransformSettings};

use super::clients;
use super::streams::{Endpoint, endpoint, sink, stream};

/// Reads a shard from its start until this many records came.
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

/// The event that Firehose sends for this many rows.
fn firehose_event(rows: u64, row: impl Fn(u64) -> Vec<u8>) -> Invocation {
    let record = |index: u64| {
        json!({
            "recordId": index.to_string(),
            "data": STANDARD.encode_to_string(row(index)),
            "kinesisRecordMetadata": { "partitionKey": format!("key-{index}") },
        })
    };
    let records: Vec<_> = (0..rows).map(record).collect();
    Invocation {
        body: json!({ "records": records }).to_string().into(),
        request_id: "made-up".to_owned(),
        deadline: SystemTime::now() + Duration::from_mins(1),
        function_arn: String::new(),
        trace_id: None,
        cold_start: true,
    }
}

#[tokio::test]
async fn the_endpoint_keeps_the_contract_of_a_stream() {
    let endpoint = endpoint().await;
    stream(&endpoint, "contract", 2).await;
    edge::contract_tests::sink::holds_for(&sink(&endpoint, "contract")).await;
    endpoint.shutdown().await;
}

#[tokio::test]
async fn what_a_transforms_answer_has_no_room_for_goes_back_to_its_stream() {
    const ROWS: u64 = 1_000;
    let endpoint = endpoint().await;
    let reader = stream(&endpoint, "crime", 1).await;
    let schema = Schema::built_in("crime").unwrap();
    let row = |index| {
        let mut row = Vec::new();
        made_up::write(&schema, 7, index, &RecordContext::default(), &mut row);
        row
    };
    let settings = TransformSettings {
        answer_limit_bytes: 256 * 1024,
        reingest_stream: Some("crime".to_owned()),
        ..TransformSettings::for_schema("crime")
    };
    let sink = sink(&endpoint, "crime");
    let reingest = Reingest::new(move || sink.clone());
    let failures: Option<Failures<InMemoryStore>> = None;
    let transform = Transform::new(schema.clone(), &settings, reingest, failures).unwrap();
    let answer: Value =
        serde_json::from_slice(&transform.handle(firehose_event(ROWS, row)).await.unwrap()).unwrap();

    let left_out: Vec<u64> = (0..)
        .zip(answer["records"].as_array().unwrap())
        .filter_map(|(index, record)| (record["result"] == "Dropped").then_some(index))
        .collect();
    assert!(!left_out.is_empty() && (left_out.len() as u64) < ROWS, "{} records went back", left_out.len());
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
    const BATCHES: usize = 15;
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
