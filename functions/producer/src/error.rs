//! Why an invocation fails.

use edge::ingest::{CursorError, FeedError, IngestError};
use edge::put_records::SinkError;
use edge::schema_source::SchemaSourceError;
use edge::sources::{OpenError, SourceError};

use crate::event::EventError;
use crate::moments::NoTime;

/// Why an invocation failed. What was sent until then stays sent, and the cursor says how far.
#[derive(Debug, thiserror::Error)]
pub enum ProducerError {
    /// There is no time to do anything.
    #[error(transparent)]
    NoTime(#[from] NoTime),
    /// Something took all the time that it had.
    #[error(
        "{what} took over {allowed_ms} ms, which is all the time for it: give the function a longer timeout"
    )]
    TooSlow {
        /// What it was.
        what: &'static str,
        /// The time there was for it, from the invocation's start.
        allowed_ms: u128,
        /// What to do.
        advice: &'static str,
    },
    /// The time for reading was over before the source gave its first record, so the next run fares no better.
    #[error(
        "source gave no record within {reading_ms} ms, which is all the time for reading: \
         give the function a longer timeout, or lower DEADLINE_MARGIN_MS"
    )]
    NothingRead {
        /// The time for reading.
        reading_ms: u128,
    },
    /// The event isn't one that the producer understands.
    #[error("event can't be used")]
    Event(#[from] EventError),
    /// There is no such schema.
    #[error("schema can't be used")]
    Schema(#[from] SchemaSourceError),
    /// The cursor failed.
    #[error("cursor failed")]
    Cursor(#[from] CursorError),
    /// The source can't be found.
    #[error("source can't be found")]
    Find(#[from] OpenError),
    /// The source can't be opened.
    #[error("source failed")]
    Source(#[from] SourceError),
    /// The source is not the one the cursor counts in, and the event says to fail then.
    #[error("the source was written anew since the last run, or nothing proves that it was not")]
    SourceReplaced,
    /// Records were read and something failed.
    #[error("stopped after {read} records read and {put} put")]
    Feed {
        /// Records read.
        read: u64,
        /// Records acknowledged.
        put: u64,
        /// Why.
        source: FeedError,
    },
    /// The stream can't be used as the event asks.
    #[error("stream can't be put to")]
    Ingest(#[from] IngestError),
    /// The stream took no more records.
    #[error("stream failed")]
    Stream(#[from] SinkError),
}

impl ProducerError {
    /// Whether the source only wants to be left alone for longer than a run lasts.
    pub(crate) fn asks_to_wait(&self) -> bool {
        matches!(self, Self::Find(OpenError::Source(SourceError::AskedToWait { .. })))
    }

    /// A short stable word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoTime(_) | Self::TooSlow { .. } | Self::NothingRead { .. } => "deadline",
            Self::Event(_) | Self::Ingest(IngestError::Packing(_)) => "bad_event",
            Self::Schema(_) => "bad_schema",
            Self::Find(OpenError::Bucket(_)) => "bucket",
            Self::Find(OpenError::Secret(_)) => "secret",
            Self::Cursor(_) => "cursor",
            Self::Find(OpenError::Source(_)) | Self::Source(_) | Self::SourceReplaced => "source",
            Self::Feed { .. } => "feed",
            Self::Ingest(_) | Self::Stream(_) => "stream",
        }
    }
}
