//! Shard iterators: places in a shard, as texts that are valid for five minutes.

use base64_simd::STANDARD;
use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::error::ApiError;
use super::kinesis::{Kinesis, now};
use super::starting_position::{StartingPosition, shard_of};
use super::target::Target;
use super::wire::Timestamp;
use crate::aws::kinesis::store::{Now, Origin};

const LIFETIME_MS: u64 = 300_000;
/// How far in the future an iterator may have been made, in case the clock was set back.
const CLOCK_DRIFT_MS: u64 = 60_000;
const EXPIRED: &str = "ExpiredIteratorException";

/// A place in a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ShardIterator {
    pub(super) stream: String,
    pub(super) origin: Origin,
    pub(super) shard: u32,
    pub(super) counter: u64,
    pub(super) made_ms: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetShardIterator {
    #[serde(flatten)]
    target: Target,
    shard_id: Option<String>,
    shard_iterator_type: Option<String>,
    starting_sequence_number: Option<String>,
    timestamp: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetShardIteratorAnswer {
    shard_iterator: String,
}

pub(super) fn get_shard_iterator(
    kinesis: &Kinesis,
    request: GetShardIterator,
) -> Result<GetShardIteratorAnswer, ApiError> {
    let position = StartingPosition {
        r#type: request.shard_iterator_type,
        sequence_number: request.starting_sequence_number,
        timestamp: request.timestamp,
    };
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.required(request.shard_id.as_ref(), "shardId");
    checks.name(request.shard_id.as_ref(), "shardId");
    position.check(&mut checks, "shardIteratorType");
    checks.end()?;
    let name = request.target.name()?;
    let stream = kinesis.usable(name)?;
    let shard = shard_of(&stream, request.shard_id.as_deref().unwrap_or_default())?;
    let now = now();
    let counter = position.counter(&stream, shard, now)?;
    let origin = stream.with(|stream| stream.origin);
    let iterator = ShardIterator { stream: name.to_owned(), origin, shard, counter, made_ms: now.0 };
    Ok(GetShardIteratorAnswer { shard_iterator: iterator.token()? })
}

impl ShardIterator {
    /// The iterator as text: base64 of its checksum and itself.
    pub(super) fn token(&self) -> Result<String, ApiError> {
        let itself = serde_json::to_vec(self).map_err(|error| ApiError::internal(&error))?;
        let mut token = crc32fast::hash(&itself).to_be_bytes().to_vec();
        token.extend_from_slice(&itself);
        Ok(STANDARD.encode_to_string(token))
    }

    /// Reads an iterator that is still valid.
    pub(super) fn read(token: &str, now: Now) -> Result<Self, ApiError> {
        let invalid = || ApiError::invalid("Invalid ShardIterator.");
        let decoded = STANDARD.decode_to_vec(token).map_err(|_| invalid())?;
        let (checksum, itself) = decoded.split_first_chunk().ok_or_else(invalid)?;
        if crc32fast::hash(itself) != u32::from_be_bytes(*checksum) {
            return Err(invalid());
        }
        let read: Self = serde_json::from_slice(itself).map_err(|_| invalid())?;
        if read.made_ms > now.0.saturating_add(CLOCK_DRIFT_MS) {
            return Err(invalid());
        }
        if now.0.saturating_sub(read.made_ms) > LIFETIME_MS {
            let message = format!(
                "Iterator expired. The iterator was created at time {} while right now it is {} which is further in \
                 the future than the tolerated delay of {LIFETIME_MS} milliseconds.",
                read.made_ms, now.0
            );
            return Err(ApiError::new(EXPIRED, message));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Now = Now(1_800_000_000_000);

    fn iterator() -> ShardIterator {
        ShardIterator { stream: "s".to_owned(), origin: Origin::new(1), shard: 2, counter: 3, made_ms: NOW.0 }
    }

    #[test]
    fn an_iterator_lives_five_minutes() {
        let token = iterator().token().unwrap();
        assert_eq!(ShardIterator::read(&token, Now(NOW.0 + LIFETIME_MS)).unwrap(), iterator_like(&token));
        assert_eq!(ShardIterator::read(&token, Now(NOW.0 + LIFETIME_MS + 1)).unwrap_err().code, EXPIRED);
    }

    fn iterator_like(token: &str) -> ShardIterator {
        ShardIterator::read(token, NOW).unwrap()
    }

    proptest! {
        #[test]
        fn a_changed_iterator_is_none(at: prop::sample::Index, letter in "[A-Za-z0-9+/]") {
            let token = iterator().token().unwrap();
            let at = at.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(at..=at, &letter);
            if changed != token {
                prop_assert!(ShardIterator::read(&changed, NOW).is_err());
            }
        }

        #[test]
        fn any_text_is_an_iterator_or_refused(text in ".{0,100}") {
            let _ = ShardIterator::read(&text, NOW);
        }
    }
}
