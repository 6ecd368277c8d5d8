//! What became of a source's records in one run.

use std::time::Duration;

use crate::BoxError;
use crate::put_records::{PutReport, StopReason};
use crate::sources::{Resume, SourceError};

/// What became of a source's records in one run.
#[derive(Debug, Default)]
pub struct FeedReport {
    /// Records read, good and bad.
    pub read: u64,
    /// User records the stream acknowledged.
    pub put: u64,
    /// Records put aside.
    pub quarantined: u64,
    /// Whether the source was read to its end and every record is sent or put aside.
    pub done: bool,
    /// Whether the source has more, but not before a while.
    pub asked_to_wait: bool,
    /// Where the next run starts so that none is missed; `None` where this one started.
    pub resume: Option<Resume>,
    /// How long the record at `resume` was tried in this run.
    pub tried_for: Duration,
    /// Why the run broke off, if something failed. What was sent until then stays sent.
    pub error: Option<FeedError>,
    /// The engine's account.
    pub engine: PutReport,
}

impl FeedReport {
    /// Takes out what ended the run before its time, if something failed.
    pub fn failure(&mut self) -> Option<BoxError> {
        let stopped = match self.engine.stopped.take_if(|stopped| matches!(stopped, StopReason::Fatal(_))) {
            Some(StopReason::Fatal(error)) => Some(error),
            _ => None,
        };
        self.error.take().map(BoxError::from).or(stopped)
    }
}

/// Why a run broke off.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The source gave no record.
    #[error("could not read on")]
    Source(#[from] SourceError),
    /// A record could be neither sent nor put aside.
    #[error("could not put a record aside")]
    Quarantine(#[source] BoxError),
}
