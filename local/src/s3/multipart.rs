//! Multipart uploads: parts as files in a folder of the upload's own, put together when it is completed.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::SystemTime;

use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::attributes::{self, Attributes, Headers};
use super::backend::Backend;
use super::condition::WriteCondition;
use super::folder::{Folder, FolderError, Stored, Temporary};
use super::read::i64_of;
use super::upload::receive;
use super::write::source;
use super::{disk, key};

const UPLOAD_FILE: &str = "upload.json";
const PART_NUMBERS: std::ops::RangeInclusive<i32> = 1..=10_000;
const MIN_PART_BYTES: u64 = 5 << 20;
const MAX_LISTED_PARTS: i32 = 1000;

/// What an upload will be.
#[derive(Serialize, Deserialize)]
struct Upload {
    bucket: String,
    object: Attributes,
}

struct StoredPart {
    number: i32,
    /// MD5 in hexadecimal, which is the part's ETag.
    md5: String,
    length: u64,
    modified: SystemTime,
    path: PathBuf,
}

impl Folder {
    fn create_upload(&self, bucket: String, object: Attributes) -> Result<String, FolderError> {
        self.bucket(&bucket)?;
        let seed = format!("{:?} {:?} {}", SystemTime::now(), self.temporary().path(), object.key);
        let id = key::digest(&seed);
        let path = self.own("uploads").join(&id);
        fs::create_dir(&path)?;
        let upload = serde_json::to_vec(&Upload { bucket, object }).map_err(io::Error::from)?;
        fs::write(path.join(UPLOAD_FILE), upload)?;
        Ok(id)
    }

    fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<(PathBuf, Attributes), FolderError> {
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

    /// Keeps a part; one of the same number goes.
    fn put_part(
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
    fn parts(&self, bucket: &str, key: &str, id: &str) -> Result<Vec<StoredPart>, FolderError> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(self.upload(bucket, key, id)?.0)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Some((number, md5)) = name.split_once('-') else { continue };
            let (Ok(number), file) = (number.parse(), entry.metadata()?) else { continue };
            let (length, modified) = (file.len(), file.modified()?);
            parts.push(StoredPart { number, md5: md5.to_owned(), length, modified, path: entry.path() });
        }
        parts.sort_unstable_by_key(|part| part.number);
        Ok(parts)
    }

    fn complete_upload(
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
fn chosen(uploaded: Vec<StoredPart>, listed: &[(i32, Option<String>)]) -> Result<Vec<StoredPart>, FolderError> {
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

pub(super) async fn create(
    backend: &Backend,
    input: CreateMultipartUploadInput,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let object = Attributes {
        key: input.key,
        headers: Headers {
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
            content_disposition: input.content_disposition,
            cache_control: input.cache_control,
        },
        metadata: attributes::metadata(input.metadata)?,
        ..Attributes::default()
    };
    let id = backend.on_disk(move |folder| folder.create_upload(input.bucket, object)).await?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(bucket),
        key: Some(key),
        upload_id: Some(id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: input.checksum_type,
        ..CreateMultipartUploadOutput::default()
    }))
}

fn check_number(number: i32) -> S3Result<()> {
    if PART_NUMBERS.contains(&number) {
        return Ok(());
    }
    Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}

pub(super) async fn put_part(
    backend: &Backend,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let input = request.input;
    let (bucket, key, id, number) = (input.bucket, input.key, input.upload_id, input.part_number);
    check_number(number)?;
    backend.folder().upload(&bucket, &key, &id)?;
    let received = receive(backend.folder(), input.body, &request.headers, &request.extensions).await?;
    let md5 = key::hex(&received.md5);
    let etag = md5.clone();
    backend.on_disk(move |folder| folder.put_part((&bucket, &key, &id), number, &md5, &received.file)).await?;
    let checksums = super::checksum::fields(&received.checksums);
    Ok(S3Response::new(UploadPartOutput {
        e_tag: Some(ETag::Strong(etag)),
        checksum_crc32: checksums.checksum_crc32,
        checksum_crc32c: checksums.checksum_crc32c,
        checksum_crc64nvme: checksums.checksum_crc64nvme,
        checksum_sha1: checksums.checksum_sha1,
        checksum_sha256: checksums.checksum_sha256,
        ..UploadPartOutput::default()
    }))
}

pub(super) async fn copy_part(
    backend: &Backend,
    input: UploadPartCopyInput,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let (from_bucket, from_key) = source(&input.copy_source)?;
    let (bucket, key, id, number) = (input.bucket, input.key, input.upload_id, input.part_number);
    check_number(number)?;
    let range = input.copy_source_range.as_deref().map(Range::parse).transpose();
    let range = range.map_err(|_| s3_error!(InvalidArgument, "The copy source range is not valid"))?;
    let (stored, mut file) = backend.on_disk(move |folder| folder.read(&from_bucket, &from_key)).await?;
    let bytes = match range {
        Some(range) => range.check(stored.length).map_err(|_| s3_error!(InvalidRange))?,
        None => 0..stored.length,
    };
    let etag = backend
        .on_disk(move |folder| {
            let part = folder.temporary();
            file.seek(SeekFrom::Start(bytes.start))?;
            let length = bytes.end.saturating_sub(bytes.start);
            io::copy(&mut file.take(length), &mut File::create(part.path())?)?;
            let md5 = disk::md5_of(part.path())?;
            folder.put_part((&bucket, &key, &id), number, &md5, &part)?;
            Ok(md5)
        })
        .await?;
    let copy_part_result = Some(CopyPartResult {
        e_tag: Some(ETag::Strong(etag)),
        last_modified: Some(Timestamp::from(SystemTime::now())),
        ..CopyPartResult::default()
    });
    Ok(S3Response::new(UploadPartCopyOutput { copy_part_result, ..UploadPartCopyOutput::default() }))
}

pub(super) async fn list_parts(
    backend: &Backend,
    input: ListPartsInput,
) -> S3Result<S3Response<ListPartsOutput>> {
    let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
    let after = input.part_number_marker.unwrap_or(0);
    let max_parts = input.max_parts.unwrap_or(MAX_LISTED_PARTS).clamp(0, MAX_LISTED_PARTS);
    let mut parts = backend.on_disk(move |folder| folder.parts(&bucket, &key, &id)).await?;
    parts.retain(|part| part.number > after);
    let limit = usize::try_from(max_parts).unwrap_or_default();
    let is_truncated = parts.len() > limit;
    parts.truncate(limit);
    let part = |part: &StoredPart| Part {
        part_number: Some(part.number),
        e_tag: Some(ETag::Strong(part.md5.clone())),
        size: Some(i64_of(part.length)),
        last_modified: Some(Timestamp::from(part.modified)),
        ..Part::default()
    };
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        max_parts: Some(max_parts),
        is_truncated: Some(is_truncated),
        next_part_number_marker: parts.last().filter(|_| is_truncated).map(|part| part.number),
        parts: Some(parts.iter().map(part).collect()),
        ..ListPartsOutput::default()
    }))
}

pub(super) async fn complete(
    backend: &Backend,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let input = request.input;
    let condition = WriteCondition::of(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default().into_iter();
    let listed: Vec<_> =
        listed.map(|part| (part.part_number.unwrap_or(0), part.e_tag.map(ETag::into_value))).collect();
    let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id);
    let stored =
        backend.on_disk(move |folder| folder.complete_upload((&bucket, &key, &id), &listed, &condition)).await?;
    Ok(S3Response::new(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(stored.attributes.etag)),
        ..CompleteMultipartUploadOutput::default()
    }))
}
