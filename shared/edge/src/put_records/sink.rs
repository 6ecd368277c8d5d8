//! The port that takes records: one answer for each entry.

use std::time::Duration;

use tokio::time::Instant;

use super::{Entry, ShardMap};
use crate::BoxError;

/// `DescribeStreamSummary` allows 20 calls a second for a whole account.
const STATUS_PAUSE: Duration = Duration::from_millis(500);

/// A stream that takes up to [`MAX_ENTRIES`](super::MAX_ENTRIES) entries at once.
pub trait RecordSink: Send + Sync {
    /// Puts entries; the answer has one outcome for each, in their order. Some may be refused while
    /// others are stored, and stored ones are in no promised order. After an error it is not known
    /// whether any was stored.
    fn put(&self, entries: &[Entry]) -> impl Future<Output = Result<Vec<EntryOutcome>, SinkError>> + Send;

    /// The shards that take records now.
    fn shards(&self) -> impl Future<Output = Result<ShardMap, SinkError>> + Send;

    /// What there is to know of the stream now.
    fn summary(&self) -> impl Future<Output = Result<StreamSummary, SinkError>> + Send;
}

/// What a producer has to know of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSummary {
    /// Whether it takes records: `ACTIVE`, or `UPDATING` in a reshard.
    pub takes_records: bool,
    /// Most bytes of one record with its partition key.
    pub max_record_bytes: usize,
    /// Whether the service spreads records as it likes (`AUTO`) and partition keys mean nothing.
    pub ignores_keys: bool,
    /// Shards that take records.
    pub open_shards: usize,
}

/// Waits for a stream that is being made until it takes records; creates none.
pub async fn wait_until_active<S: RecordSink>(
    sink: &S,
    deadline: Instant,
) -> Result<StreamSummary, SinkError> {
    loop {
        let found = sink.summary().await;
        let may_change = match &found {
            Ok(summary) => !summary.takes_records,
            Err(error) => matches!(error, SinkError::Unavailable(_)),
        };
        if may_change && Instant::now() + STATUS_PAUSE < deadline {
            tokio::time::sleep(STATUS_PAUSE).await;
            continue;
        }
        return match found {
            Ok(summary) if !summary.takes_records => {
                Err(SinkError::Unavailable("the stream is not active yet".into()))
            }
            found => found,
        };
    }
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
