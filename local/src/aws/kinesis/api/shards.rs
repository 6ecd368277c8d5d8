//! `ListShards`, page by page and filtered.

use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::error::ApiError;
use super::get::HashKeyRange;
use super::kinesis::{Kinesis, now};
use super::page::{read_token, token};
use super::target::Target;
use super::wire::Timestamp;
use crate::aws::kinesis::store::{Description, Now, Origin, Shard, shard_id, shard_index};

const MAX_SHARDS: i64 = 10_000;
const DEFAULT_SHARDS: i64 = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListShards {
    #[serde(flatten)]
    target: Target,
    exclusive_start_shard_id: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    shard_filter: Option<ShardFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShardFilter {
    r#type: Option<String>,
    shard_id: Option<String>,
    timestamp: Option<Timestamp>,
}

/// Where a listing continues, and what it lists.
#[derive(Clone, Deserialize, Serialize)]
struct Listing {
    stream: String,
    after: Option<u32>,
    filter: Filter,
}

/// The shards that a filter selects: those that were open at some time in an interval, in milliseconds.
#[derive(Clone, Copy, Deserialize, Serialize)]
struct Filter {
    from_ms: u64,
    to_ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListShardsAnswer {
    shards: Vec<ShardAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// A shard as it is described.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShardAnswer {
    shard_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_shard_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjacent_parent_shard_id: Option<String>,
    hash_key_range: HashKeyRange,
    sequence_number_range: SequenceNumberRange,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SequenceNumberRange {
    starting_sequence_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_sequence_number: Option<String>,
}

impl ShardAnswer {
    pub(super) fn of(shard: &Shard, origin: Origin) -> Self {
        let mut parents = shard.parents.iter().map(|parent| shard_id(*parent));
        Self {
            shard_id: shard.id(),
            parent_shard_id: parents.next(),
            adjacent_parent_shard_id: parents.next(),
            hash_key_range: HashKeyRange::of(shard),
            sequence_number_range: SequenceNumberRange {
                starting_sequence_number: shard.starting_number(origin).to_string(),
                ending_sequence_number: shard.ending_number(origin).map(|number| number.to_string()),
            },
        }
    }
}

/// Lists a stream's shards, closed ones too, by id.
pub(super) fn list_shards(kinesis: &Kinesis, request: &ListShards) -> Result<ListShardsAnswer, ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.range(request.max_results, "maxResults", (1, MAX_SHARDS));
    checks.name(request.exclusive_start_shard_id.as_ref(), "exclusiveStartShardId");
    checks.end()?;
    let limit = usize::try_from(request.max_results.unwrap_or(DEFAULT_SHARDS)).unwrap_or(1);
    let listing = kinesis.listing(request)?;
    let stream = kinesis.usable(&listing.stream)?;
    stream.with(|stream| {
        let shards =
            stream.shards.iter().filter(|shard| listing.after.is_none_or(|after| shard.index > after));
        let mut shards = shards.filter(|shard| listing.filter.holds(shard));
        let page: Vec<_> = shards.by_ref().take(limit).collect();
        let last = page.last().filter(|_| shards.next().is_some());
        let next = last.map(|last| token(&Listing { after: Some(last.index), ..listing.clone() }));
        let page = page.into_iter().map(|shard| ShardAnswer::of(shard, stream.origin)).collect();
        Ok(ListShardsAnswer { next_token: next.transpose()?, shards: page })
    })
}

impl Kinesis {
    fn listing(&self, request: &ListShards) -> Result<Listing, ApiError> {
        let names_stream = request.target.stream_name.is_some() || request.target.stream_arn.is_some();
        if let Some(token) = &request.next_token {
            return if names_stream {
                Err(ApiError::invalid("NextToken and StreamName cannot be provided together."))
            } else {
                read_token(token)
            };
        }
        let stream = request.target.name()?;
        let listed = self.usable(stream)?;
        let (filter, behind) = match &request.shard_filter {
            None => (Filter::ALL, None),
            Some(filter) => listed.with(|stream| filter.read(stream, now()))?,
        };
        let after = request.exclusive_start_shard_id.as_deref().and_then(shard_index).max(behind);
        Ok(Listing { stream: stream.to_owned(), after, filter })
    }
}

impl ShardFilter {
    /// The interval, and the shard behind which the listing begins.
    fn read(&self, stream: &Description, now: Now) -> Result<(Filter, Option<u32>), ApiError> {
        // The oldest time from which records are kept, but not before the stream was created.
        let horizon_ms = now.0.saturating_sub(stream.retention_ms()).max(stream.origin.created_ms);
        let timestamp_ms = || {
            let Timestamp(ms) =
                self.timestamp.ok_or_else(|| ApiError::invalid("ShardFilter needs a Timestamp."))?;
            Ok::<_, ApiError>(ms.max(horizon_ms))
        };
        let (from_ms, to_ms) = match self.r#type.as_deref().unwrap_or_default() {
            "AFTER_SHARD_ID" => {
                let id = self.shard_id.as_deref().and_then(shard_index);
                let id = id.ok_or_else(|| ApiError::invalid("ShardFilter needs a ShardId."))?;
                return Ok((Filter::ALL, Some(id)));
            }
            "AT_TRIM_HORIZON" => (horizon_ms, horizon_ms),
            "FROM_TRIM_HORIZON" => (horizon_ms, u64::MAX),
            "AT_LATEST" => (u64::MAX, u64::MAX),
            "AT_TIMESTAMP" => (timestamp_ms()?, timestamp_ms()?),
            "FROM_TIMESTAMP" => (timestamp_ms()?, u64::MAX),
            other => return Err(ApiError::invalid(format!("{other:?} is not a type of ShardFilter."))),
        };
        Ok((Filter { from_ms, to_ms }, None))
    }
}

impl Filter {
    const ALL: Self = Self { from_ms: 0, to_ms: u64::MAX };

    fn holds(self, shard: &Shard) -> bool {
        shard.opened_ms <= self.to_ms && shard.closed.is_none_or(|closed| closed.at_ms > self.from_ms)
    }
}
