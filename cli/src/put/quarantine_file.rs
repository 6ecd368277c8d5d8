//! Keeps records that no stream accepts in a file beside the one from which they come.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64_simd::STANDARD;
use edge::BoxError;
use edge::ingest::{Quarantine, Rejected};
use record_model::put_aside::{Origin, PutAside, Reason};

/// Each line is one JSON object. The file is created with the first record. A put that continues or is
/// repeated does not write a line again that is in the file already.
pub(super) struct QuarantineFile {
    path: PathBuf,
    /// The file that is put.
    source: String,
    stream: String,
    lines: Mutex<Option<Lines>>,
}

/// The file, open, and the hashes of its lines.
struct Lines {
    file: File,
    hashers: [RandomState; 2],
    known: HashSet<[u64; 2]>,
}

impl QuarantineFile {
    pub(super) fn beside(put: &Path, stream: &str) -> Self {
        let source = put.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut name = put.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{stream}.quarantine.ndjson"));
        let path = put.with_file_name(name);
        Self { path, source, stream: stream.to_owned(), lines: Mutex::default() }
    }

    /// Its path, if this put has met a record for it.
    pub(super) fn path(&self) -> Option<&Path> {
        self.lines().as_ref().map(|_| self.path.as_path())
    }

    fn lines(&self) -> MutexGuard<'_, Option<Lines>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        let mut lines = self.lines();
        let lines = match &mut *lines {
            Some(lines) => lines,
            none => none.insert(Lines::open(&self.path)?),
        };
        let hash = hash_of(&lines.hashers, line);
        if lines.known.contains(&hash) {
            return Ok(());
        }
        lines.file.write_all(&[line, b"\n"].concat())?;
        lines.known.insert(hash);
        Ok(())
    }
}

impl Lines {
    /// Opens the file after its last whole line. A killed put may have left half a line, whose record will be
    /// met again.
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(path)?;
        let hashers = [RandomState::new(), RandomState::new()];
        let (mut known, mut whole, mut line) = (HashSet::new(), 0, Vec::new());
        let mut reader = BufReader::new(&file);
        loop {
            line.clear();
            let bytes = reader.read_until(b'\n', &mut line)?;
            let Some(text) = line.strip_suffix(b"\n") else { break };
            known.insert(hash_of(&hashers, text));
            whole += bytes as u64;
        }
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        Ok(Self { file, hashers, known })
    }
}

/// The hash has 128 bits and random keys, so that no two lines of a file are mistaken for each other.
fn hash_of(hashers: &[RandomState; 2], line: &[u8]) -> [u64; 2] {
    hashers.each_ref().map(|hasher| hasher.hash_one(line))
}

impl Quarantine for QuarantineFile {
    async fn put(&self, rejected: Rejected) -> Result<(), BoxError> {
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
            payload_base64: STANDARD.encode_to_string(&payload).into(),
        };
        let line = put_aside.to_json()?;
        self.append(&line).map_err(|error| format!("{}: {error}", self.path.display()).into())
    }
}
