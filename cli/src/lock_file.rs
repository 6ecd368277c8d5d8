//! Files that one process at a time holds locked, so that two runs of a command don't write over each other's places.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A lock that is held. The system releases it with the process, however that ends, and the file is removed with it.
pub(crate) struct LockFile {
    path: PathBuf,
    _file: File,
}

/// The reason why a lock can't be held.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotLocked {
    #[error("another process holds it")]
    Held,
    #[error("its file can't be made: {0}")]
    Unmade(#[source] io::Error),
    #[error("it can't be locked: {0}")]
    Failed(#[source] io::Error),
}

impl LockFile {
    /// Takes the lock of this path, and makes its file; `None` where the file system has no locks.
    pub(crate) fn take(path: &Path) -> Result<Option<Self>, NotLocked> {
        loop {
            let opened = OpenOptions::new().create(true).write(true).truncate(false).open(path);
            let file = opened.map_err(NotLocked::Unmade)?;
            match file.try_lock() {
                // Another process may have removed the file when it ended, between the two calls.
                Ok(()) if is_at(&file, path) => return Ok(Some(Self { path: path.to_owned(), _file: file })),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(NotLocked::Held),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(None);
                }
                Err(TryLockError::Error(error)) => return Err(NotLocked::Failed(error)),
            }
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // It is removed while it is held, so that it is never the one of another process. One that stays locks nothing.
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
    fn one_at_a_time_holds_a_lock_and_its_file_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let first = LockFile::take(&path).unwrap().unwrap();
        assert!(matches!(LockFile::take(&path), Err(NotLocked::Held)));
        drop(first);
        assert!(!path.exists());
        assert!(LockFile::take(&path).unwrap().is_some());
    }

    #[test]
    fn a_lock_that_a_killed_process_left_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        fs::write(&path, "").unwrap();
        assert!(LockFile::take(&path).unwrap().is_some());
    }

    #[test]
    fn a_lock_without_a_folder_is_not_held_by_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let not_locked = LockFile::take(&folder.path().join("none/a.lock")).err().unwrap();
        assert!(matches!(not_locked, NotLocked::Unmade(_)), "{not_locked}");
    }
}
