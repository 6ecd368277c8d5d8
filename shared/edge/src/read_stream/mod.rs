//! A whole stream as it is read by a person or a test: every shard, parents before their children, within bounds of time
//! and of count.
//!
//! - `plan`: what to ask the service next, decided without a clock and without a connection.
//! - `driver`: the calls themselves, as an async stream.
//!
//! A Lambda function needs none of this: its event source mapping reads for it.

mod calls;
mod driver;
mod failures;
mod plan;
mod shards;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use driver::{ReadError, read_stream};
pub use plan::PlanError;

use crate::aws::kinesis_reader::ReadRecord;

/// Reads a second that a shard allows all its readers together.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
pub const READS_PER_S: u32 = 5;

/// Where reading a stream starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// The oldest record that the stream still holds.
    Oldest,
    /// Just after the newest record.
    Latest,
    /// The first record that arrived then or later, in Unix milliseconds.
    Time(i64),
    /// The record of this sequence number, in the one shard that is read, and what comes after it.
    Number(String),
}

/// What is read of a stream, and how fast.
#[derive(Debug, Clone)]
pub struct ReadSettings {
    /// Where reading starts.
    pub from: From,
    /// Records that arrived then or later are left out, in Unix milliseconds; reading ends where all shards are there.
    pub to_ms: Option<i64>,
    /// The one shard that is read; its children are not.
    pub only_shard: Option<String>,
    /// Reads of one shard in a second, 1 to [`READS_PER_S`]; other readers of the stream need the rest.
    pub reads_per_s: u32,
    /// Calls under way at once.
    pub calls: usize,
    /// When reading ends whatever has come.
    pub deadline: Option<tokio::time::Instant>,
    /// Most records that are given out.
    pub max_records: Option<u64>,
}

impl Default for ReadSettings {
    fn default() -> Self {
        Self {
            from: From::Latest,
            to_ms: None,
            only_shard: None,
            reads_per_s: 2,
            calls: 8,
            deadline: None,
            max_records: None,
        }
    }
}

/// What happens while a stream is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Records of one shard, in its order. An empty batch says only how far behind the shard is.
    Records(Batch),
    /// A shard that came after others is read from now on.
    Began {
        /// The shard.
        shard: Arc<str>,
        /// The shards it came from.
        parents: Vec<String>,
    },
    /// A closed shard was read to its end.
    Ended {
        /// The shard.
        shard: Arc<str>,
    },
    /// A call is made again later; told at its first failure.
    Waits {
        /// The shard, unless all shards were asked for.
        shard: Option<Arc<str>>,
        /// What was answered, on one line.
        reason: String,
    },
}

/// Records of one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The shard.
    pub shard: Arc<str>,
    /// In the shard's order.
    pub records: Vec<ReadRecord>,
    /// How far behind its tip the shard is read.
    pub millis_behind_latest: i64,
}
