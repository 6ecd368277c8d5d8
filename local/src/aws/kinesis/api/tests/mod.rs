//! The API called without a connection.

mod rules;

use axum::Router;
use axum::body::{Body, to_bytes};
use base64_simd::STANDARD;
use futures::StreamExt;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::router;
use super::target::stream_arn;
use crate::aws::kinesis::store::StreamStore;

const SHARD: &str = "shardId-000000000000";
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0";

struct Api {
    router: Router,
    folder: tempfile::TempDir,
}

impl Api {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { router: router(StreamStore::open(folder.path()).unwrap(), false), folder }
    }

    async fn send(&self, operation: &str, content: &str, body: Vec<u8>) -> (u16, Body) {
        let request = Request::post("/")
            .header("authorization", SIGNATURE)
            .header("x-amz-date", "20260101T000000Z")
            .header("content-type", content)
            .header("x-amz-target", format!("Kinesis_20131202.{operation}"))
            .body(Body::from(body))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        (answer.status().as_u16(), answer.into_body())
    }

    async fn call(&self, operation: &str, request: Value) -> Result<Value, (u16, String)> {
        let body = request.to_string().into_bytes();
        let (status, body) = self.send(operation, "application/x-amz-json-1.1", body).await;
        let body = to_bytes(body, 32 << 20).await.unwrap();
        let answer: Value =
            if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        if status == 200 { Ok(answer) } else { Err((status, answer["__type"].as_str().unwrap().to_owned())) }
    }

    async fn done(&self, operation: &str, request: Value) -> Value {
        self.call(operation, request).await.unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    #[track_caller]
    fn refusal(result: Result<Value, (u16, String)>) -> String {
        result.expect_err("it went through").1
    }

    async fn stream(&self, shards: u32) {
        self.done("CreateStream", json!({ "StreamName": "s", "ShardCount": shards })).await;
        self.active().await;
    }

    async fn active(&self) {
        let status = |answer: &Value| answer["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE";
        while !status(&self.done("DescribeStreamSummary", json!({ "StreamName": "s" })).await) {
            tokio::task::yield_now().await;
        }
    }

    async fn put(&self, data: &str) -> Value {
        let data = STANDARD.encode_to_string(data);
        self.done("PutRecord", json!({ "StreamName": "s", "PartitionKey": "k", "Data": data })).await
    }

    async fn consumer(&self, name: &str) -> String {
        let request = json!({ "StreamARN": stream_arn("s"), "ConsumerName": name });
        let answer = self.done("RegisterStreamConsumer", request).await;
        answer["Consumer"]["ConsumerARN"].as_str().unwrap().to_owned()
    }

    /// The data that a read from a position gives.
    async fn read_from(&self, mut position: Value) -> Vec<String> {
        position["StreamName"] = "s".into();
        position["ShardId"] = SHARD.into();
        let iterator = self.done("GetShardIterator", position).await["ShardIterator"].clone();
        let answer = self.done("GetRecords", json!({ "ShardIterator": iterator })).await;
        data_of(&answer)
    }

    /// The data of the first event after the initial response.
    async fn subscribed_from(&self, consumer: &str, position: Value) -> Vec<String> {
        let request = json!({ "ConsumerARN": consumer, "ShardId": SHARD, "StartingPosition": position });
        let body = request.to_string().into_bytes();
        let (status, body) = self.send("SubscribeToShard", "application/x-amz-json-1.1", body).await;
        assert_eq!(status, 200);
        let mut events = body.into_data_stream().skip(1);
        let event = events.next().await.unwrap().unwrap();
        let headers = u32::from_be_bytes(event[4..8].try_into().unwrap()) as usize;
        data_of(&serde_json::from_slice(&event[12 + headers..event.len() - 4]).unwrap())
    }
}

fn data_of(answer: &Value) -> Vec<String> {
    let text = |record: &Value| {
        String::from_utf8(STANDARD.decode_to_vec(record["Data"].as_str().unwrap()).unwrap()).unwrap()
    };
    answer["Records"].as_array().unwrap().iter().map(text).collect()
}
