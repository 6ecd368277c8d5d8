//! The port that takes records: one answer for each entry.

use super::{Entry, ShardMap};
use crate::BoxError;

/// A stream that takes up to [`MAX_ENTRIES`](super::MAX_ENTRIES) entries at once.
pub trait RecordSink: Send + Sync {
    /// Puts entries; the answer has one outcome for each, in their order. Some may be refused while
    /// others are stored, and stored ones are in no promised order. After an error it is not known
    /// whether any was stored.
    fn put(&self, entries: &[Entry]) -> impl Future<Output = Result<Vec<EntryOutcome>, SinkError>> + Send;

    /// The shards that take records now.
    fn shards(&self) -> impl Future<Output = Result<ShardMap, SinkError>> + Send;
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryOutcome {
    /// Stored.
    Accepted {
        /// The shard it is in, such as `shardId-000000000001`.
        shard_id: String,
    },
    /// Not stored.
    Refused(Refusal),
}

/// Why one entry was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// `ProvisionedThroughputExceededException`: its shard is at its limit.
    Throttled,
    /// `InternalFailure`, or a code the documentation does not have.
    Internal,
}

impl Refusal {
    /// The service's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "ProvisionedThroughputExceededException",
            Self::Internal => "InternalFailure",
        }
    }
}

/// Why a whole call failed.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The service is busy or out of reach; the same call may do later.
    #[error("stream took no records for now")]
    Unavailable(#[source] BoxError),
    /// Something in the request is not as it must be, in one entry or more.
    #[error("stream found the request invalid")]
    Invalid(#[source] BoxError),
    /// No call will do: no such stream, no permission, a key that is disabled.
    #[error("stream can't be written to")]
    Fatal(#[source] BoxError),
}
