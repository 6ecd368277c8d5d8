//! One append-only file of a shard.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::UNIX_EPOCH;

use super::frame::{self, Frame, Record};
use super::lock::lock;

/// A segment is closed at this size, or an hour after it began.
const MAX_BYTES: u64 = 8 << 20;
const MAX_AGE_MS: u64 = 3_600_000;
/// A reader passes at most this many bytes of records that it does not want.
const MARK_EVERY_BYTES: u64 = 64 << 10;
const READ_AT_ONCE: usize = 64 << 10;
const EXTENSION: &str = "log";

/// What is known about a segment. Clones share what was learnt about its content.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    path: Arc<Path>,
    /// The counter of its first record.
    pub(super) first: u64,
    /// How much of the file is written and acknowledged.
    bytes: u64,
    /// The arrival of its newest record.
    pub(super) newest_ms: u64,
    oldest_ms: OnceLock<u64>,
    marks: Arc<Mutex<Vec<Mark>>>,
}

/// Where a record begins.
#[derive(Debug, Clone, Copy)]
struct Mark {
    counter: u64,
    offset: u64,
}

/// What was found by reading a whole segment.
pub(super) struct Scanned {
    /// The counter of the next record.
    pub(super) next: u64,
    /// What follows the last whole record, which was cut off.
    pub(super) cut: Option<Cut>,
}

/// The cut-off end of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// Where it is kept.
    pub(super) kept: PathBuf,
    pub(super) bytes: u64,
    /// How many acknowledged records are lost by damage, as far as whole records after it show. If a process
    /// was killed while it wrote, none is lost.
    pub(super) lost: u64,
}

impl Segment {
    pub(super) fn new(folder: &Path, first: u64) -> Self {
        let path = folder.join(format!("{first:020}.{EXTENSION}")).into();
        Self { path, first, bytes: 0, newest_ms: 0, oldest_ms: OnceLock::new(), marks: Arc::default() }
    }

    /// A segment that exists already, by its path; `None` if the path is not a segment's.
    pub(super) fn found(path: PathBuf) -> io::Result<Option<Self>> {
        let is_segment = path.extension().is_some_and(|extension| extension == EXTENSION);
        let first = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        let (true, Some(first)) = (is_segment, first) else { return Ok(None) };
        let about = path.metadata()?;
        let written = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let newest_ms = u64::try_from(written.as_millis()).unwrap_or(u64::MAX);
        let segment = Self { bytes: about.len(), newest_ms, ..Self::new(Path::new(""), first) };
        Ok(Some(Self { path: path.into(), ..segment }))
    }

    /// Creates the file. Its name alone stores the shard's counter.
    pub(super) fn make(&self) -> io::Result<()> {
        self.open_to_write().map(drop)
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether the next record goes into another segment.
    pub(super) fn is_full(&self, now_ms: u64) -> bool {
        let is_old =
            || self.oldest_ms.get().is_some_and(|oldest| now_ms.saturating_sub(*oldest) > MAX_AGE_MS);
        self.bytes >= MAX_BYTES || is_old()
    }

    /// Writes records after the others. If it fails, none of them counts.
    pub(super) fn append(&mut self, first: u64, records: &[u8], arrived_ms: u64) -> io::Result<()> {
        let mut file = self.open_to_write()?;
        let found = file.metadata()?.len();
        if found < self.bytes {
            let message = format!("{} is shorter than it was written", self.path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        if found > self.bytes {
            file.set_len(self.bytes)?; // an append that failed half way
        }
        file.seek(SeekFrom::Start(self.bytes))?;
        if let Err(error) = file.write_all(records) {
            // Whole records in it would otherwise count as written when the segment is opened again. Cutting
            // needs no disk space.
            let undone = file.set_len(self.bytes);
            tracing::debug!(?undone, "a write that failed half way is undone");
            return Err(error);
        }
        self.mark(Mark { counter: first, offset: self.bytes });
        self.bytes += records.len() as u64;
        self.newest_ms = arrived_ms;
        self.oldest_ms.get_or_init(|| arrived_ms);
        Ok(())
    }

    /// The folder is made with its first segment.
    fn open_to_write(&self) -> io::Result<File> {
        let open = || OpenOptions::new().write(true).create(true).truncate(false).open(&self.path);
        match (open(), self.path.parent()) {
            (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(folder)?;
                open()
            }
            (opened, _) => opened,
        }
    }

    /// Reads all of it, and cuts off what follows the last whole record, which is kept beside the segment.
    pub(super) fn recover(&mut self) -> io::Result<Scanned> {
        let mut next = self.first;
        let mut offset = 0;
        let mut reader = BufReader::with_capacity(READ_AT_ONCE, File::open(&self.path)?);
        while let Some(Frame { record, bytes }) = frame::read(&mut reader)? {
            if record.counter != next {
                break;
            }
            self.mark(Mark { counter: next, offset });
            self.oldest_ms.get_or_init(|| record.arrived_ms);
            self.newest_ms = record.arrived_ms;
            next += 1;
            offset += bytes;
        }
        let cut = (self.bytes > offset).then(|| self.cut(offset, next)).transpose()?;
        Ok(Scanned { next: next + cut.as_ref().map_or(0, |cut| cut.lost), cut })
    }

    fn cut(&mut self, offset: u64, next: u64) -> io::Result<Cut> {
        let mut file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        let kept = self.path.with_extension("torn");
        std::fs::write(&kept, &end)?;
        file.set_len(offset)?;
        self.bytes = offset;
        let lost = frame::last_counter(&end, next).map_or(0, |last| last + 1 - next);
        Ok(Cut { kept, bytes: end.len() as u64, lost })
    }

    /// Visits records from a counter on until `visit` has enough.
    pub(super) fn visit(&self, from: u64, mut visit: impl FnMut(Record) -> bool) -> io::Result<()> {
        let mut at = self.nearest(from);
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(at.offset))?;
        let mut reader = BufReader::with_capacity(READ_AT_ONCE, file.take(self.bytes - at.offset));
        while at.offset < self.bytes {
            let Some(Frame { record, bytes }) = frame::read(&mut reader)? else {
                let message = format!("{} is damaged at byte {}", self.path.display(), at.offset);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            };
            self.mark(at);
            at = Mark { counter: record.counter + 1, offset: at.offset + bytes };
            if record.counter >= from && !visit(record) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// When its first record arrived.
    pub(super) fn oldest_ms(&self) -> io::Result<Option<u64>> {
        if self.oldest_ms.get().is_none() {
            self.visit(self.first, |record| {
                self.oldest_ms.get_or_init(|| record.arrived_ms);
                false
            })?;
        }
        Ok(self.oldest_ms.get().copied())
    }

    fn nearest(&self, counter: u64) -> Mark {
        let marks = lock(&self.marks);
        let behind = marks.partition_point(|mark| mark.counter <= counter);
        let nearest = behind.checked_sub(1).and_then(|index| marks.get(index).copied());
        nearest.unwrap_or(Mark { counter: self.first, offset: 0 })
    }

    /// Remembers a place if it is far enough after the last one.
    fn mark(&self, mark: Mark) {
        let mut marks = lock(&self.marks);
        if marks.last().is_none_or(|last| mark.offset >= last.offset + MARK_EVERY_BYTES) {
            marks.push(mark);
        }
    }
}
