//! The sink on Kinesis, against a server on loopback that speaks its JSON protocol.
#![cfg(feature = "kinesis")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use edge::aws::{AwsCredentials, AwsSettings, KinesisSink};
use edge::put_records::{
    Engine, EngineSettings, Entry, EntryOutcome, RecordSink, Refusal, SinkError, wait_until_active,
};
use serde_json::{Value, json};

/// Answers each call with the next of its script, and keeps what it was asked.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    answers: VecDeque<(u16, Value)>,
    asked: Vec<(String, Value)>,
}

impl Server {
    async fn start(answers: impl IntoIterator<Item = (u16, Value)>) -> (Self, KinesisSink) {
        let server = Self::default();
        server.0.lock().unwrap().answers.extend(answers);
        let router = Router::new().fallback(answer).with_state(server.clone());
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
        let sink = KinesisSink::connect("stream", &aws);
        (server, sink)
    }

    fn asked(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().asked.clone()
    }
}

async fn answer(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
    let mut script = server.0.lock().unwrap();
    script.asked.push((target, serde_json::from_slice(&body).unwrap()));
    let (status, answer) = script.answers.pop_front().unwrap_or((500, json!({"__type": "InternalFailure"})));
    let json = [("content-type", "application/x-amz-json-1.1")];
    (StatusCode::from_u16(status).unwrap(), json, answer.to_string()).into_response()
}

fn stored(shard: u32) -> Value {
    json!({"SequenceNumber": "1", "ShardId": format!("shardId-{shard:012}")})
}

fn refused(code: &str) -> Value {
    json!({"ErrorCode": code, "ErrorMessage": "no"})
}

fn put_answer(records: &[Value]) -> (u16, Value) {
    let failed = records.iter().filter(|record| record.get("ErrorCode").is_some()).count();
    (200, json!({"FailedRecordCount": failed, "Records": records}))
}

fn summary(status: &str) -> (u16, Value) {
    let summary = json!({
        "StreamName": "stream", "StreamARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/stream",
        "StreamStatus": status, "RetentionPeriodHours": 24, "OpenShardCount": 2, "EnhancedMonitoring": [],
        "StreamCreationTimestamp": 1.7e9, "MaxRecordSizeInKiB": 2048,
        "RecordDistributionStrategy": if status == "ACTIVE" { "AUTO" } else { "USER_PARTITION_KEY" },
    });
    (200, json!({"StreamDescriptionSummary": summary}))
}

#[tokio::test]
async fn each_entry_has_its_own_outcome_in_the_order_sent() {
    let codes = [stored(1), refused("ProvisionedThroughputExceededException"), refused("InternalFailure")];
    let (server, sink) = Server::start([put_answer(&codes)]).await;
    let hashed = Entry { explicit_hash_key: Some(u128::MAX), ..Entry::new("b", "two") };
    let outcomes = sink.put(&[Entry::new("a", "one"), hashed, Entry::new("c", "three")]).await.unwrap();
    let expected = [
        EntryOutcome::Accepted { shard_id: "shardId-000000000001".into() },
        EntryOutcome::Refused(Refusal::Throttled),
        EntryOutcome::Refused(Refusal::Internal),
    ];
    assert_eq!(outcomes, expected);
    let (target, request) = &server.asked()[0];
    assert_eq!((target.as_str(), &request["StreamName"]), ("PutRecords", &json!("stream")));
    let records = request["Records"].as_array().unwrap();
    assert_eq!(records[0], json!({"Data": "b25l", "PartitionKey": "a"}));
    assert_eq!(records[1]["ExplicitHashKey"], u128::MAX.to_string());
}

#[tokio::test]
async fn refused_entries_alone_are_sent_again() {
    let answers = [
        put_answer(&[stored(0), refused("ProvisionedThroughputExceededException"), stored(1)]),
        (400, json!({"__type": "ProvisionedThroughputExceededException", "message": "slow down"})),
        put_answer(&[stored(0)]),
    ];
    let (server, sink) = Server::start(answers).await;
    let engine = Engine::new(sink, EngineSettings::default(), edge::put_records::ShardMap::default());
    for name in ["a", "b", "c"] {
        engine.push(Entry::new(name, name)).await.unwrap();
    }
    let report = engine.finish().await;
    assert_eq!((report.accepted, report.retried, report.failed_calls, report.calls), (3, 1, 1, 3));
    let keys = |(_, request): &(String, Value)| -> Vec<String> {
        let records = request["Records"].as_array().unwrap().iter();
        records.map(|record| record["PartitionKey"].as_str().unwrap().to_owned()).collect()
    };
    let sent: Vec<Vec<String>> = server.asked().iter().map(keys).collect();
    assert_eq!(sent, [vec!["a", "b", "c"], vec!["b"], vec!["b"]]);
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_told_and_not_asked_for_again() {
    let gone = (400, json!({"__type": "ResourceNotFoundException", "message": "Stream stream not found."}));
    let (server, sink) = Server::start([gone]).await;
    let error = sink.put(&[Entry::new("a", "one")]).await.unwrap_err();
    assert!(matches!(error, SinkError::Fatal(_)), "{error:?}");
    assert!(edge::logging::chain(&error).contains("ResourceNotFoundException: Stream stream not found."));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_stream_is_waited_for_until_it_is_active() {
    let (server, sink) = Server::start([summary("CREATING"), summary("ACTIVE")]).await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    let found = wait_until_active(&sink, deadline, &|_| ()).await.unwrap();
    assert_eq!((found.takes_records, found.max_record_bytes, found.ignores_keys), (true, 2 << 20, true));
    assert_eq!(server.asked().len(), 2);
    let (_server, sink) = Server::start([summary("CREATING")]).await;
    let error = wait_until_active(&sink, tokio::time::Instant::now(), &|_| ()).await.unwrap_err();
    assert!(matches!(error, SinkError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn open_shards_of_all_pages_are_listed_and_closed_ones_left_out() {
    let half = 1_u128 << 127;
    let shard = |id: u32, start: u128, end: u128, closed: bool| {
        let mut range = json!({"StartingSequenceNumber": "1"});
        if closed {
            range["EndingSequenceNumber"] = json!("2");
        }
        let keys = json!({"StartingHashKey": start.to_string(), "EndingHashKey": end.to_string()});
        json!({"ShardId": format!("shardId-{id:012}"), "HashKeyRange": keys, "SequenceNumberRange": range})
    };
    let first =
        json!({"Shards": [shard(0, 0, u128::MAX, true), shard(2, half, u128::MAX, false)], "NextToken": "t"});
    let second = json!({"Shards": [shard(1, 0, half - 1, false)]});
    let (server, sink) = Server::start([(200, first), (200, second)]).await;
    let map = sink.shards().await.unwrap();
    let ids: Vec<&str> = map.shards().iter().map(|shard| shard.id.as_str()).collect();
    assert_eq!(ids, ["shardId-000000000001", "shardId-000000000002"]);
    assert_eq!(map.id_of(half), Some("shardId-000000000002"));
    assert_eq!(server.asked()[1].1, json!({"NextToken": "t"}));
}
