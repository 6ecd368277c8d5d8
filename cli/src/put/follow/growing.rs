//! Reads a growing file to its end and then what is added, until its name belongs to another file or it is truncated.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64_simd::STANDARD;
use bytes::Bytes;
use edge::sources::{ByteSource, SourceError};
use record_model::keys::hash_key;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

const PIECE_BYTES: usize = 256 << 10;
/// The shortest and the longest time between two looks for more bytes.
const LOOK_AFTER: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));
/// How long a file that lost its name is still read, since a writer may have it open.
const GRACE: Duration = Duration::from_secs(1);
/// How long a file may stay unchanged before it is closed. It is opened again once it grows.
const CLOSED_AFTER: Duration = Duration::from_mins(5);
/// The number of first bytes by which a file is recognised.
const PRINT_BYTES: usize = 1024;

/// What a file begins with: a number of bytes, and their hash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Print {
    pub(super) bytes: usize,
    hash: String,
}

impl Print {
    /// Takes the beginning of a file, or all of it if it is short.
    pub(super) fn of(file: &File) -> std::io::Result<Self> {
        Ok(Self::of_bytes(&head(file)?))
    }

    fn of_bytes(head: &[u8]) -> Self {
        Self { bytes: head.len(), hash: format!("{:032x}", hash_key(&STANDARD.encode_to_string(head))) }
    }

    /// Whether the file begins like the one from which this was taken.
    pub(super) fn is_of(&self, file: &File) -> bool {
        head(file).is_ok_and(|head| self.begins(&head))
    }

    fn begins(&self, head: &[u8]) -> bool {
        head.get(..self.bytes).is_some_and(|same| Self::of_bytes(same) == *self)
    }

    /// Updates this from a file that may have grown. Returns `false` if the file begins differently now.
    fn grow(&mut self, file: &File) -> std::io::Result<bool> {
        // The file is read only once, so that it can't change in between.
        let head = head(file)?;
        let is_same = self.begins(&head);
        if is_same && head.len() > self.bytes {
            *self = Self::of_bytes(&head);
        }
        Ok(is_same)
    }
}

/// The first bytes of a file.
fn head(file: &File) -> std::io::Result<Vec<u8>> {
    let mut head = vec![0; PRINT_BYTES];
    let mut read = 0;
    while let Some(room) = head.get_mut(read..).filter(|room| !room.is_empty()) {
        match file.read_at(room, read as u64)? {
            0 => break,
            more => read += more,
        }
    }
    head.truncate(read);
    Ok(head)
}

/// Identifies a file by device and inode, whatever its name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(super) fn of(metadata: &fs::Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// The bytes of a file, including those that are written while it is read.
pub(super) struct GrowingFile {
    file: File,
    path: PathBuf,
    id: FileId,
    /// What the file began with when its bytes were read.
    print: Arc<Mutex<Print>>,
    at: u64,
    /// Whether the last read reached the end.
    is_at_end: bool,
    ends_in_line_end: bool,
    quiet_since: Instant,
    renamed_since: Option<Instant>,
    cut: Arc<AtomicBool>,
}

impl GrowingFile {
    /// Reads a file that is open already. `print` has its beginning, and is updated. `cut` is set if reading ends
    /// because the file was truncated or replaced.
    pub(super) fn new(
        file: File,
        path: &Path,
        print: Arc<Mutex<Print>>,
        cut: Arc<AtomicBool>,
    ) -> std::io::Result<Self> {
        let id = FileId::of(&file.metadata()?);
        Ok(Self {
            print,
            file,
            path: path.to_owned(),
            id,
            at: 0,
            is_at_end: true,
            ends_in_line_end: true,
            quiet_since: Instant::now(),
            renamed_since: None,
            cut,
        })
    }

    /// Whether the file was truncated or contains something else than what was read.
    fn is_cut(&mut self) -> std::io::Result<bool> {
        let is_same = self.print.lock().unwrap_or_else(PoisonError::into_inner).grow(&self.file)?;
        Ok(!is_same || self.file.metadata()?.len() < self.at)
    }

    /// Reads the next bytes. Returns `None` if there are none at the moment.
    fn piece(&mut self) -> std::io::Result<Option<Bytes>> {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        (&mut self.file).take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
        self.is_at_end = piece.len() < PIECE_BYTES;
        let Some(last) = piece.last() else { return Ok(None) };
        self.ends_in_line_end = *last == b'\n';
        self.at += piece.len() as u64;
        (self.quiet_since, self.renamed_since) = (Instant::now(), None);
        Ok(Some(piece.into()))
    }

    /// Whether nobody writes to the file any more.
    fn is_over(&mut self) -> bool {
        let is_named = fs::metadata(&self.path).is_ok_and(|metadata| FileId::of(&metadata) == self.id);
        if is_named {
            self.renamed_since = None;
            return self.ends_in_line_end && self.quiet_since.elapsed() >= CLOSED_AFTER;
        }
        self.renamed_since.get_or_insert_with(Instant::now).elapsed() >= GRACE
    }
}

impl ByteSource for GrowingFile {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        let failed = |error: std::io::Error| SourceError::Read(error.into());
        let mut wait = LOOK_AFTER.0;
        loop {
            if self.is_at_end && self.is_cut().map_err(failed)? {
                self.cut.store(true, Ordering::Relaxed);
                return Ok(None);
            }
            if let Some(piece) = self.piece().map_err(failed)? {
                return Ok(Some(piece));
            }
            if self.is_over() {
                return Ok(None);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LOOK_AFTER.1);
        }
    }

    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        self.file.seek(SeekFrom::Start(offset)).map_err(|error| SourceError::Read(error.into()))?;
        self.at = offset;
        Ok(true)
    }
}
