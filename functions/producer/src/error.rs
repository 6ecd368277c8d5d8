//! Why an invocation fails.

use edge::ingest::{CursorError, FeedError, IngestError};
use edge::put_records::SinkError;
use edge::schema_source::SchemaSourceError;
use edge::sources::{OpenError, SourceError};

use crate::event::EventError;
use crate::moments::NoTime;

/// Why an invocation failed. What was sent before stays sent, and the cursor says how far that is.
#[derive(Debug, thiserror::Error)]
pub enum ProducerError {
    /// There is no time to do anything.
    #[error(transparent)]
    NoTime(#[from] NoTime),
    /// Something took all the time that it was given.
    #[error("{what} took over {allowed_ms} ms, which is all the time for it: {advice}")]
    TooSlow {
        /// What it was.
        what: &'static str,
        /// The time that it had, counted from the invocation's start.
        allowed_ms: u128,
        /// What to do.
        advice: &'static str,
    },
    /// The time for reading ended before the source gave its first record, so the next run would fare no
    /// better.
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
    /// The source is not the one to which the cursor refers, and the event says that the invocation fails
    /// then.
    #[error("the source was replaced since the last run, or nothing proves that it was not")]
    SourceReplaced,
    /// Records were read, and then something failed.
    #[error("stopped after {read} records were read and {put} were put")]
    Feed {
        /// How many records were read.
        read: u64,
        /// How many records were acknowledged.
        put: u64,
        /// The reason.
        source: FeedError,
    },
    /// The stream can't be used in the way that the event asks for.
    #[error("records can't be put on the stream")]
    Ingest(#[from] IngestError),
    /// The stream did not accept more records.
    #[error("stream failed")]
    Stream(#[from] SinkError),
}

impl ProducerError {
    /// Whether the source only asks to be left alone for longer than a run lasts.
    pub(crate) fn asks_to_wait(&self) -> bool {
        matches!(self, Self::Find(OpenError::Source(SourceError::AskedToWait { .. })))
    }

    /// Returns a short stable word.
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
