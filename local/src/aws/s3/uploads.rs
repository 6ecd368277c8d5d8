//! Multipart uploads on disk: the parts are files in a folder of the upload, and are joined when it is
//! completed.

use std::path::PathBuf;
use std::time::SystemTime;
use std::{fs, io};

use s3s::crypto::{Checksum as _, Md5};
use serde::{Deserialize, Serialize};

use super::attributes::Attributes;
use super::condition::WriteCondition;
use super::folder::{Folder, FolderError, Stored, Temporary};
use super::{disk, key};

const UPLOAD_FILE: &str = "upload.json";
const MIN_PART_BYTES: u64 = 5 << 20;

/// What an upload will become.
#[derive(Serialize, Deserialize)]
struct Upload {
    bucket: String,
    object: Attributes,
}

/// A part as it lies on disk, as `<number>-<MD5>`.
pub(super) struct StoredPart {
    pub number: i32,
    /// MD5 in hexadecimal, which is the part's `ETag`.
    pub md5: String,
    pub length: u64,
    pub modified: SystemTime,
    path: PathBuf,
}

impl Folder {
    /// Starts an upload and names it.
    pub(super) fn create_upload(&self, bucket: String, object: Attributes) -> Result<String, FolderError> {
        self.bucket(&bucket)?;
        let seed = format!("{:?} {} {}", SystemTime::now(), self.temporary().path().display(), object.key);
        let id = key::digest(&seed);
        let path = self.own("uploads").join(&id);
        fs::create_dir(&path)?;
        let upload = serde_json::to_vec(&Upload { bucket, object }).map_err(io::Error::from)?;
        fs::write(path.join(UPLOAD_FILE), upload)?;
        Ok(id)
    }

    /// The folder of an upload of this key, and what the object will be.
    pub(super) fn upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> Result<(PathBuf, Attributes), FolderError> {
        if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(FolderError::NoSuchUpload);
        }
        let path = self.own("uploads").join(id);
        let encoded = fs::read(path.join(UPLOAD_FILE)).map_err(|_| FolderError::NoSuchUpload)?;
        let upload: Upload = serde_json::from_slice(&encoded).map_err(io::Error::from)?;
        if upload.bucket != bucket || upload.object.key != key {
            return Err(FolderError::NoSuchUpload);
        }
        Ok((path, upload.object))
    }

    /// Stores a part, and replaces one with the same number.
    pub(super) fn put_part(
        &self,
        (bucket, key, id): (&str, &str, &str),
        number: i32,
        md5: &str,
        part: &Temporary,
    ) -> Result<(), FolderError> {
        let (path, _) = self.upload(bucket, key, id)?;
        let path = path.join(format!("{number:05}-{md5}"));
        fs::rename(part.path(), &path)?;
        let replaced = self.parts(bucket, key, id)?.into_iter();
        for part in replaced.filter(|part| part.number == number && part.path != path) {
            disk::remove_file(&part.path)?;
        }
        Ok(())
    }

    /// The parts of an upload by number.
    pub(super) fn parts(&self, bucket: &str, key: &str, id: &str) -> Result<Vec<StoredPart>, FolderError> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(self.upload(bucket, key, id)?.0)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Some((number, md5)) = name.split_once('-') else { continue };
            let (Ok(number), Ok(file)) = (number.parse(), entry.metadata()) else { continue };
            let (length, modified) = (file.len(), file.modified()?);
            parts.push(StoredPart { number, md5: md5.to_owned(), length, modified, path: entry.path() });
        }
        parts.sort_unstable_by_key(|part| part.number);
        Ok(parts)
    }

    /// Makes the object from the listed parts, and forgets the upload.
    pub(super) fn complete_upload(
        &self,
        (bucket, key, id): (&str, &str, &str),
        listed: &[(i32, Option<String>)],
        condition: &WriteCondition,
    ) -> Result<Stored, FolderError> {
        let (path, object) = self.upload(bucket, key, id)?;
        let parts = chosen(self.parts(bucket, key, id)?, listed)?;
        let mut md5 = Md5::new();
        for part in &parts {
            let digest = u128::from_str_radix(&part.md5, 16).map_err(|_| FolderError::InvalidPart)?;
            md5.update(&digest.to_be_bytes());
        }
        let etag = format!("{}-{}", key::hex(md5.finalize().as_ref()), parts.len());
        let whole = self.temporary();
        disk::concatenate(parts.iter().map(|part| part.path.as_path()), whole.path())?;
        let stored = self.commit((bucket, key), &whole, Attributes { etag, ..object }, condition)?;
        fs::remove_dir_all(path)?;
        Ok(stored)
    }

    /// Forgets an upload and its parts.
    pub(super) fn abort_upload(&self, bucket: &str, key: &str, id: &str) -> Result<(), FolderError> {
        Ok(fs::remove_dir_all(self.upload(bucket, key, id)?.0)?)
    }
}

/// The parts a client lists, as they were uploaded.
fn chosen(
    uploaded: Vec<StoredPart>,
    listed: &[(i32, Option<String>)],
) -> Result<Vec<StoredPart>, FolderError> {
    if listed.is_empty() {
        return Err(FolderError::InvalidPart);
    }
    if !listed.is_sorted_by(|(a, _), (b, _)| a < b) {
        return Err(FolderError::InvalidPartOrder);
    }
    let mut uploaded = uploaded.into_iter();
    let mut parts = Vec::with_capacity(listed.len());
    for (number, etag) in listed {
        let part = uploaded.find(|part| part.number == *number).ok_or(FolderError::InvalidPart)?;
        if etag.as_ref().is_some_and(|etag| *etag != part.md5) {
            return Err(FolderError::InvalidPart);
        }
        parts.push(part);
    }
    match parts.split_last() {
        Some((_, all_but_last)) if all_but_last.iter().any(|part| part.length < MIN_PART_BYTES) => {
            Err(FolderError::PartTooSmall { limit: MIN_PART_BYTES })
        }
        _ => Ok(parts),
    }
}
