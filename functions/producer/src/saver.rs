//! Saves the cursor of a run while the run goes on.

use std::time::Duration;

use edge::ingest::{Checkpointer, Cursor, CursorError, CursorFile, FeedReport};
use edge::sources::Resume;
use edge::store::ObjectStore;
use tokio::time::{Instant, timeout_at};

/// How often the cursor is saved within a run. After a crash, at most what was put since the last save is put
/// again. One request a second costs an account 0.000005 USD.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Saves the cursor from time to time.
pub(crate) struct Saver<'a, S> {
    store: &'a S,
    file: CursorFile,
    /// Where the run starts.
    start: Cursor,
    /// At this moment a save within the run is given up, since the last save says more.
    stop_at: Instant,
    saved_at: Instant,
    lost: Option<CursorError>,
}

impl<'a, S> Saver<'a, S> {
    /// Saves to `file` of `store`.
    pub(crate) fn new(store: &'a S, file: CursorFile, start: Cursor, stop_at: Instant) -> Self {
        Self { store, file, start, stop_at, saved_at: Instant::now(), lost: None }
    }

    /// The cursor at a place whose record was tried for this long in this run.
    fn cursor(&self, resume: Resume, tried_for: Duration, done: bool) -> Cursor {
        let is_start = resume.position == self.start.resume.position;
        let earlier_ms = if is_start { self.start.tried_ms } else { 0 };
        let tried_ms = earlier_ms.saturating_add(u64::try_from(tried_for.as_millis()).unwrap_or(u64::MAX));
        Cursor { resume, done, tried_ms, ..self.start.clone() }
    }
}

impl<S: ObjectStore> Checkpointer for Saver<'_, S> {
    async fn at(&mut self, _read: u64, resume: Resume) {
        if self.saved_at.elapsed() < SAVE_EVERY || self.lost.is_some() {
            return;
        }
        self.saved_at = Instant::now();
        let cursor = self.cursor(resume, Duration::ZERO, false);
        match timeout_at(self.stop_at, self.file.save(self.store, cursor)).await {
            Ok(Err(lost @ CursorError::Lost { .. })) => self.lost = Some(lost),
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the cursor was not saved and will be saved later"
                );
            }
            Ok(Ok(())) | Err(_) => {}
        }
    }
}

impl<S: ObjectStore> Saver<'_, S> {
    /// Saves where the run ended, and returns the lease.
    pub(crate) async fn release(self, report: &FeedReport) -> Result<(), CursorError> {
        let resume = report.resume.clone().unwrap_or_else(|| self.start.resume.clone());
        let cursor = self.cursor(resume, report.tried_for, report.done);
        match self.lost {
            Some(lost) => Err(lost),
            None => self.file.release(self.store, cursor).await,
        }
    }
}
