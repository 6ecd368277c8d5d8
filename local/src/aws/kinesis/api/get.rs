//! `GetRecords`, and records as a reader gets them.

use serde::{Deserialize, Serialize};
use template::ACCOUNT;

use super::check::Checks;
use super::error::{ApiError, NOT_FOUND, THROTTLED};
use super::iterator::ShardIterator;
use super::kinesis::{Kinesis, now};
use super::wire::{Blob, Timestamp};
use crate::aws::kinesis::store::{Description, Limit, Now, NumberPlace, Record, Records, Stream, shard_id};

const MAX_RECORDS: i64 = 10_000;
/// The most that one read returns.
pub(super) const MAX_READ_BYTES: usize = 10 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetRecords {
    shard_iterator: Option<String>,
    limit: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetRecordsAnswer {
    records: Vec<RecordAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_shard_iterator: Option<String>,
    millis_behind_latest: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    child_shards: Vec<ChildShard>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RecordAnswer {
    sequence_number: String,
    approximate_arrival_timestamp: Timestamp,
    data: Blob,
    partition_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_type: Option<&'static str>,
}

/// A shard in which another one continues.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChildShard {
    shard_id: String,
    parent_shards: Vec<String>,
    hash_key_range: HashKeyRange,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct HashKeyRange {
    starting_hash_key: String,
    ending_hash_key: String,
}

impl HashKeyRange {
    pub(super) fn of(shard: &crate::aws::kinesis::store::Shard) -> Self {
        Self { starting_hash_key: shard.first_hash.to_string(), ending_hash_key: shard.last_hash.to_string() }
    }
}

/// Reads up to 10,000 records and 10 MiB. An empty answer is not the end of the shard, whereas an answer
/// without an iterator is.
pub(super) fn get_records(kinesis: &Kinesis, request: &GetRecords) -> Result<GetRecordsAnswer, ApiError> {
    let mut checks = Checks::default();
    checks.required(request.shard_iterator.as_ref(), "shardIterator");
    checks.length(request.shard_iterator.as_ref(), "shardIterator", (1, 512));
    checks.range(request.limit, "limit", (1, MAX_RECORDS));
    checks.end()?;
    let now = now();
    let iterator = ShardIterator::read(request.shard_iterator.as_deref().unwrap_or_default(), now)?;
    let stream = kinesis.usable(&iterator.stream)?;
    if stream.with(|stream| stream.origin) != iterator.origin {
        return Err(ApiError::new(
            NOT_FOUND,
            format!(
                "Shard {} in stream {} under account {ACCOUNT} does not exist",
                shard_id(iterator.shard),
                iterator.stream
            ),
        ));
    }
    kinesis.throttle_read(&iterator, now)?;
    let limit = usize::try_from(request.limit.unwrap_or(MAX_RECORDS)).unwrap_or(1);
    let found =
        stream.read(iterator.shard, iterator.counter, Limit { records: limit, bytes: MAX_READ_BYTES })?;
    kinesis.gave(&iterator, &found.records, now);
    answer(&stream, iterator, found, now)
}

fn answer(
    stream: &Stream,
    iterator: ShardIterator,
    found: Records,
    now: Now,
) -> Result<GetRecordsAnswer, ApiError> {
    let is_over = found.is_end && found.records.is_empty();
    let millis_behind_latest = millis_behind(&found, now);
    let next = ShardIterator { counter: found.next, made_ms: now.0, ..iterator };
    let next_shard_iterator = if is_over { None } else { Some(next.token()?) };
    Ok(stream.with(|stream| GetRecordsAnswer {
        child_shards: if is_over { children(stream, next.shard) } else { Vec::new() },
        records: records(stream, next.shard, found.records),
        next_shard_iterator,
        millis_behind_latest,
    }))
}

/// How far behind the shard's tip the last of some records is.
pub(super) fn millis_behind(found: &Records, now: Now) -> u64 {
    match found.records.last().filter(|_| found.has_more) {
        Some(last) => now.0.saturating_sub(last.arrived_ms).max(1),
        None => 0,
    }
}

/// Records of a shard as readers get them.
pub(super) fn records(stream: &Description, shard: u32, records: Vec<Record>) -> Vec<RecordAnswer> {
    let answer = |record: Record| RecordAnswer {
        sequence_number: stream.origin.number(NumberPlace { shard, counter: record.counter }).to_string(),
        approximate_arrival_timestamp: Timestamp(record.arrived_ms),
        data: Blob(record.data),
        partition_key: record.partition_key,
        encryption_type: record.encrypted.then_some("KMS"),
    };
    records.into_iter().map(answer).collect()
}

/// The shards that a closed one went on in.
pub(super) fn children(stream: &Description, parent: u32) -> Vec<ChildShard> {
    let is_child = |shard: &&crate::aws::kinesis::store::Shard| shard.parents.contains(&parent);
    let child = |shard: &crate::aws::kinesis::store::Shard| ChildShard {
        shard_id: shard.id(),
        parent_shards: shard.parents.iter().map(|parent| shard_id(*parent)).collect(),
        hash_key_range: HashKeyRange::of(shard),
    };
    stream.shards.iter().filter(is_child).map(child).collect()
}

impl Kinesis {
    fn throttle_read(&self, iterator: &ShardIterator, now: Now) -> Result<(), ApiError> {
        let is_taken = |throttle: &super::throttle::Throttle| {
            throttle.takes_read((iterator.origin, iterator.shard), now)
        };
        if self.throttle.as_ref().is_none_or(is_taken) {
            return Ok(());
        }
        Err(ApiError::new(THROTTLED, super::throttle::message(iterator.shard, &iterator.stream)))
    }

    fn gave(&self, iterator: &ShardIterator, records: &[Record], now: Now) {
        if let Some(throttle) = &self.throttle {
            let bytes = records.iter().map(|record| record.data.len()).sum();
            throttle.gave((iterator.origin, iterator.shard), bytes, now);
        }
    }
}
