//! Puts records from the page. It calls the stream's own API, so that these records obey the same rules as any
//! client's.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;
use tower::ServiceExt;

use super::answer::Refusal;
use super::scene::Scene;
use crate::aws::clock::{Moment, now_ms};

/// The most records of one call.
pub(super) const MAX_RECORDS: usize = 500;
/// The largest answer to such a call, in bytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;
const CONTENT: &str = "application/x-amz-json-1.1";
/// The header of a signed request. The runner accepts any signature.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, \
     Signature=0";

/// A record to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewRecord {
    pub(super) key: String,
    pub(super) data: Bytes,
}

/// A record that was put.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Placed {
    pub(super) at_ms: Moment,
    pub(super) stream: String,
    pub(super) shard: String,
    pub(super) number: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutAnswer {
    records: Vec<PutRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecord {
    shard_id: Option<String>,
    sequence_number: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    #[serde(alias = "Message", default)]
    message: String,
}

/// Puts records on one stream. Returns for each record its place, or the reason why it was refused.
pub(super) async fn put(
    scene: &Scene,
    stream: &str,
    records: &[NewRecord],
) -> Result<Vec<Result<Placed, String>>, Refusal> {
    let entries: Vec<_> = records
        .iter()
        .map(|record| json!({ "Data": STANDARD.encode(&record.data), "PartitionKey": record.key }))
        .collect();
    let request = Request::post("/")
        .header(CONTENT_TYPE, CONTENT)
        .header(AUTHORIZATION, SIGNED)
        .header("x-amz-target", "Kinesis_20131202.PutRecords")
        .header("x-amz-date", "20260101T000000Z")
        .body(Body::from(json!({ "StreamName": stream, "Records": entries }).to_string()));
    let request = request.map_err(|error| Refusal::failed(&error))?;
    let response = scene.kinesis.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    let is_taken = response.status().is_success();
    let body = to_bytes(response.into_body(), MAX_ANSWER_BYTES).await;
    let body = body.map_err(|error| Refusal::failed(&error))?;
    if !is_taken {
        let told: Result<ErrorAnswer, _> = serde_json::from_slice(&body);
        let reason = told.map_or_else(|_| "it gave no reason".to_owned(), |told| told.message);
        return Err(Refusal::bad(format!("stream {stream} did not take the records: {reason}")));
    }
    let answer: PutAnswer = serde_json::from_slice(&body).map_err(|error| Refusal::failed(&error))?;
    let at_ms = now_ms();
    let placed = |record: PutRecord| match (record.shard_id, record.sequence_number) {
        (Some(shard), Some(number)) => Ok(Placed { at_ms, stream: stream.to_owned(), shard, number }),
        _ => Err(format!(
            "{}: {}",
            record.error_code.unwrap_or_default(),
            record.error_message.unwrap_or_default()
        )),
    };
    Ok(answer.records.into_iter().map(placed).collect())
}
