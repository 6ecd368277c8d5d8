//! Records that no stream takes, in a file beside the one that they come from.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64_simd::STANDARD;
use edge::BoxError;
use edge::ingest::{Quarantine, Rejected};
use record_model::put_aside::{Origin, PutAside, Reason};

use super::cursor_file::beside;

/// One JSON object a line. The file is made when the first record is put aside.
pub(super) struct QuarantineFile {
    path: PathBuf,
    /// The file that is put.
    source: String,
    stream: String,
    file: Option<File>,
}

impl QuarantineFile {
    pub(super) fn beside(put: &Path, stream: &str) -> Self {
        let source = put.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = beside(put, stream, "quarantine.ndjson");
        Self { path, source, stream: stream.to_owned(), file: None }
    }

    /// Where it is, if any record is in it.
    pub(super) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }
}

impl Quarantine for QuarantineFile {
    async fn put(&mut self, rejected: Rejected<'_>) -> Result<(), BoxError> {
        let Rejected { payload, position, records, kind, message } = rejected;
        let put_aside = PutAside {
            origin: Origin::Source {
                stream: self.stream.as_str().into(),
                source: self.source.as_str().into(),
                source_version: None,
                position,
                records,
            },
            reason: Reason { kind: kind.into(), field: None, message: message.into() },
            payload_base64: STANDARD.encode_to_string(payload).into(),
        };
        let mut line = put_aside.to_json()?;
        line.push(b'\n');
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(OpenOptions::new().create(true).append(true).open(&self.path)?),
        };
        Ok(file.write_all(&line)?)
    }
}
