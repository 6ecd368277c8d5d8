//! `PutRecord` and `PutRecords`.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::sequence::partition_key_to_hash_key;
use ferrokinesis::store::SequenceAllocation;
use ferrokinesis::types::{StoredRecordRef, Stream};
use serde::{Deserialize, Serialize};

use super::gateway::Outcome;
use super::request::stream_name;
use super::streams::{Streams, invalid_argument, seconds};

const MAX_RECORDS: usize = 500;
const MAX_PARTITION_KEY_CHARS: usize = 256;
const MAX_REQUEST_RECORD_BYTES: usize = 10 << 20;
const THROTTLED: &str = "ProvisionedThroughputExceededException";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecords<'a> {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    #[serde(borrow)]
    records: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecord<'a> {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    sequence_number_for_ordering: Option<String>,
    #[serde(borrow, flatten)]
    entry: Entry<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow)]
    partition_key: Cow<'a, str>,
    explicit_hash_key: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecordsAnswer<'a> {
    failed_record_count: usize,
    records: Vec<PutAnswer<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum PutAnswer<'a> {
    #[serde(rename_all = "PascalCase")]
    Written { shard_id: &'a str, sequence_number: &'a str },
    #[serde(rename_all = "PascalCase")]
    Refused { error_code: &'a str, error_message: &'a str },
}

/// Writes up to 500 records and 10 MiB. All are written, or, where memory is at its limit, all are throttled.
pub(super) async fn put_records(streams: &Streams, body: &[u8]) -> Outcome {
    let Ok(request) = serde_json::from_slice::<PutRecords<'_>>(body) else { return Ok(None) };
    let Some(stream) = stream_name(request.stream_name.as_deref(), request.stream_arn.as_deref())? else {
        return Ok(None);
    };
    if request.records.is_empty() || request.records.len() > MAX_RECORDS {
        return Ok(None);
    }
    let place = |index: usize| format!("records.{}.member.data", index + 1);
    let Some(hash_keys) = checked(streams, &stream, &request.records, place).await? else { return Ok(None) };
    if !streams.has_room().await {
        let message = format!("Rate exceeded for stream {stream}: {}", Streams::FULL);
        let refused = || PutAnswer::Refused { error_code: THROTTLED, error_message: &message };
        let records: Vec<_> = request.records.iter().map(|_| refused()).collect();
        return written(&PutRecordsAnswer { failed_record_count: records.len(), records });
    }
    let allocations = write(streams, &stream, &request.records, &hash_keys).await?;
    let records = allocations.iter().map(answer).collect();
    written(&PutRecordsAnswer { failed_record_count: 0, records })
}

/// Writes one record. `SequenceNumberForOrdering` is left to ferrokinesis, which checks it.
pub(super) async fn put_record(streams: &Streams, body: &[u8]) -> Outcome {
    let Ok(request) = serde_json::from_slice::<PutRecord<'_>>(body) else { return Ok(None) };
    let Some(stream) = stream_name(request.stream_name.as_deref(), request.stream_arn.as_deref())? else {
        return Ok(None);
    };
    if request.sequence_number_for_ordering.is_some() {
        return Ok(None);
    }
    let entries = [request.entry];
    let place = |_| "data".to_owned();
    let Some(hash_keys) = checked(streams, &stream, &entries, place).await? else { return Ok(None) };
    if !streams.has_room().await {
        return Err(KinesisErrorResponse::client_error(THROTTLED, Some(Streams::FULL)));
    }
    let allocations = write(streams, &stream, &entries, &hash_keys).await?;
    allocations.first().map_or(Ok(None), |allocation| written(&answer(allocation)))
}

fn answer(allocation: &SequenceAllocation) -> PutAnswer<'_> {
    PutAnswer::Written { shard_id: &allocation.shard_id, sequence_number: &allocation.seq_num }
}

fn written(answer: &impl Serialize) -> Outcome {
    let body = serde_json::to_vec(answer)
        .map_err(|error| KinesisErrorResponse::server_error(None, Some(&error.to_string())))?;
    Ok(Some(body))
}

/// The hash key of each entry; none if an entry is not what AWS takes, which ferrokinesis puts in AWS's words. `place`
/// names an entry's data as AWS does.
async fn checked(
    streams: &Streams,
    stream: &str,
    entries: &[Entry<'_>],
    place: impl Fn(usize) -> String,
) -> Result<Option<Vec<u128>>, KinesisErrorResponse> {
    let stream = streams.store.get_stream(stream).await?;
    let mut total_bytes = 0;
    let mut hash_keys = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let Some(bytes) = record_bytes(entry) else { return Ok(None) };
        check_size(&stream, bytes, || place(index))?;
        total_bytes += bytes;
        let Some(hash_key) = hash_key(entry) else { return Ok(None) };
        hash_keys.push(hash_key);
    }
    if total_bytes > MAX_REQUEST_RECORD_BYTES {
        return Err(invalid_argument(&format!(
            "Records size {total_bytes} bytes exceeds the limit of {MAX_REQUEST_RECORD_BYTES} bytes"
        )));
    }
    Ok(Some(hash_keys))
}

/// Data before base64 and partition key, as AWS counts.
fn record_bytes(entry: &Entry<'_>) -> Option<usize> {
    let key_chars = entry.partition_key.chars().count();
    if key_chars == 0 || key_chars > MAX_PARTITION_KEY_CHARS {
        return None;
    }
    Some(STANDARD.decode(entry.data.as_bytes()).ok()?.len() + entry.partition_key.len())
}

fn check_size(stream: &Stream, bytes: usize, place: impl Fn() -> String) -> Result<(), KinesisErrorResponse> {
    let limit = usize::try_from(stream.max_record_size_kib).unwrap_or(usize::MAX).saturating_mul(1024);
    if bytes <= limit {
        return Ok(());
    }
    Err(KinesisErrorResponse::validation_error(&format!(
        "1 validation error detected: Value at '{}' failed to satisfy constraint: Member must have length less than or \
         equal to {limit}",
        place()
    )))
}

fn hash_key(entry: &Entry<'_>) -> Option<u128> {
    match &entry.explicit_hash_key {
        None => Some(partition_key_to_hash_key(&entry.partition_key)),
        Some(decimal) if decimal.bytes().all(|byte| byte.is_ascii_digit()) => decimal.parse().ok(),
        Some(_) => None,
    }
}

/// Takes a number for each record and writes it, in one step to all readers.
async fn write(
    streams: &Streams,
    stream: &str,
    entries: &[Entry<'_>],
    hash_keys: &[u128],
) -> Result<Vec<SequenceAllocation>, KinesisErrorResponse> {
    let _alone = streams.order.write().await;
    let allocations = streams.store.allocate_sequences_batch(stream, hash_keys).await?;
    let records = entries.iter().zip(&allocations);
    let batch: Vec<_> = records
        .map(|(entry, allocation)| (allocation.stream_key.clone(), record(entry, allocation)))
        .collect();
    streams.store.put_records_batch(stream, &batch).await?;
    Ok(allocations)
}

fn record<'a>(entry: &'a Entry<'_>, allocation: &SequenceAllocation) -> StoredRecordRef<'a> {
    StoredRecordRef {
        partition_key: &entry.partition_key,
        data: &entry.data,
        approximate_arrival_timestamp: seconds(allocation.now),
    }
}
