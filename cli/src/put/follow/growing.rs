//! Reads a growing file to its end and then what is added, until its name belongs to another file, it is truncated, it has
//! not changed for minutes, or other files wait for their turn.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

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
/// How long a file may stay unchanged before it is closed, and what is behind its last line end is a record. It is
/// opened again once it grows.
const CLOSED_AFTER: Duration = Duration::from_mins(5);
/// A file that changed more recently than this is looked into again, since a clock may not tell two changes apart.
const CLOCK_STEP: Duration = Duration::from_secs(2);
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

    pub(super) fn of_file(file: &File) -> std::io::Result<Self> {
        file.metadata().map(|metadata| Self::of(&metadata))
    }
}

/// What a file looks like from outside. As long as that stays the same, so does what it contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Seconds and nanoseconds.
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(metadata: &fs::Metadata) -> Self {
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Self { bytes: metadata.len(), modified: metadata.modified().ok(), changed }
    }

    /// How long ago the file was written to, by the clock of its file system.
    fn age(&self) -> Duration {
        self.modified.and_then(|at| at.elapsed().ok()).unwrap_or_default()
    }

    /// Whether the last change is so long ago that another one would look different.
    pub(super) fn is_settled(&self) -> bool {
        self.age() >= CLOCK_STEP
    }

    /// When the file is closed if it does not change.
    pub(super) fn closed_at(&self) -> Option<SystemTime> {
        self.modified.and_then(|at| at.checked_add(CLOSED_AFTER))
    }
}

/// Why reading ended before the file did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// It was truncated or replaced.
    Cut,
    /// It makes room for other files. With a stamp, nothing can be put before it changes.
    Paused(Option<Stamp>),
}

/// What a growing file shares with its follower.
#[derive(Clone, Default)]
pub(super) struct Shared {
    /// What the file began with when its bytes were read.
    pub(super) print: Arc<Mutex<Print>>,
    /// Set when reading ends early.
    pub(super) ending: Arc<Mutex<Option<Ending>>>,
}

/// When a file makes room for others.
#[derive(Clone)]
pub(super) struct Turn {
    /// Whether other files wait.
    pub(super) is_crowded: Arc<AtomicBool>,
    /// How long a record may wait for its end before it is complete.
    pub(super) wait: Duration,
}

/// The bytes of a file, including those that are written while it is read.
pub(super) struct GrowingFile {
    file: File,
    path: PathBuf,
    id: FileId,
    shared: Shared,
    turn: Turn,
    at: u64,
    /// Whether the last read reached the end.
    is_at_end: bool,
    opened: Instant,
    quiet_since: Instant,
    renamed_since: Option<Instant>,
}

impl GrowingFile {
    /// Reads a file that is open already.
    pub(super) fn new(file: File, path: &Path, shared: Shared, turn: Turn) -> std::io::Result<Self> {
        let (id, now) = (FileId::of_file(&file)?, Instant::now());
        Ok(Self {
            file,
            path: path.to_owned(),
            id,
            shared,
            turn,
            at: 0,
            is_at_end: true,
            opened: now,
            quiet_since: now,
            renamed_since: None,
        })
    }

    /// Whether the file was truncated or contains something else than what was read.
    fn is_cut(&mut self) -> std::io::Result<bool> {
        let is_same = self.shared.print.lock().unwrap_or_else(PoisonError::into_inner).grow(&self.file)?;
        Ok(!is_same || self.file.metadata()?.len() < self.at)
    }

    /// Reads the next bytes. Returns `None` if there are none at the moment.
    fn piece(&mut self) -> std::io::Result<Option<Bytes>> {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        (&mut self.file).take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
        self.is_at_end = piece.len() < PIECE_BYTES;
        if piece.is_empty() {
            return Ok(None);
        }
        self.at += piece.len() as u64;
        (self.quiet_since, self.renamed_since) = (Instant::now(), None);
        Ok(Some(piece.into()))
    }

    /// Whether nobody writes to the file any more.
    fn is_over(&mut self) -> std::io::Result<bool> {
        let is_named = fs::metadata(&self.path).is_ok_and(|metadata| FileId::of(&metadata) == self.id);
        if is_named {
            self.renamed_since = None;
            return Ok(self.stamp()?.is_some_and(|stamp| self.quiet_for(&stamp) >= CLOSED_AFTER));
        }
        Ok(self.renamed_since.get_or_insert_with(Instant::now).elapsed() >= GRACE)
    }

    /// Whether other files wait and this one was read to its end. Sets why it ends.
    fn makes_room(&self) -> std::io::Result<bool> {
        let Turn { is_crowded, wait } = &self.turn;
        // A file that lost its name is over soon, and may not be found again.
        if !is_crowded.load(Ordering::Relaxed)
            || self.opened.elapsed() < *wait
            || self.renamed_since.is_some()
        {
            return Ok(false);
        }
        let Some(stamp) = self.stamp()? else { return Ok(false) };
        let rests = self.quiet_for(&stamp) >= *wait + CLOCK_STEP;
        self.ends(Ending::Paused(rests.then_some(stamp)));
        Ok(true)
    }

    /// What the file looks like, unless it has bytes that were not read.
    fn stamp(&self) -> std::io::Result<Option<Stamp>> {
        let metadata = self.file.metadata()?;
        Ok((metadata.len() == self.at).then(|| Stamp::of(&metadata)))
    }

    fn quiet_for(&self, stamp: &Stamp) -> Duration {
        self.quiet_since.elapsed().max(stamp.age())
    }

    fn ends(&self, ending: Ending) {
        *self.shared.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending);
    }
}

impl ByteSource for GrowingFile {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        let failed = |error: std::io::Error| SourceError::Read(error.into());
        let mut wait = LOOK_AFTER.0;
        loop {
            if self.is_at_end && self.is_cut().map_err(failed)? {
                self.ends(Ending::Cut);
                return Ok(None);
            }
            if let Some(piece) = self.piece().map_err(failed)? {
                return Ok(Some(piece));
            }
            if self.is_over().map_err(failed)? {
                return Ok(None);
            }
            if self.makes_room().map_err(failed)? {
                // Not an end, since what is behind the last line end is no record yet.
                return Err(SourceError::Read("it makes room for other files".into()));
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
