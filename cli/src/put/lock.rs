//! One put of a file to a stream at a time: two would double its records, and each would save its place over the other's.

use std::error::Error;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::bookmark::beside;

/// Held while a file is put to a stream. The system releases it with the process, however that ends.
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of this file, stream and endpoint; an error if another process has it. Where no file can be made
    /// beside the one that is put, no place can be saved either, and there is nothing to lock.
    pub(super) fn take(put: &Path, stream: &str, endpoint: &str) -> Result<Option<Self>, Box<dyn Error>> {
        let path = beside(put, stream, endpoint, "lock");
        loop {
            let opened = OpenOptions::new().create(true).write(true).truncate(false).open(&path);
            let Ok(file) = opened else { return Ok(None) };
            match file.try_lock() {
                // Another put may have removed the file when it ended, between the two calls.
                Ok(()) if is_at(&file, &path) => return Ok(Some(Self { path, _file: file })),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(format!(
                        "{}: another process puts it to stream {stream:?} at {endpoint}; wait until that has ended",
                        put.display()
                    )
                    .into());
                }
                // A file system without locks.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(None);
                }
                Err(TryLockError::Error(error)) => return Err(format!("{}: {error}", path.display()).into()),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // It is removed while it is held, so that it is never the one of another put. One that stays locks nothing.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the open file is still the one with this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let same =
        |(open, named): (fs::Metadata, fs::Metadata)| (open.dev(), open.ino()) == (named.dev(), named.ino());
    file.metadata().ok().zip(fs::metadata(path).ok()).is_some_and(same)
}

/// An open file can't be replaced there.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_put_to_one_stream_by_one_process_at_a_time_and_to_others_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.csv");
        let first = Lock::take(&file, "s", "http://127.0.0.1:4567").unwrap();
        let error = Lock::take(&file, "s", "http://127.0.0.1:4567").err().unwrap().to_string();
        let expected = "rows.csv: another process puts it to stream \"s\" at http://127.0.0.1:4567; wait until that has ended";
        assert!(error.ends_with(expected), "{error}");
        for (stream, endpoint) in [("other", "http://127.0.0.1:4567"), ("s", "http://127.0.0.1:4568")] {
            assert!(Lock::take(&file, stream, endpoint).unwrap().is_some(), "{stream} {endpoint}");
        }
        drop(first);
        assert!(Lock::take(&file, "s", "http://127.0.0.1:4567").unwrap().is_some());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a put that has ended leaves a lock");
    }

    #[test]
    fn a_lock_that_a_killed_put_left_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.csv");
        fs::write(beside(&file, "s", "e", "lock"), "").unwrap();
        assert!(Lock::take(&file, "s", "e").unwrap().is_some());
    }
}
