//! Multipart uploads: S3's operations on them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::SystemTime;

use s3s::dto::{
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyPartResult, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, ListPartsInput, ListPartsOutput, Part, Range, Timestamp,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::attributes::{self, Attributes, Headers};
use super::backend::Backend;
use super::condition::WriteCondition;
use super::read::i64_of;
use super::upload::receive;
use super::uploads::StoredPart;
use super::write::source;
use super::{checksum, disk, key};

const PART_NUMBERS: std::ops::RangeInclusive<i32> = 1..=10_000;
const MAX_LISTED_PARTS: i32 = 1000;

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
            storage_class: attributes::storage_class(input.storage_class),
            server_side_encryption: attributes::encryption(input.server_side_encryption),
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
    backend
        .on_disk(move |folder| folder.put_part((&bucket, &key, &id), number, &md5, &received.file))
        .await?;
    let checksums = checksum::fields(&received.checksums);
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
    let stored = backend
        .on_disk(move |folder| folder.complete_upload((&bucket, &key, &id), &listed, &condition))
        .await?;
    Ok(S3Response::new(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(stored.attributes.etag)),
        ..CompleteMultipartUploadOutput::default()
    }))
}
