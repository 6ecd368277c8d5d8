//! Where a reader begins: one rule for `GetShardIterator` and `SubscribeToShard`.

use serde::Deserialize;
use template::ACCOUNT;

use super::check::Checks;
use super::error::ApiError;
use super::wire::Timestamp;
use crate::aws::kinesis::store::{Now, Start, Stream, counter_in, shard_id, shard_index};

const TYPES: [&str; 5] =
    ["AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"];

/// A kind of start and what it needs.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartingPosition {
    pub(super) r#type: Option<String>,
    pub(super) sequence_number: Option<String>,
    pub(super) timestamp: Option<Timestamp>,
}

impl StartingPosition {
    pub(super) fn check(&self, checks: &mut Checks, member: &str) {
        checks.required(self.r#type.as_ref(), member);
        checks.word(self.r#type.as_ref(), member, &TYPES);
        checks.digits(self.sequence_number.as_ref(), "startingSequenceNumber");
    }

    /// The counter in a shard that is meant.
    pub(super) fn counter(&self, stream: &Stream, shard: u32, now: Now) -> Result<u64, ApiError> {
        let start = self.start(stream, shard, now)?;
        let name = || stream.with(|stream| stream.name.clone());
        stream.position(shard, start)?.ok_or_else(|| ApiError::no_shard(&shard_id(shard), &name()))
    }

    fn start(&self, stream: &Stream, shard: u32, now: Now) -> Result<Start, ApiError> {
        let kind = self.r#type.as_deref().unwrap_or_default();
        match (kind, &self.sequence_number) {
            ("AT_SEQUENCE_NUMBER", Some(number)) => Ok(Start::At(counter(stream, shard, number)?)),
            ("AFTER_SEQUENCE_NUMBER", Some(number)) => Ok(Start::At(counter(stream, shard, number)? + 1)),
            ("TRIM_HORIZON", None) => Ok(Start::TrimHorizon),
            ("LATEST", None) => Ok(Start::Latest),
            ("AT_TIMESTAMP", None) => self.timestamp(now).map(Start::AtTimestamp),
            (kind, number) => Err(ApiError::invalid(format!(
                "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) \
                 TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {kind} and {} \
                 StartingSequenceNumber.",
                if number.is_some() { "also a" } else { "no" }
            ))),
        }
    }

    fn timestamp(&self, now: Now) -> Result<u64, ApiError> {
        let Timestamp(ms) = self.timestamp.ok_or_else(|| {
            ApiError::invalid(
                "Must specify timestamp parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp \
                 parameter.",
            )
        })?;
        if ms <= now.0 {
            return Ok(ms);
        }
        Err(ApiError::invalid(format!(
            "The timestamp parameter cannot be greater than the currentTimestampMillis. Request timestamp: {ms}, \
             currentTimestampMillis: {}.",
            now.0
        )))
    }
}

fn counter(stream: &Stream, shard: u32, number: &str) -> Result<u64, ApiError> {
    stream.with(|stream| {
        counter_in(stream, shard, number).ok_or_else(|| {
            ApiError::invalid(format!(
                "StartingSequenceNumber {number} used in GetShardIterator on shard {} in stream {} under account \
                 {ACCOUNT} is invalid because it did not come from this stream.",
                shard_id(shard),
                stream.name
            ))
        })
    })
}

/// The index of a shard of the stream.
pub(super) fn shard_of(stream: &Stream, id: &str) -> Result<u32, ApiError> {
    let index = shard_index(id);
    stream.with(|stream| {
        let found = index.and_then(|index| stream.shard(index)).map(|shard| shard.index);
        found.ok_or_else(|| ApiError::no_shard(id, &stream.name))
    })
}
