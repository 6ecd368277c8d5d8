//! Buckets, which are adjacent folders.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::SystemTime;

use super::folder::{Folder, FolderError};
use super::key;
use super::list::Keys;

impl Folder {
    /// All buckets with the time each was made, by name.
    pub(super) fn buckets(&self) -> Result<Vec<(String, SystemTime)>, FolderError> {
        let mut buckets = Vec::new();
        for entry in fs::read_dir(self.root())? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if key::is_bucket_name(&name) && entry.file_type()?.is_dir() {
                let metadata = entry.metadata()?;
                buckets.push((name, metadata.created().or_else(|_| metadata.modified())?));
            }
        }
        buckets.sort_unstable();
        Ok(buckets)
    }

    /// Makes a bucket.
    pub(super) fn create_bucket(&self, bucket: &str) -> Result<(), FolderError> {
        match fs::create_dir(self.root().join(bucket)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(FolderError::BucketExists),
            made => Ok(made?),
        }
    }

    /// Removes a bucket that holds no object.
    pub(super) fn remove_bucket(&self, bucket: &str) -> Result<(), FolderError> {
        let path = self.bucket(bucket)?;
        if Keys::of(self, bucket, "", None)?.next().transpose()?.is_some() {
            return Err(FolderError::BucketNotEmpty);
        }
        Ok(remove_empty_folders(&path)?)
    }
}

/// Removes a tree of folders, but never a file: a file that came in the meantime makes this an error.
fn remove_empty_folders(path: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty_folders(&entry.path())?;
        }
    }
    fs::remove_dir(path)
}
