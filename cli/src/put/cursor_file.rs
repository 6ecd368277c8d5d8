//! How far a file was put before it was interrupted, in a small file beside it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use edge::ingest::FeedReport;
use edge::sources::Resume;
use serde::{Deserialize, Serialize};

/// Written when a run ends early, taken away when one ends well.
pub(super) struct CursorFile {
    path: PathBuf,
    version: Version,
    saved: Option<Resume>,
}

/// A file that has changed is put from its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Version {
    bytes: u64,
    modified_ms: u128,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    version: Version,
    resume: Resume,
}

impl CursorFile {
    pub(super) fn open(put: &Path, stream: &str, file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let version = Version { bytes: metadata.len(), modified_ms: modified.as_millis() };
        let path = beside(put, stream, "cursor.json");
        let saved = match fs::read(&path) {
            Ok(json) => serde_json::from_slice::<Saved>(&json).ok().filter(|saved| saved.version == version),
            Err(_) => None,
        };
        Ok(Self { path, version, saved: saved.map(|saved| saved.resume) })
    }

    /// Where to go on: the start, unless an earlier run of the same file was interrupted.
    pub(super) fn resume(&self) -> Resume {
        self.saved.clone().unwrap_or_default()
    }

    pub(super) fn save(&mut self, report: &FeedReport, started_at: Resume) -> io::Result<()> {
        if report.done {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let resume = report.resume.clone().unwrap_or(started_at);
        let saved = Saved { version: self.version.clone(), resume };
        // Written beside and moved, so that it is whole or not there.
        let part = self.path.with_extension("part");
        fs::write(&part, serde_json::to_vec(&saved)?)?;
        fs::rename(&part, &self.path)
    }
}

/// `<file>.<stream>.<ending>`.
pub(super) fn beside(file: &Path, stream: &str, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{stream}.{ending}"));
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopped_at(position: u64) -> FeedReport {
        FeedReport { resume: Some(Resume { position, page: None }), ..FeedReport::default() }
    }

    #[test]
    fn an_interrupted_file_goes_on_and_a_finished_or_changed_one_starts_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        fs::write(&path, "a,b\n1,2\n").unwrap();
        let open = || CursorFile::open(&path, "s", &File::open(&path).unwrap()).unwrap();
        open().save(&stopped_at(4), Resume::default()).unwrap();
        assert_eq!(open().resume().position, 4);
        open().save(&FeedReport { done: true, ..stopped_at(8) }, Resume::default()).unwrap();
        assert_eq!(open().resume().position, 0);
        open().save(&stopped_at(4), Resume::default()).unwrap();
        fs::write(&path, "a,b\n1,2\n3,4\n").unwrap();
        assert_eq!(open().resume().position, 0);
    }

    #[test]
    fn a_run_that_read_nothing_stays_where_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        fs::write(&path, "a,b\n1,2\n").unwrap();
        let open = || CursorFile::open(&path, "s", &File::open(&path).unwrap()).unwrap();
        open().save(&FeedReport::default(), Resume { position: 4, page: None }).unwrap();
        assert_eq!(open().resume().position, 4);
    }
}
