//! The cursor of a run, saved as the run goes.

use std::time::Duration;

use edge::ingest::{Cursor, CursorError, CursorFile, FeedReport, Progress};
use edge::sources::Resume;
use edge::store::ObjectStore;
use tokio::time::Instant;

/// How often the cursor is saved within a run.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Saves the cursor from time to time.
pub(crate) struct Saver<'a, S> {
    store: &'a S,
    file: CursorFile,
    cursor: Cursor,
    saved_at: Instant,
    lost: Option<CursorError>,
}

impl<'a, S> Saver<'a, S> {
    /// Saves to `file` of `store`; `cursor` is where the run starts.
    pub(crate) fn new(store: &'a S, file: CursorFile, cursor: Cursor) -> Self {
        Self { store, file, cursor, saved_at: Instant::now(), lost: None }
    }
}

impl<S: ObjectStore> Progress for Saver<'_, S> {
    async fn at(&mut self, _read: u64, resume: Resume) {
        if self.saved_at.elapsed() < SAVE_EVERY || self.lost.is_some() {
            return;
        }
        self.saved_at = Instant::now();
        let cursor = Cursor { resume, done: false, ..self.cursor.clone() };
        match self.file.save(self.store, cursor).await {
            Err(lost @ CursorError::Lost { .. }) => self.lost = Some(lost),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cursor not saved, later again");
            }
            Ok(()) => {}
        }
    }
}

impl<S: ObjectStore> Saver<'_, S> {
    /// Saves where the run ended and gives the lease back.
    pub(crate) async fn release(self, report: &FeedReport) -> Result<(), CursorError> {
        if let Some(lost) = self.lost {
            return Err(lost);
        }
        let resume = report.resume.clone().unwrap_or_else(|| self.cursor.resume.clone());
        let cursor = Cursor { resume, done: report.done, ..self.cursor };
        self.file.release(self.store, cursor).await
    }
}
