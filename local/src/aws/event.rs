//! Everything that happens on the machine that plays AWS, as one type.
//!
//! Tallies, progress, the report and logs are folds of these events. Each event says what changed. Its
//! numbers count only that change, unless a field is named `total`.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::clock::Moment;

/// A name that many events share.
pub(crate) type Name = Arc<str>;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// A stream took records. A KPL aggregate counts as one record with many user records.
    Put { stream: Name, shard: Name, records: u64, user_records: u64, bytes: u64 },
    /// A stream did not take records of a request, each told by its [`fingerprint`], for this reason.
    PutRefused { stream: Name, records: Vec<u64>, code: &'static str },
    /// Files of a stream were found damaged when it was opened, so this many acknowledged records are lost.
    Damaged { stream: Name, shard: Name, records: u64, message: String },
    /// An environment of a function took an invocation with this event. What it logs is behind `log_at` bytes of the
    /// function's log.
    InvocationStarted {
        function: Name,
        request_id: Name,
        environment: u64,
        cold: bool,
        event: Bytes,
        log_at: u64,
    },
    /// An invocation ended: with its answer, or with what went wrong, on one line. What it logged is before `log_at`.
    InvocationEnded {
        function: Name,
        request_id: Name,
        took: Duration,
        answer: Result<Bytes, String>,
        log_at: u64,
    },
    /// A mapping's function took records: its checkpoint may pass them.
    Acknowledged { mapping: Name, stream: Name, shard: Name, records: u64 },
    /// A mapping will try a batch again.
    Retried { mapping: Name, stream: Name, shard: Name, records: u64, attempts: u64, reason: String },
    /// A mapping discarded records. `kept` says where they are. `None` means that they are lost, as they are
    /// in Lambda without a destination.
    Discarded {
        mapping: Name,
        stream: Name,
        shard: Name,
        records: u64,
        condition: Condition,
        kept: Option<String>,
    },
    /// The last call of a tumbling window failed for good, so its state is lost.
    WindowLost { mapping: Name, stream: Name, shard: Name },
    /// A delivery stream is done with records of its stream, each of which may contain several user records.
    Passed { delivery: Name, stream: Name, shard: Name, records: u64 },
    /// A delivery stream wrote an object of user records. `bytes` is its stored length.
    Delivered { delivery: Name, key: String, records: u64, bytes: u64 },
    /// A delivery stream's index took user records.
    Indexed { delivery: Name, records: u64 },
    /// A transformation dropped user records.
    Dropped { delivery: Name, records: u64 },
    /// User records went to an object of a delivery stream's error prefix, for this reason.
    Failed { delivery: Name, key: String, records: u64, code: String, message: String },
    /// What a delivery stream's open buffers hold now.
    Buffered { delivery: Name, held: Held },
    /// A bucket took an object, which is so many bytes long; `is_new` where the key had none before.
    Stored { bucket: Name, key: String, bytes: u64, is_new: bool },
    /// A schedule invoked its function.
    Fired { schedule: Name, function: Name, at: Moment },
    /// An asynchronous invocation ran out of retries.
    AsynchronousFailure { function: Name, reason: String },
    /// A function called a service that does not run here, and was refused. Only the first such call is
    /// reported.
    Fenced { service: String, function: Option<Name> },
    /// Something that the user should know, on one line.
    Warning { message: String },
}

/// Tells a record that was not taken from others until it is put again. It is the same within a process alone.
pub(crate) fn fingerprint(partition_key: &str, data: &[u8]) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one((partition_key, data))
}

/// What the open buffers of a delivery stream hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Held {
    /// Buffers that are open: one, or one for each partition.
    pub(crate) open: usize,
    pub(crate) records: u64,
    /// Bytes of the objects in the making.
    pub(crate) bytes: usize,
    /// When the next of them is written at the latest; none where none is open.
    pub(crate) due: Option<Moment>,
    /// Bytes that are gathered for the transform, or are in its hands.
    pub(crate) taken_bytes: usize,
    /// When the transform is invoked with the next of them at the latest.
    pub(crate) taken_due: Option<Moment>,
}

/// Why a batch was discarded, in the words of Lambda's on-failure records.
/// <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// The batch was tried as often as the mapping allows.
    RetriesExhausted,
    /// The records are older than the mapping allows.
    TooOld,
}

impl Condition {
    /// Returns the word that the on-failure record uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetryAttemptsExhausted",
            Self::TooOld => "RecordAgeExceeded",
        }
    }
}

/// Is told about everything that happens, in the order in which it happens to each part. It must not block.
pub(crate) trait Observer: Send + Sync {
    fn on(&self, event: Event);
}
