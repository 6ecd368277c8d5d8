//! What happened to a source's records in one run.

use std::time::Duration;

use crate::BoxError;
use crate::put_records::{PutReport, StopReason};
use crate::sources::{Resume, SourceError};

/// What happened to a source's records in one run.
#[derive(Debug, Default)]
pub struct FeedReport {
    /// How many records were read, good and bad.
    pub read: u64,
    /// How many user records the stream acknowledged.
    pub put: u64,
    /// How many records were put aside.
    pub quarantined: u64,
    /// Whether the source was read to its end and every record was sent or put aside.
    pub done: bool,
    /// Whether the source has more records, but asks to wait before it gives them.
    pub asked_to_wait: bool,
    /// Where the next run starts so that it misses nothing; `None` means where this run started.
    pub resume: Option<Resume>,
    /// How long the record at `resume` was tried in this run.
    pub tried_for: Duration,
    /// Why the run stopped early, if something failed. What was sent before stays sent.
    pub error: Option<FeedError>,
    /// The engine's report.
    pub engine: PutReport,
}

impl FeedReport {
    /// Takes out the error that ended the run early, if something failed.
    pub fn failure(&mut self) -> Option<BoxError> {
        let stopped = match self.engine.stopped.take_if(|stopped| matches!(stopped, StopReason::Fatal(_))) {
            Some(StopReason::Fatal(error)) => Some(error),
            _ => None,
        };
        self.error.take().map(BoxError::from).or(stopped)
    }
}

/// Why a run stopped early.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The source failed to give a record.
    #[error("could not read the next record")]
    Source(#[from] SourceError),
    /// A record could be neither sent nor put aside.
    #[error("could not put a record aside")]
    Quarantine(#[source] BoxError),
}
