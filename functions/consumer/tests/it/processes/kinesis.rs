//! A client of the runner's Kinesis endpoint for the few calls that these tests make, including reshards.

use base64_simd::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const STREAM: &str = "UsersStream";

pub(crate) struct Kinesis {
    address: String,
}

impl Kinesis {
    pub(crate) fn new(url: &str) -> Self {
        Self { address: url.trim_start_matches("http://").to_owned() }
    }

    /// Puts records, each with its partition key, in one call.
    pub(crate) async fn put(&self, records: &[(String, Vec<u8>)]) {
        let entry = |(key, data): &(String, Vec<u8>)| json!({"PartitionKey": key, "Data": STANDARD.encode_to_string(data)});
        let records: Vec<Value> = records.iter().map(entry).collect();
        let answer = self.call("PutRecords", &json!({"StreamName": STREAM, "Records": records})).await;
        assert_eq!(answer["FailedRecordCount"], 0, "{answer}");
    }

    /// Merges the first two shards, or splits the first in its middle; ends once the stream is active again.
    pub(crate) async fn reshard(&self, merges: bool) {
        let answer = self.call("ListShards", &json!({"StreamName": STREAM})).await;
        let shard = |index: usize| &answer["Shards"][index];
        if merges && shard(1).is_object() {
            let (first, second) = (&shard(0)["ShardId"], &shard(1)["ShardId"]);
            let merge = json!({"StreamName": STREAM, "ShardToMerge": first, "AdjacentShardToMerge": second});
            self.call("MergeShards", &merge).await;
        } else {
            let end: u128 = shard(0)["HashKeyRange"]["EndingHashKey"].as_str().unwrap().parse().unwrap();
            let (shard_id, middle) = (&shard(0)["ShardId"], (end / 2).to_string());
            let split = json!({"StreamName": STREAM, "ShardToSplit": shard_id, "NewStartingHashKey": middle});
            self.call("SplitShard", &split).await;
        }
        loop {
            let answer = self.call("DescribeStreamSummary", &json!({"StreamName": STREAM})).await;
            if answer["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE" {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn call(&self, operation: &str, body: &Value) -> Value {
        let (address, body) = (&self.address, body.to_string());
        let mut connection = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/x-amz-json-1.1\r\nx-amz-target: Kinesis_20131202.{operation}\r\n\
             x-amz-date: 20260101T000000Z\r\nauthorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/\
             kinesis/aws4_request, SignedHeaders=host, Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{operation}: {answer}");
        serde_json::from_str(body).unwrap_or_default()
    }
}
