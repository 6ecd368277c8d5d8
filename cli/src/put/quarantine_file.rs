//! Records no stream takes, in a file beside the one they come from.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64_simd::STANDARD;
use edge::BoxError;
use edge::ingest::{Quarantine, Rejected};

use super::cursor_file::beside;

/// One JSON object a line; made with the first record.
pub(super) struct QuarantineFile {
    path: PathBuf,
    file: Option<File>,
}

impl QuarantineFile {
    pub(super) fn beside(put: &Path, stream: &str) -> Self {
        Self { path: beside(put, stream, "quarantine.ndjson"), file: None }
    }

    /// Where it is, if any record is in it.
    pub(super) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }
}

impl Quarantine for QuarantineFile {
    async fn put(&mut self, rejected: Rejected<'_>) -> Result<(), BoxError> {
        let Rejected { payload, position, records, kind, message } = rejected;
        let line = serde_json::json!({
            "position": position,
            "records": records,
            "reason": { "kind": kind, "message": message },
            "payload_base64": STANDARD.encode_to_string(payload),
        });
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(OpenOptions::new().create(true).append(true).open(&self.path)?),
        };
        Ok(file.write_all(format!("{line}\n").as_bytes())?)
    }
}
