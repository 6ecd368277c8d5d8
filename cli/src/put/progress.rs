//! The bar of `kinflow put`.

use edge::ingest::Progress;
use edge::sources::Resume;
use indicatif::{ProgressBar, ProgressStyle};

/// How much of the file is acknowledged; hidden where standard error is no terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(bytes: u64) -> Self {
        let style =
            ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg} records");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::new(bytes).with_style(style))
    }

    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    async fn at(&mut self, read: u64, resume: Resume) {
        self.0.set_position(resume.position);
        self.0.set_message(read.to_string());
    }
}
