//! The port that takes records, with one answer for each entry.

use std::time::Duration;

use tokio::time::Instant;

use super::{Entry, ShardMap};
use crate::BoxError;

/// `DescribeStreamSummary` allows 20 calls a second for a whole account.
const STATUS_PAUSE: Duration = Duration::from_millis(500);

/// A stream that takes up to [`MAX_ENTRIES`](super::MAX_ENTRIES) entries at once.
pub trait RecordSink: Send + Sync {
    /// Puts entries. The answer has one outcome for each of them, in their order. Some may be refused while
    /// others are stored, and the order of stored entries is not promised. After an error it is not known
    /// whether any was stored.
    fn put(&self, entries: &[Entry]) -> impl Future<Output = Result<Vec<EntryOutcome>, SinkError>> + Send;

    /// Returns the shards that take records now.
    fn shards(&self) -> impl Future<Output = Result<ShardMap, SinkError>> + Send;

    /// Returns what is known about the stream now.
    fn summary(&self) -> impl Future<Output = Result<StreamSummary, SinkError>> + Send;
}

/// What a producer needs to know about a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSummary {
    /// Whether it takes records: `ACTIVE`, or `UPDATING` in a reshard.
    pub takes_records: bool,
    /// The most bytes of one record with its partition key.
    pub max_record_bytes: usize,
    /// Whether the service chooses the shard of each record itself (`AUTO`), so that partition keys have no
    /// effect.
    pub ignores_keys: bool,
    /// Shards that take records.
    pub open_shards: usize,
    /// Which stream it is, if that is known: a stream that was deleted and created again has the same name.
    pub identity: Option<StreamIdentity>,
}

/// What distinguishes one stream from every other, even of the same name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StreamIdentity {
    /// The stream's ARN, which contains the region and the account.
    pub arn: String,
    /// When the stream was created, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
}

/// Waits until the stream takes records, while it is being created or the service is out of reach. `on_wait`
/// is told why, once. This does not create a stream.
pub async fn wait_until_active<S: RecordSink>(
    sink: &S,
    deadline: Instant,
    on_wait: &(dyn Fn(&SinkError) + Sync),
) -> Result<StreamSummary, SinkError> {
    let mut is_told = false;
    loop {
        let waits_for = match sink.summary().await {
            Ok(summary) if summary.takes_records => return Ok(summary),
            Ok(_) => SinkError::Unavailable("the stream is not active yet".into()),
            Err(error @ SinkError::Unavailable(_)) => error,
            Err(error) => return Err(error),
        };
        if Instant::now() + STATUS_PAUSE >= deadline {
            return Err(waits_for);
        }
        if !is_told {
            on_wait(&waits_for);
            is_told = true;
        }
        tokio::time::sleep(STATUS_PAUSE).await;
    }
}

/// What happened to one entry.
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
    /// `InternalFailure`, or a code that is not documented.
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
    /// The service is busy or out of reach. The same call may succeed later.
    #[error("stream is busy or out of reach")]
    Unavailable(#[source] BoxError),
    /// Something is wrong with the request, in one entry or more.
    #[error("stream found the request invalid")]
    Invalid(#[source] BoxError),
    /// The caller may not make this call, but may be allowed to make others.
    #[error("permission for the stream is missing")]
    Denied(#[source] BoxError),
    /// No call will succeed: there is no such stream, or a key is disabled.
    #[error("stream can't be written to")]
    Fatal(#[source] BoxError),
}
