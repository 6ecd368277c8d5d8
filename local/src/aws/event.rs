//! Everything that happens on the machine that plays AWS, as one type.
//!
//! Tallies, progress, the report and logs are folds of these events. Each event says what changed; the numbers in it
//! are of that change alone, unless a field is named `total`.

use std::sync::Arc;
use std::time::Duration;

use super::clock::Moment;

/// A name that many events share.
pub(crate) type Name = Arc<str>;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// A stream took records. One that is an aggregate of the Kinesis Producer Library has many user records.
    Put { stream: Name, shard: Name, records: u64, user_records: u64, bytes: u64 },
    /// Files of a stream were found damaged when it was opened: so many records that were acknowledged are lost.
    Damaged { stream: Name, shard: Name, records: u64, message: String },
    /// An environment of a function took an invocation.
    InvocationStarted { function: Name, request_id: Name, environment: u64, cold: bool, event_bytes: usize },
    /// An invocation ended; `error` is what went wrong, on one line.
    InvocationEnded { function: Name, request_id: Name, took: Duration, error: Option<String> },
    /// A mapping's function took records: its checkpoint may pass them.
    Acknowledged { mapping: Name, stream: Name, shard: Name, records: u64 },
    /// A mapping tries a batch again.
    Retried { mapping: Name, stream: Name, shard: Name, records: u64, attempts: u64, reason: String },
    /// A mapping discarded records. `kept` is where they are; `None` is what Lambda does without a destination: they are
    /// lost.
    Discarded {
        mapping: Name,
        stream: Name,
        shard: Name,
        records: u64,
        condition: Condition,
        kept: Option<String>,
    },
    /// The last call of a tumbling window failed for good: its state is lost.
    WindowLost { mapping: Name, stream: Name, shard: Name },
    /// A delivery stream is done with records of its stream, each of which may have been several user records.
    Passed { delivery: Name, stream: Name, shard: Name, records: u64 },
    /// A delivery stream wrote an object of user records, which is so many bytes long as it is stored.
    Delivered { delivery: Name, key: String, records: u64, bytes: u64 },
    /// A transformation dropped user records.
    Dropped { delivery: Name, records: u64 },
    /// User records went to a delivery stream's error prefix, for this reason.
    Failed { delivery: Name, records: u64, code: String, message: String },
    /// A schedule invoked its function.
    Fired { schedule: Name, function: Name, at: Moment },
    /// An asynchronous invocation ran out of retries.
    AsynchronousFailure { function: Name, reason: String },
    /// A service that does not run here was asked and refused, for the first time by this function.
    Fenced { service: String, function: Option<Name> },
    /// Something that a person should know, on one line.
    Warning { message: String },
}

/// Why a batch was discarded, in the words of Lambda's on-failure records.
/// <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// The batch was tried as often as the mapping says.
    RetriesExhausted,
    /// The records are older than the mapping says.
    TooOld,
}

impl Condition {
    /// The word of the on-failure record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetryAttemptsExhausted",
            Self::TooOld => "RecordAgeExceeded",
        }
    }
}

/// Is told of everything that happens, in the order in which it happens to each part. It must not block.
pub(crate) trait Observer: Send + Sync {
    fn on(&self, event: Event);
}
