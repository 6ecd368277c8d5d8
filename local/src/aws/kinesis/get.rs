//! `GetRecords`.

use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::sequence::{increment_sequence, parse_sequence, resolve_shard_id, shard_ix_to_hex};
use ferrokinesis::shard_iterator::{create_shard_iterator, decode_shard_iterator};
use ferrokinesis::types::{HashKeyRange, Shard, StoredRecord, Stream};
use serde::{Deserialize, Serialize};

use super::gateway::Outcome;
use super::streams::{Streams, now_ms, seconds};

const MAX_RECORDS: usize = 10_000;
const MAX_READ_BYTES: usize = 10 << 20;
/// Records are taken from the store so many at a time first, until their size is known.
const FIRST_STEP: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetRecords {
    shard_iterator: String,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    millis_behind_latest: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_shard_iterator: Option<String>,
    records: Vec<Record<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    child_shards: Vec<ChildShard<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Record<'a> {
    approximate_arrival_timestamp: f64,
    data: &'a str,
    partition_key: &'a str,
    sequence_number: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ChildShard<'a> {
    shard_id: &'a str,
    parent_shards: Vec<&'a str>,
    hash_key_range: &'a HashKeyRange,
}

/// A place in a shard, as an iterator names it.
struct Place {
    stream: String,
    shard_id: String,
    shard_index: i64,
    sequence_number: String,
}

/// Reads up to 10,000 records and 10 MiB. An empty answer is not the end of the shard; an answer without an iterator is.
pub(super) async fn get_records(streams: &Streams, body: &[u8]) -> Outcome {
    let Ok(GetRecords { shard_iterator, limit }) = serde_json::from_slice(body) else { return Ok(None) };
    let limit = limit.unwrap_or(MAX_RECORDS);
    let (Some(place), 1..=MAX_RECORDS) = (place(streams, &shard_iterator), limit) else { return Ok(None) };
    let Ok(stream) = streams.store.get_stream(&place.stream).await else { return Ok(None) };
    let shard_index = usize::try_from(place.shard_index).unwrap_or(usize::MAX);
    let Some(shard) = stream.shards.get(shard_index) else { return Ok(None) };

    let (records, more) = read(streams, &place, &stream, limit).await;
    let is_over = records.is_empty() && shard.sequence_number_range.ending_sequence_number.is_some();
    let next = (!is_over).then(|| next_sequence_number(&place, &records));
    streams.readers.moved(&place.stream, place.shard_index, Some(&place.sequence_number), next.as_deref());
    let answer = Answer {
        millis_behind_latest: if more { behind(&records) } else { 0 },
        next_shard_iterator: next
            .map(|next| create_shard_iterator(&place.stream, &place.shard_id, &next, now_ms())),
        records: records.iter().map(|(key, record)| answered(key, record)).collect(),
        child_shards: if is_over { children(&stream, shard) } else { Vec::new() },
    };
    let body = serde_json::to_vec(&answer)
        .map_err(|error| KinesisErrorResponse::server_error(None, Some(&error.to_string())))?;
    Ok(Some(body))
}

/// Reads an iterator; none if it is not one, or has expired.
fn place(streams: &Streams, iterator: &str) -> Option<Place> {
    let (made_ms, stream, shard_id, sequence_number) = decode_shard_iterator(iterator).ok()?;
    let lifetime_ms = streams.store.options.iterator_ttl_seconds.saturating_mul(1000);
    let age_ms = now_ms().checked_sub(made_ms)?;
    let (_, shard_index) = resolve_shard_id(&shard_id).ok()?;
    parse_sequence(&sequence_number).ok()?;
    (age_ms <= lifetime_ms).then_some(Place { stream, shard_id, shard_index, sequence_number })
}

/// The records from a place on, and whether there are more behind them.
async fn read(
    streams: &Streams,
    place: &Place,
    stream: &Stream,
    limit: usize,
) -> (Vec<(String, StoredRecord)>, bool) {
    let _shared = streams.order.read().await;
    let end = shard_ix_to_hex(place.shard_index + 1);
    let mut from = format!("{}/{}", shard_ix_to_hex(place.shard_index), place.sequence_number);
    let oldest_s = oldest_kept_s(stream);
    let (mut records, mut bytes) = (Vec::new(), 0);
    let mut step = FIRST_STEP;
    loop {
        let page = streams.store.get_records_range_limited(&place.stream, &from, &end, step).await;
        let is_last = page.len() < step;
        for (key, record) in page {
            bytes += record.data.len() / 4 * 3;
            if records.len() == limit || (bytes > MAX_READ_BYTES && !records.is_empty()) {
                return (records, true);
            }
            from = format!("{key}!"); // right behind this key and before the next
            if record.approximate_arrival_timestamp >= oldest_s {
                records.push((key, record));
            }
        }
        if is_last {
            return (records, false);
        }
        step = next_step(bytes, records.len());
    }
}

/// As many records as fit what is left of the answer, going by those seen.
fn next_step(bytes: usize, records: usize) -> usize {
    let average = (bytes / records.max(1)).max(1);
    (MAX_READ_BYTES.saturating_sub(bytes) / average).clamp(FIRST_STEP, 1000)
}

/// Records that arrived before this are past the stream's retention.
fn oldest_kept_s(stream: &Stream) -> f64 {
    seconds(now_ms().saturating_sub(u64::from(stream.retention_period_hours) * 3_600_000))
}

/// Where the next read goes on: behind the last record, or where this one was.
fn next_sequence_number(place: &Place, records: &[(String, StoredRecord)]) -> String {
    let last = records.last().and_then(|(key, _)| parse_sequence(sequence_number(key)).ok());
    last.map_or_else(|| place.sequence_number.clone(), |last| increment_sequence(&last, None))
}

/// The store's keys are `<shard>/<sequence number>`.
fn sequence_number(key: &str) -> &str {
    key.split_once('/').map_or("", |(_, sequence_number)| sequence_number)
}

fn answered<'a>(key: &'a str, record: &'a StoredRecord) -> Record<'a> {
    Record {
        // A hair later: the Rust SDK cuts a time to milliseconds, and most have no exact form in binary.
        approximate_arrival_timestamp: record.approximate_arrival_timestamp.next_up(),
        data: &record.data,
        partition_key: &record.partition_key,
        sequence_number: sequence_number(key),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an arrival time of this store")]
fn behind(records: &[(String, StoredRecord)]) -> u64 {
    let last_ms =
        records.last().map_or(0, |(_, record)| (record.approximate_arrival_timestamp * 1000.0) as u64);
    now_ms().saturating_sub(last_ms).max(1)
}

fn children<'a>(stream: &'a Stream, parent: &Shard) -> Vec<ChildShard<'a>> {
    let is_child = |shard: &&Shard| {
        [&shard.parent_shard_id, &shard.adjacent_parent_shard_id]
            .iter()
            .any(|id| id.as_deref() == Some(&parent.shard_id))
    };
    let child = |shard: &'a Shard| ChildShard {
        shard_id: &shard.shard_id,
        parent_shards: shard
            .parent_shard_id
            .iter()
            .chain(&shard.adjacent_parent_shard_id)
            .map(String::as_str)
            .collect(),
        hash_key_range: &shard.hash_key_range,
    };
    stream.shards.iter().filter(is_child).map(child).collect()
}
