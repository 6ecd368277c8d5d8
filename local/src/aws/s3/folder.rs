//! Finds, opens, puts and removes objects on disk. Each call appears as one step to all others, and blocks.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use super::attributes::{self, Attributes};
use super::condition::WriteCondition;
use super::{disk, key};
use crate::aws::event::{Event, Observer};

/// Why the folder could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    #[error("there is no such bucket")]
    NoSuchBucket,
    #[error("the bucket exists")]
    BucketExists,
    #[error("the bucket holds objects")]
    BucketNotEmpty,
    #[error("there is no such key")]
    NoSuchKey,
    #[error("the object is not what the request's condition asks for")]
    ConditionFailed,
    #[error("there is no such upload")]
    NoSuchUpload,
    #[error("a part was not uploaded, or has another ETag")]
    InvalidPart,
    #[error("the parts are not in order")]
    InvalidPartOrder,
    #[error("a part before the last has fewer than {limit} bytes")]
    PartTooSmall { limit: u64 },
    #[error("can't read or write the folder")]
    Io(#[from] io::Error),
}

/// The folder that holds the buckets.
pub(super) struct Folder {
    root: PathBuf,
    next_name: AtomicU64,
    /// Held for writing while an object is put in its place or removed, and for reading while one is looked
    /// up and opened. Bodies are received and sent outside of it.
    order: RwLock<()>,
    /// Is told of every object that took its place.
    observer: Option<Arc<dyn Observer>>,
}

/// An object as it lies on disk.
pub(super) struct Stored {
    pub length: u64,
    pub modified: SystemTime,
    pub attributes: Attributes,
}

/// A file that is removed when this is dropped, unless it was moved to its place.
pub(super) struct Temporary(PathBuf);

impl Temporary {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = disk::remove_file(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "a temporary file stays");
        }
    }
}

impl Folder {
    /// Opens or creates the folder, and removes what an earlier process was receiving when it ended.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let folder = Self {
            root: root.canonicalize()?,
            next_name: AtomicU64::new(0),
            order: RwLock::new(()),
            observer: None,
        };
        match fs::remove_dir_all(folder.own("temporary")) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(folder.own("temporary"))?;
        fs::create_dir_all(folder.own("uploads"))?;
        Ok(folder)
    }

    /// The folder, of whose objects the observer is told.
    pub(super) fn observed(self, observer: Option<Arc<dyn Observer>>) -> Self {
        Self { observer, ..self }
    }

    /// Where the buckets are.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// A bucket's folder, if there is such a bucket. `s3s` accepts only S3's bucket names, which are valid
    /// file names and never start with a dot.
    pub(super) fn bucket(&self, bucket: &str) -> Result<PathBuf, FolderError> {
        let path = self.root.join(bucket);
        if key::is_bucket_name(bucket) && path.is_dir() { Ok(path) } else { Err(FolderError::NoSuchBucket) }
    }

    /// A folder of the endpoint's own, beside the buckets.
    pub(super) fn own(&self, name: &str) -> PathBuf {
        self.root.join(".s3").join(name)
    }

    /// The folder for a bucket's keys that can't be plain files.
    pub(super) fn unplain(&self, bucket: &str) -> PathBuf {
        self.own("unplain").join(bucket)
    }

    /// The file of attributes that belongs to a digest of a key.
    pub(super) fn attributes_path(&self, bucket: &str, digest: &str) -> PathBuf {
        let (fan_out, _) = digest.split_at_checked(2).unwrap_or((digest, ""));
        self.own("attributes").join(bucket).join(fan_out).join(format!("{digest}.json"))
    }

    /// A name for something that is being received. Nothing is there yet.
    pub(super) fn temporary(&self) -> Temporary {
        let name = self.next_name.fetch_add(1, Ordering::Relaxed);
        Temporary(self.own("temporary").join(format!("{}-{name}", std::process::id())))
    }

    /// Looks an object up.
    pub(super) fn head(&self, bucket: &str, key: &str) -> Result<Stored, FolderError> {
        let _shared = self.order.read().unwrap_or_else(PoisonError::into_inner);
        Ok(self.find(bucket, key)?.ok_or(FolderError::NoSuchKey)?.1)
    }

    /// Opens an object. What is read from the file is this version of it, whatever is put in the meantime.
    pub(super) fn read(&self, bucket: &str, key: &str) -> Result<(Stored, File), FolderError> {
        let _shared = self.order.read().unwrap_or_else(PoisonError::into_inner);
        let (path, stored) = self.find(bucket, key)?.ok_or(FolderError::NoSuchKey)?;
        Ok((stored, File::open(path)?))
    }

    /// Puts a received body in the place of its key, if the condition holds. A reader sees either the whole
    /// old object or the whole new one.
    pub(super) fn commit(
        &self,
        (bucket, key): (&str, &str),
        body: &Temporary,
        attributes: Attributes,
        condition: &WriteCondition,
    ) -> Result<Stored, FolderError> {
        self.bucket(bucket)?;
        let _alone = self.order.write().unwrap_or_else(PoisonError::into_inner);
        let found = self.find(bucket, key)?;
        condition.check(found.as_ref().map(|(_, stored)| stored.attributes.etag.as_str()))?;
        let file = fs::metadata(body.path())?;
        let attributes = Attributes { key: key.to_owned(), ..attributes };
        self.write_attributes(bucket, attributes.clone(), &file)?;
        disk::place(
            body.path(),
            self.plain(bucket, key).as_deref(),
            &self.unplain(bucket).join(key::digest(key)),
        )?;
        if let Some(observer) = &self.observer {
            let (key, bytes) = (key.to_owned(), file.len());
            observer.on(Event::Stored { bucket: bucket.into(), key, bytes, is_new: found.is_none() });
        }
        Ok(Stored { length: file.len(), modified: file.modified()?, attributes })
    }

    /// Removes the object of a key, and the folders that are then empty. Removing what does not exist is not
    /// an error.
    pub(super) fn remove(
        &self,
        (bucket, key): (&str, &str),
        condition: &WriteCondition,
    ) -> Result<(), FolderError> {
        let _alone = self.order.write().unwrap_or_else(PoisonError::into_inner);
        let found = self.find(bucket, key)?;
        condition.check(found.as_ref().map(|(_, stored)| stored.attributes.etag.as_str()))?;
        let Some((path, _)) = found else { return Ok(()) };
        disk::remove_file(&path)?;
        disk::remove_file(&self.attributes_path(bucket, &key::digest(key)))?;
        disk::prune(&path, &self.bucket(bucket)?);
        Ok(())
    }

    fn find(&self, bucket: &str, key: &str) -> Result<Option<(PathBuf, Stored)>, FolderError> {
        self.bucket(bucket)?;
        let unplain = self.unplain(bucket).join(key::digest(key));
        let Some((path, file)) = disk::first_file(self.plain(bucket, key).into_iter().chain([unplain]))?
        else {
            return Ok(None);
        };
        let attributes = match attributes::load(&self.attributes_path(bucket, &key::digest(key)), &file)? {
            Some(attributes) => attributes,
            None => self.adopt(bucket, key, &path, &file)?,
        };
        Ok(Some((path, Stored { length: file.len(), modified: file.modified()?, attributes })))
    }

    fn plain(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        key::plain_path(key).map(|path| self.root.join(bucket).join(path))
    }

    /// Gives attributes to a file that was put there by hand.
    fn adopt(&self, bucket: &str, key: &str, path: &Path, file: &Metadata) -> io::Result<Attributes> {
        let attributes =
            Attributes { key: key.to_owned(), etag: disk::md5_of(path)?, ..Attributes::default() };
        self.write_attributes(bucket, attributes.clone(), file)?;
        Ok(attributes)
    }

    fn write_attributes(&self, bucket: &str, attributes: Attributes, file: &Metadata) -> io::Result<()> {
        let path = self.attributes_path(bucket, &key::digest(&attributes.key));
        let written = self.temporary();
        fs::write(written.path(), attributes::encode(attributes, file, &path)?)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(written.path(), path)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A folder with one bucket, `bucket`.
    pub(in super::super) fn folder() -> (tempfile::TempDir, Folder) {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        folder.create_bucket("bucket").unwrap();
        (root, folder)
    }

    pub(in super::super) fn put(folder: &Folder, key: &str, body: &str, etag: &str) {
        let written = folder.temporary();
        fs::write(written.path(), body).unwrap();
        let attributes = Attributes { etag: etag.to_owned(), ..Attributes::default() };
        folder.commit(("bucket", key), &written, attributes, &WriteCondition::Always).unwrap();
    }

    fn etag(folder: &Folder, key: &str) -> Option<String> {
        folder.head("bucket", key).ok().map(|stored| stored.attributes.etag)
    }

    #[test]
    fn a_crash_before_the_new_bytes_are_in_place_leaves_the_old_object_with_its_own_attributes() {
        let (_root, folder) = folder();
        put(&folder, "key", "old", "old etag");
        let written = folder.temporary();
        fs::write(written.path(), "newer").unwrap();
        let attributes = Attributes { key: "key".into(), etag: "new etag".into(), ..Attributes::default() };
        folder.write_attributes("bucket", attributes, &fs::metadata(written.path()).unwrap()).unwrap();
        assert_eq!(etag(&folder, "key").as_deref(), Some("old etag"));
    }

    #[test]
    fn a_key_keeps_its_place_while_what_was_in_its_way_comes_and_goes() {
        let (_root, folder) = folder();
        put(&folder, "a", "1", "1");
        put(&folder, "a/b", "2", "2");
        folder.remove(("bucket", "a"), &WriteCondition::Always).unwrap();
        put(&folder, "a/b", "3", "3");
        put(&folder, "a", "4", "4");
        put(&folder, "a/b/c", "5", "5");
        assert_eq!(["a", "a/b", "a/b/c"].map(|key| etag(&folder, key).unwrap()), ["4", "3", "5"]);
        assert!(folder.bucket("bucket").unwrap().join("a").is_file());
    }

    #[test]
    fn the_last_object_of_a_folder_takes_the_folder_with_it() {
        let (_root, folder) = folder();
        put(&folder, "a/b/c", "1", "1");
        put(&folder, "a/d", "2", "2");
        folder.remove(("bucket", "a/b/c"), &WriteCondition::Always).unwrap();
        let bucket = folder.bucket("bucket").unwrap();
        assert!(!bucket.join("a/b").exists() && bucket.join("a/d").is_file());
        folder.remove(("bucket", "a/d"), &WriteCondition::Always).unwrap();
        assert!(!bucket.join("a").exists() && bucket.is_dir());
        folder.remove(("bucket", "a/d"), &WriteCondition::Always).unwrap();
    }

    #[test]
    fn a_file_of_attributes_that_is_broken_costs_the_headers_and_not_the_object() {
        let (_root, folder) = folder();
        put(&folder, "key", "body", "etag");
        fs::write(folder.attributes_path("bucket", &key::digest("key")), "[{").unwrap();
        assert_eq!(etag(&folder, "key").as_deref(), Some("841a2d689ad86bd1611447453c22c6fc"));
    }
}
