//! A whole stream as it is read by a person or a test: every shard, parents before their children, within bounds of time
//! and of count.
//!
//! - `plan`: what to ask the service next, decided without a clock and without a connection.
//! - `driver`: the calls themselves, as an async stream.
//! - `open`: from a record to the user records in it, typed by a schema; `messages`: those that were put in pieces.
//! - `filter`: expressions over the fields of a record.
//!
//! A Lambda function needs none of this: its event source mapping reads for it.

mod calls;
mod driver;
mod failures;
mod filter;
mod messages;
mod open;
mod plan;
mod shards;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use driver::{ReadError, read_pushed_stream, read_stream};
pub use filter::{Filter, field};
pub use messages::FirstPiece;
pub use open::{Opened, Opener, Origin, Refused, Row};
pub use plan::PlanError;

use crate::aws::kinesis_reader::ReadRecord;

/// How many reads a second a shard allows all its readers together.
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
    /// The record with this sequence number and those after it, in the one shard that is read.
    Number(String),
}

/// How far a shard was read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// To the record with this number, which is to be read again.
    At(String),
    /// To the record with this number, which is done.
    After(String),
    /// To its end.
    End,
}

/// What is read from a stream, and how fast.
#[derive(Debug, Clone)]
pub struct ReadSettings {
    /// Where reading starts.
    pub from: From,
    /// Shards that were read before, where reading goes on; all others are read from `from`.
    pub reached: BTreeMap<String, Reached>,
    /// Records that arrived at this time or later, in Unix milliseconds, are left out. Reading ends when all
    /// shards have reached it.
    pub to_ms: Option<i64>,
    /// The only shard that is read; its children are not.
    pub only_shard: Option<String>,
    /// Reads of one shard in a second, 1 to [`READS_PER_S`]. Other readers of the stream need the rest. Nothing that
    /// is pushed needs it.
    pub reads_per_s: u32,
    /// How many calls may be under way at once, except where the stream is pushed.
    pub calls: usize,
    /// When reading ends, whatever has arrived by then.
    pub deadline: Option<tokio::time::Instant>,
    /// The most records that are returned.
    pub max_records: Option<u64>,
}

impl Default for ReadSettings {
    fn default() -> Self {
        Self {
            from: From::Latest,
            reached: BTreeMap::new(),
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
    /// Reading of a shard has begun that succeeds other shards.
    Began {
        /// The shard.
        shard: Arc<str>,
        /// The shards that it succeeds.
        parents: Vec<String>,
    },
    /// A closed shard was read to its end.
    Ended {
        /// The shard.
        shard: Arc<str>,
    },
    /// A call will be made again later. This is reported at its first failure.
    Waits {
        /// The shard, unless all shards were asked for.
        shard: Option<Arc<str>>,
        /// What the service answered, on one line.
        reason: String,
    },
}

/// Records of one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The shard.
    pub shard: Arc<str>,
    /// The records in the shard's order.
    pub records: Vec<ReadRecord>,
    /// How far behind the shard's newest record they are.
    pub millis_behind_latest: i64,
}
