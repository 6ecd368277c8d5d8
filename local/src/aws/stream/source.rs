//! The port through which a taker (an event source mapping or a delivery stream) reads one stream.

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::aws::clock::Moment;

/// One taker's view of one stream. The source stores the taker's places. It never drops a record that they
/// have not passed before the stream's retention ends, and the places survive a restart.
pub(crate) trait StreamSource: Send + Sync {
    /// Returns every shard that the stream still has, parents before children.
    fn shards(&self) -> BoxFuture<'_, Result<Vec<SourceShard>, StreamError>>;
    /// Returns where the taker is in a shard: at its stored place, or where it began.
    fn place(&self, shard: &str) -> Result<Place, StreamError>;
    /// Returns up to `limit` records after a sequence number, or from where the taker began, in order. An
    /// empty page is the end of the shard only if it says so.
    fn read<'a>(
        &'a self,
        shard: &'a str,
        after: Option<&'a str>,
        limit: PageLimit,
    ) -> BoxFuture<'a, Result<Page, StreamError>>;
    /// Stores a new place, which survives the process once this returns.
    fn pass<'a>(&'a self, shard: &'a str, place: Place) -> BoxFuture<'a, Result<(), StreamError>>;
    /// Ends once anything has changed on the stream (records, shards, its end) since the version `seen`; 0
    /// precedes all versions.
    fn changed(&self, seen: u64) -> BoxFuture<'_, u64>;
}

/// What reading in order needs to know about a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceShard {
    pub(crate) id: String,
    /// The shards from which it came by a split or a merge, as far as the stream still has them.
    pub(crate) parents: Vec<String>,
}

/// How far a taker is in a shard.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Place {
    /// The last record with which it is done; `None` if there is none yet.
    pub(crate) after: Option<String>,
    /// Whether the shard is closed and the taker is done with all of it.
    pub(crate) finished: bool,
    /// What the taker stores beside it as JSON, such as the state of an open window.
    pub(crate) note: Option<String>,
}

/// The limits of one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageLimit {
    pub(crate) records: usize,
    /// The most bytes. The first record is returned whatever its size.
    pub(crate) bytes: usize,
}

/// The result of one read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) records: Vec<SourceRecord>,
    /// Whether the shard is closed and nothing follows these records.
    pub(crate) is_end: bool,
}

/// One record of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceRecord {
    pub(crate) sequence_number: String,
    pub(crate) partition_key: String,
    pub(crate) data: Bytes,
    pub(crate) arrived_at: Moment,
}

/// Why a stream can't be read.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The stream was deleted, or never existed.
    #[error("stream {stream} does not exist")]
    NotFound {
        /// Its name.
        stream: String,
    },
    /// The file system refuses.
    #[error("stream {stream} can't be read or written in {folder}")]
    Storage {
        /// Its name.
        stream: String,
        /// The folder.
        folder: String,
        /// The file system's error.
        source: std::io::Error,
    },
}
