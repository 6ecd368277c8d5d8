//! The folder of a run: which process uses it, and what earlier runs left in it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// Which process has the folder.
pub(super) const LOCK: &str = "run.lock";
/// Where `--fresh` puts what earlier runs left.
const EARLIER: &str = "earlier";
/// Everything that a run writes into its folder.
const WRITTEN: [&str; 5] = ["s3", "streams", "logs", "failed", "uploads"];

/// Why a run can't use its folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another runner uses it.
    #[error(
        "data folder {} is in use by process {holder}; end that run, or name another folder with --data-dir",
        path.display()
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The other runner's process id, as it wrote it down.
        holder: String,
    },
    /// The file system refuses.
    #[error("data folder {} can't be used", path.display())]
    Storage {
        /// The folder, or what in it could not be used.
        path: PathBuf,
        /// The file system's error.
        source: io::Error,
    },
}

/// The folder of a run, which no other runner can use in the meantime. It is free again when this is dropped,
/// and when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Takes the folder, and creates it if it does not exist.
    pub(crate) fn take(path: &Path) -> Result<Self, FolderError> {
        let storage = |source| FolderError::Storage { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(storage)?;
        let open = File::options().create(true).truncate(false).read(true).write(true).open(path.join(LOCK));
        let mut lock = open.map_err(storage)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                lock.take(20).read_to_string(&mut holder).map_err(storage)?;
                return Err(FolderError::InUse { path: path.to_owned(), holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(storage(source)),
        }
        lock.set_len(0).map_err(storage)?;
        writeln!(lock, "{}", std::process::id()).map_err(storage)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A folder inside it, which is created if it does not exist.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf, FolderError> {
        let path = self.path.join(name);
        match fs::create_dir_all(&path) {
            Ok(()) => Ok(path),
            Err(source) => Err(FolderError::Storage { path, source }),
        }
    }

    /// Moves everything that earlier runs left aside, and returns where it is now; nothing is deleted. `None`
    /// means that there was nothing.
    pub(crate) fn put_aside(&self) -> Result<Option<PathBuf>, FolderError> {
        let left: Vec<&str> = WRITTEN.into_iter().filter(|name| self.path.join(name).exists()).collect();
        if left.is_empty() {
            return Ok(None);
        }
        let name = Timestamp::now().strftime("%Y-%m-%dT%H.%M.%S%.6f").to_string();
        let aside = self.folder(EARLIER)?.join(name);
        let storage = |source| FolderError::Storage { path: aside.clone(), source };
        fs::create_dir(&aside).map_err(storage)?;
        for name in left {
            fs::rename(self.path.join(name), aside.join(name)).map_err(storage)?;
        }
        Ok(Some(aside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_runner_is_refused_and_told_who_has_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::take(folder.path()).unwrap();
        let error = DataFolder::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(first);
        DataFolder::take(folder.path()).unwrap();
    }

    #[test]
    fn a_fresh_run_puts_what_was_there_aside_and_deletes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::take(folder.path()).unwrap();
        assert_eq!(data.put_aside().unwrap(), None);
        let s3 = data.folder("s3").unwrap();
        fs::write(s3.join("kept"), "kept").unwrap();
        fs::write(folder.path().join("of a person"), "untouched").unwrap();
        let aside = data.put_aside().unwrap().unwrap();
        assert!(!s3.exists());
        assert_eq!(fs::read_to_string(aside.join("s3/kept")).unwrap(), "kept");
        assert_eq!(fs::read_to_string(folder.path().join("of a person")).unwrap(), "untouched");
    }
}
