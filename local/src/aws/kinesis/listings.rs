//! `ListShards` and `ListStreams`, page by page.

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::sequence::parse_sequence;
use ferrokinesis::types::{Shard, Stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::gateway::{Outcome, small_answer, with_body};
use super::request::stream_name;
use super::streams::{Streams, invalid_argument, now_ms};

const MAX_SHARDS: usize = 10_000;
const MAX_STREAMS: usize = 10_000;
const DEFAULT_SHARDS: usize = 1_000;
const DEFAULT_STREAMS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListShards {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    exclusive_start_shard_id: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
    shard_filter: Option<ShardFilter>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ShardFilter {
    r#type: String,
    shard_id: Option<String>,
    timestamp: Option<f64>,
}

/// Where a listing of shards goes on, and of what.
#[derive(Deserialize, Serialize)]
struct ShardsToken {
    stream: String,
    after: Option<String>,
    filter: Option<ShardFilter>,
}

/// Lists a stream's shards, closed ones too, by id.
pub(super) async fn list_shards(streams: &Streams, body: &[u8]) -> Outcome {
    let Ok(request) = serde_json::from_slice::<ListShards>(body) else { return Ok(None) };
    let limit = request.max_results.unwrap_or(DEFAULT_SHARDS);
    if limit == 0 || limit > MAX_SHARDS {
        return Ok(None);
    }
    let Some(from) = start(request)? else { return Ok(None) };
    let stream = streams.store.get_stream(&from.stream).await?;
    let filter = from.filter.as_ref().map(|filter| Interval::of(filter, &stream)).transpose()?;
    let mut shards = stream
        .shards
        .iter()
        .filter(|shard| from.after.as_ref().is_none_or(|after| shard.shard_id > *after))
        .filter(|shard| filter.as_ref().is_none_or(|filter| filter.holds(shard)));
    let page: Vec<_> = shards.by_ref().take(limit).collect();
    let mut answer = json!({ "Shards": page });
    if let (Some(last), Some(_)) = (page.last(), shards.next()) {
        let after = Some(last.shard_id.clone());
        insert(&mut answer, "NextToken", token(&ShardsToken { after, ..from }).into());
    }
    Ok(Some(answer.to_string().into_bytes()))
}

fn start(request: ListShards) -> Result<Option<ShardsToken>, KinesisErrorResponse> {
    let stream = stream_name(request.stream_name.as_deref(), request.stream_arn.as_deref())?;
    match (stream, request.next_token) {
        (Some(stream), None) => {
            let (after, filter) = (request.exclusive_start_shard_id, request.shard_filter);
            Ok(Some(ShardsToken { stream, after, filter }))
        }
        (None, Some(token)) => read_token(&token).map(Some),
        (Some(_), Some(_)) => Err(invalid_argument("NextToken and StreamName cannot be provided together.")),
        (None, None) => Ok(None),
    }
}

fn token(token: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(json!(token).to_string())
}

fn read_token<T: serde::de::DeserializeOwned>(token: &str) -> Result<T, KinesisErrorResponse> {
    let decoded = URL_SAFE_NO_PAD.decode(token).ok();
    let read = decoded.and_then(|decoded| serde_json::from_slice(&decoded).ok());
    read.ok_or_else(|| invalid_argument("NextToken is not valid."))
}

fn insert(answer: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = answer {
        fields.insert(name.to_owned(), value);
    }
}

/// The shards that were open at some time in an interval, in milliseconds; or those behind a shard.
enum Interval<'a> {
    After(&'a str),
    OpenIn { from_ms: u64, to_ms: u64 },
}

impl<'a> Interval<'a> {
    fn of(filter: &'a ShardFilter, stream: &Stream) -> Result<Self, KinesisErrorResponse> {
        let horizon_ms = trim_horizon_ms(stream);
        let timestamp_ms = || {
            let timestamp = filter.timestamp.filter(|timestamp| *timestamp >= 0.0);
            let timestamp = timestamp.ok_or_else(|| invalid_argument("ShardFilter needs a Timestamp."))?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative; saturates"
            )]
            Ok::<_, KinesisErrorResponse>(((timestamp * 1000.0) as u64).max(horizon_ms))
        };
        let (from_ms, to_ms) = match filter.r#type.as_str() {
            "AFTER_SHARD_ID" => {
                let id = filter.shard_id.as_deref();
                return id.map(Self::After).ok_or_else(|| invalid_argument("ShardFilter needs a ShardId."));
            }
            "AT_TRIM_HORIZON" => (horizon_ms, horizon_ms),
            "FROM_TRIM_HORIZON" => (horizon_ms, u64::MAX),
            "AT_LATEST" => (u64::MAX, u64::MAX),
            "AT_TIMESTAMP" => (timestamp_ms()?, timestamp_ms()?),
            "FROM_TIMESTAMP" => (timestamp_ms()?, u64::MAX),
            other => return Err(invalid_argument(&format!("{other} is no type of a ShardFilter."))),
        };
        Ok(Self::OpenIn { from_ms, to_ms })
    }

    fn holds(&self, shard: &Shard) -> bool {
        match self {
            Self::After(id) => shard.shard_id.as_str() > *id,
            Self::OpenIn { from_ms, to_ms } => {
                opened_ms(shard) <= *to_ms && closed_ms(shard).is_none_or(|closed_ms| closed_ms > *from_ms)
            }
        }
    }
}

/// The oldest time that records are kept from; never before the stream was there.
fn trim_horizon_ms(stream: &Stream) -> u64 {
    let kept_ms = u64::from(stream.retention_period_hours) * 3_600_000;
    let first_ms = stream.shards.iter().map(opened_ms).min().unwrap_or(0);
    now_ms().saturating_sub(kept_ms).max(first_ms)
}

/// Sequence numbers carry the time a shard was made, to the second.
fn opened_ms(shard: &Shard) -> u64 {
    parse_sequence(&shard.sequence_number_range.starting_sequence_number)
        .map_or(0, |number| number.shard_create_time)
}

fn closed_ms(shard: &Shard) -> Option<u64> {
    parse_sequence(shard.sequence_number_range.ending_sequence_number.as_deref()?).ok()?.seq_time
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListStreams {
    exclusive_start_stream_name: Option<String>,
    limit: Option<usize>,
    next_token: Option<String>,
}

/// Lists streams by name.
pub(super) async fn list_streams(streams: &Streams, body: &[u8]) -> Outcome {
    let Ok(request) = serde_json::from_slice::<ListStreams>(body) else { return Ok(None) };
    let limit = request.limit.unwrap_or(DEFAULT_STREAMS);
    if limit == 0 || limit > MAX_STREAMS {
        return Ok(None);
    }
    let after: Option<String> = match request.next_token {
        Some(token) => read_token(&token)?,
        None => request.exclusive_start_stream_name,
    };
    let names = streams.store.list_stream_names().await;
    let mut names = names.into_iter().filter(|name| after.as_ref().is_none_or(|after| name > after));
    let page: Vec<_> = names.by_ref().take(limit).collect();
    let has_more = names.next().is_some();
    let mut summaries = Vec::with_capacity(page.len());
    for name in &page {
        if let Ok(stream) = streams.store.get_stream(name).await {
            summaries.push(summary(&stream));
        }
    }
    let mut answer = json!({ "StreamNames": page, "StreamSummaries": summaries, "HasMoreStreams": has_more });
    if let (Some(last), true) = (page.last(), has_more) {
        insert(&mut answer, "NextToken", token(last).into());
    }
    Ok(Some(answer.to_string().into_bytes()))
}

fn summary(stream: &Stream) -> Value {
    json!({
        "StreamName": stream.stream_name,
        "StreamARN": stream.stream_arn,
        "StreamStatus": stream.stream_status,
        "StreamModeDetails": stream.stream_mode_details,
        "StreamCreationTimestamp": stream.stream_creation_timestamp,
    })
}

/// Adds a stream's largest record to an answer of `DescribeStreamSummary`.
pub(super) async fn with_record_size(streams: &Streams, response: Response) -> Response {
    let (parts, body) = small_answer(response).await;
    let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else { return with_body(parts, body) };
    let name =
        answer.pointer("/StreamDescriptionSummary/StreamName").and_then(Value::as_str).unwrap_or_default();
    if let Ok(stream) = streams.store.get_stream(name).await
        && let Some(summary) = answer.get_mut("StreamDescriptionSummary")
    {
        insert(summary, "MaxRecordSizeInKiB", stream.max_record_size_kib.into());
    }
    with_body(parts, answer.to_string().into())
}
