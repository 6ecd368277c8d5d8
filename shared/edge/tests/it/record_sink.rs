//! The port of a stream: one contract for all.
#![cfg(all(feature = "kinesis", feature = "contract-tests"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64_simd::STANDARD;
use edge::aws::{AwsCredentials, AwsSettings, KinesisSink};
use edge::contract_tests;
use edge::put_records::{Entry, EntryOutcome, InMemorySink, RecordSink, Refusal, SinkFault};
use serde_json::{Value, json};

#[tokio::test]
async fn the_stream_in_memory_keeps_the_contract() {
    contract_tests::sink::holds_for(&InMemorySink::with_shards(3)).await;
}

#[tokio::test]
async fn the_sink_on_kinesis_keeps_the_contract() {
    let (_stream, sink) = kinesis(3).await;
    contract_tests::sink::holds_for(&sink).await;
}

#[tokio::test]
async fn both_tell_which_entries_were_refused() {
    for places in [vec![], vec![0], vec![3, 4, 9], (0..10).collect()] {
        let (stream, sink) = kinesis(2).await;
        let fault = SinkFault::Refuse(places.clone());
        stream.set_faults(move |_| Some(fault.clone()));
        contract_tests::sink::refuses_only(&stream, &places, Refusal::Throttled).await;
        contract_tests::sink::refuses_only(&sink, &places, Refusal::Throttled).await;
    }
}

/// A stream in memory behind a server that speaks the protocol of Kinesis, and a sink on it.
async fn kinesis(shards: u32) -> (Arc<InMemorySink>, KinesisSink) {
    let stream = Arc::new(InMemorySink::with_shards(shards));
    let router = Router::new().fallback(answer).layer(DefaultBodyLimit::disable());
    let router = router.with_state(Arc::clone(&stream));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let keys = AwsCredentials {
        access_key_id: "test".into(),
        secret_access_key: "test".into(),
        session_token: None,
    };
    let aws = AwsSettings {
        region: "eu-west-1".into(),
        credentials: Some(keys),
        kinesis_endpoint_url: Some(url),
        ..AwsSettings::default()
    };
    (stream, KinesisSink::connect("stream", &aws))
}

async fn answer(State(stream): State<Arc<InMemorySink>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap();
    let answer = match target {
        "PutRecords" => put_records(&stream, &serde_json::from_slice(&body).unwrap()).await,
        "ListShards" => Some(list_shards(&stream).await),
        "DescribeStreamSummary" => Some(summary(&stream).await),
        other => panic!("{other} is not asked for"),
    };
    let refused =
        || (StatusCode::BAD_REQUEST, json!({"__type": "InvalidArgumentException", "message": "no"}));
    let (status, answer) = answer.map_or_else(refused, |answer| (StatusCode::OK, answer));
    (status, [("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response()
}

/// `None` where the request is invalid.
async fn put_records(stream: &InMemorySink, request: &Value) -> Option<Value> {
    let entry = |record: &Value| Entry {
        explicit_hash_key: record["ExplicitHashKey"].as_str().map(|key| key.parse().unwrap()),
        ..Entry::new(
            record["PartitionKey"].as_str().unwrap(),
            STANDARD.decode_to_vec(record["Data"].as_str().unwrap()).unwrap(),
        )
    };
    let entries: Vec<Entry> = request["Records"].as_array().unwrap().iter().map(entry).collect();
    let outcomes = stream.put(&entries).await.ok()?;
    let result = |outcome: &EntryOutcome| match outcome {
        EntryOutcome::Accepted { shard_id } => json!({"SequenceNumber": "1", "ShardId": shard_id}),
        EntryOutcome::Refused(refusal) => json!({"ErrorCode": refusal.as_str(), "ErrorMessage": "later"}),
    };
    let results: Vec<Value> = outcomes.iter().map(result).collect();
    let failed = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
    Some(json!({"FailedRecordCount": failed, "Records": results}))
}

async fn list_shards(stream: &InMemorySink) -> Value {
    let map = stream.shards().await.unwrap();
    let shard = |shard: &edge::put_records::OpenShard| {
        let (start, end) = (shard.range.start.to_string(), shard.range.end.to_string());
        let range = json!({"StartingHashKey": start, "EndingHashKey": end});
        json!({"ShardId": shard.id, "HashKeyRange": range, "SequenceNumberRange": {"StartingSequenceNumber": "1"}})
    };
    json!({"Shards": map.shards().iter().map(shard).collect::<Vec<_>>()})
}

async fn summary(stream: &InMemorySink) -> Value {
    let found = stream.summary().await.unwrap();
    let summary = json!({
        "StreamName": "stream", "StreamARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/stream",
        "StreamStatus": "ACTIVE", "RetentionPeriodHours": 24, "OpenShardCount": found.open_shards,
        "EnhancedMonitoring": [], "StreamCreationTimestamp": 1.7e9,
        "MaxRecordSizeInKiB": found.max_record_bytes / 1024,
    });
    json!({"StreamDescriptionSummary": summary})
}
