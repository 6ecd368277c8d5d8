//! The port through which a taker (an event source mapping, a delivery stream) reads one stream.

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::aws::clock::Moment;

/// One taker's view of one stream. The taker's places are kept by the source: a record that they have not passed is
/// never dropped before the stream's retention ends, and after a restart they are where they were.
pub(crate) trait StreamSource: Send + Sync {
    /// Every shard the stream still has, parents before children.
    fn shards(&self) -> BoxFuture<'_, Result<Vec<SourceShard>, StreamError>>;
    /// Where the taker is in a shard: at its own place, or where it began.
    fn place(&self, shard: &str) -> Result<Place, StreamError>;
    /// Up to `limit` records behind a sequence number, or from where the taker began, in order. An empty page is not
    /// the end of the shard unless it says so.
    fn read<'a>(
        &'a self,
        shard: &'a str,
        after: Option<&'a str>,
        limit: PageLimit,
    ) -> BoxFuture<'a, Result<Page, StreamError>>;
    /// Keeps a new place; it survives the process once this returns.
    fn pass<'a>(&'a self, shard: &'a str, place: Place) -> BoxFuture<'a, Result<(), StreamError>>;
    /// Ends once anything changed on the stream (records, shards, its end) since the version `seen`; 0 is before all.
    fn changed(&self, seen: u64) -> BoxFuture<'_, u64>;
}

/// A shard, as far as reading in order needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceShard {
    pub(crate) id: String,
    /// Those it came from by a split or a merge and that the stream still has.
    pub(crate) parents: Vec<String>,
}

/// How far a taker is in a shard.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Place {
    /// The last record it is done with; `None`: none yet.
    pub(crate) after: Option<String>,
    /// The shard is closed and the taker is done with all of it.
    pub(crate) finished: bool,
    /// What the taker keeps beside it, such as the state of an open window: JSON of its own.
    pub(crate) note: Option<String>,
}

/// Bounds of one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageLimit {
    pub(crate) records: usize,
    /// The first record comes whatever its size.
    pub(crate) bytes: usize,
}

/// What one read gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) records: Vec<SourceRecord>,
    /// The shard is closed, and nothing is behind these records.
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
    /// It was deleted, or was never there.
    #[error("stream {stream} is not there")]
    NotFound {
        /// Its name.
        stream: String,
    },
    /// The file system refused.
    #[error("stream {stream} can't be read or written in {folder}")]
    Storage {
        /// Its name.
        stream: String,
        /// The folder.
        folder: String,
        /// What the file system says.
        source: std::io::Error,
    },
}
