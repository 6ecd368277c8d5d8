//! A file that something writes to: read to its end and then on, until another file has its name or it was cut short.

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
/// Between two looks whether there is more, at first and at most.
const LOOK_AFTER: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));
/// How long a file whose name another one has is still written to by whoever had it open.
const GRACE: Duration = Duration::from_secs(1);
/// A file that does not grow for so long is closed, and opened again once it does.
const CLOSED_AFTER: Duration = Duration::from_mins(5);
/// The bytes that tell a file from another one.
const PRINT_BYTES: usize = 1024;

/// What a file begins with: so many bytes, and their hash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Print {
    pub(super) bytes: usize,
    hash: String,
}

impl Print {
    /// Of as much of the file as there is, up to what is enough.
    pub(super) fn of(file: &File) -> std::io::Result<Self> {
        Ok(Self::of_bytes(&head(file)?))
    }

    fn of_bytes(head: &[u8]) -> Self {
        Self { bytes: head.len(), hash: format!("{:032x}", hash_key(&STANDARD.encode_to_string(head))) }
    }

    /// Whether the file begins as the one that this is of.
    pub(super) fn is_of(&self, file: &File) -> bool {
        head(file).is_ok_and(|head| self.begins(&head))
    }

    fn begins(&self, head: &[u8]) -> bool {
        head.get(..self.bytes).is_some_and(|same| Self::of_bytes(same) == *self)
    }

    /// Takes in what a file begins with now; `false` where that is not what it began with.
    fn grow(&mut self, file: &File) -> std::io::Result<bool> {
        // Of one reading, so that nothing else can be there by then.
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

/// A file by its place on the disk, whatever it is called.
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

/// The bytes of a file as they are written.
pub(super) struct GrowingFile {
    file: File,
    path: PathBuf,
    id: FileId,
    /// What the bytes that were read began with.
    print: Arc<Mutex<Print>>,
    at: u64,
    /// Whether the last look found nothing.
    is_at_end: bool,
    ends_in_line_end: bool,
    quiet_since: Instant,
    renamed_since: Option<Instant>,
    cut: Arc<AtomicBool>,
}

impl GrowingFile {
    /// A file that is open already, whose beginning is kept in `print`. `cut` is set where it ends since it was cut short.
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

    /// Whether what is in the file now is not what was read.
    fn is_cut(&mut self) -> std::io::Result<bool> {
        let is_same = self.print.lock().unwrap_or_else(PoisonError::into_inner).grow(&self.file)?;
        Ok(!is_same || self.file.metadata()?.len() < self.at)
    }

    /// The next bytes, or none for now.
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
