//! One put of a file to a stream at a time: two would double its records, and each would save its place over the other's.

use std::path::Path;

use super::bookmark::beside;
use crate::lock_file::{LockFile, NotLocked};

/// Takes the lock of this file, stream and endpoint; an error if another process has it. Where no file can be made beside
/// the one that is put, no place can be saved either, and there is nothing to lock.
pub(super) fn lock(put: &Path, stream: &str, endpoint: &str) -> Result<Option<LockFile>, String> {
    let path = beside(put, stream, endpoint, "lock");
    match LockFile::take(&path) {
        Ok(lock) => Ok(lock),
        Err(NotLocked::Unmade(_)) => Ok(None),
        Err(NotLocked::Held) => Err(format!(
            "{}: another process puts it to stream {stream:?} at {endpoint}; wait until that has ended",
            put.display()
        )),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_put_to_one_stream_by_one_process_at_a_time_and_to_others_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.csv");
        let first = lock(&file, "s", "http://127.0.0.1:4567").unwrap();
        let error = lock(&file, "s", "http://127.0.0.1:4567").err().unwrap();
        let expected = "rows.csv: another process puts it to stream \"s\" at http://127.0.0.1:4567; wait until that has ended";
        assert!(error.ends_with(expected), "{error}");
        for (stream, endpoint) in [("other", "http://127.0.0.1:4567"), ("s", "http://127.0.0.1:4568")] {
            assert!(lock(&file, stream, endpoint).unwrap().is_some(), "{stream} {endpoint}");
        }
        drop(first);
        assert!(lock(&file, "s", "http://127.0.0.1:4567").unwrap().is_some());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a put that has ended leaves a lock");
    }
}
