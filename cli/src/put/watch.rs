//! What `kinflow put` does while it runs: it moves the bar on the terminal, and saves the bookmark beside the
//! file.

use std::time::{Duration, Instant};

use edge::ingest::Checkpointer;
use edge::sources::Resume;
use indicatif::{ProgressBar, ProgressStyle};

use super::bookmark::Bookmark;

/// How often the bookmark is saved. After a kill, what was put since then is put twice.
const SAVE_EVERY: Duration = Duration::from_millis(250);

/// How much of the file is acknowledged. The bar is hidden if standard error is not a terminal.
pub(super) struct Watch<'a> {
    bar: ProgressBar,
    /// None where there is no place to go on from.
    bookmark: Option<&'a Bookmark>,
    saved_at: Instant,
    failed: bool,
}

impl<'a> Watch<'a> {
    /// Watches the put of a file of this many bytes, which begins at `position`.
    pub(super) fn new(bytes: u64, position: u64, bookmark: &'a Bookmark) -> Self {
        let style = ProgressStyle::with_template(
            "{bar:20} {bytes}/{total_bytes} {bytes_per_sec} {eta} left, {msg} records",
        );
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(bytes).with_style(style).with_position(position);
        // Otherwise the bytes of an earlier put would count for this one's rate.
        bar.reset_eta();
        Self { bar, bookmark: Some(bookmark), saved_at: Instant::now(), failed: false }
    }

    /// Watches the put of what comes by a pipe.
    pub(super) fn of_input() -> Self {
        let style = ProgressStyle::with_template("{spinner} {elapsed} {msg} records");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::no_length().with_style(style);
        Self { bar, bookmark: None, saved_at: Instant::now(), failed: false }
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Checkpointer for Watch<'_> {
    async fn at(&mut self, read: u64, resume: Resume) {
        self.bar.set_position(resume.position);
        self.bar.set_message(read.to_string());
        if self.failed || self.saved_at.elapsed() < SAVE_EVERY {
            return;
        }
        self.saved_at = Instant::now();
        if let Some(Err(error)) = self.bookmark.map(|bookmark| bookmark.save(&resume)) {
            self.failed = true;
            self.bar.suspend(|| eprintln!("warning: {error}"));
        }
    }
}
