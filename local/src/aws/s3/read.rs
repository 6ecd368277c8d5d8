//! Reading: GET and HEAD of an object, listings of a bucket.

use std::fmt::Write;
use std::fs::File;
use std::io;
use std::ops::Range as ByteRange;

use bytes::BytesMut;
use futures::stream;
use s3s::dto::{
    Checksum, ChecksumMode, ChecksumType, CommonPrefix, CommonPrefixList, ETag, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, ObjectList, ObjectStorageClass, Range, StreamingBlob,
    Timestamp,
};
use s3s::{S3Response, S3Result, s3_error};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::backend::Backend;
use super::checksum;
use super::condition::ReadCondition;
use super::folder::Stored;
use super::list::{Page, Position, Query};

const SENT_CHUNK_BYTES: u64 = 256 << 10;
const MAX_KEYS: i32 = 1000;
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

pub(super) async fn get(backend: &Backend, input: GetObjectInput) -> S3Result<S3Response<GetObjectOutput>> {
    let (bucket, key) = (input.bucket, input.key);
    let (stored, file) = backend.on_disk(move |folder| folder.read(&bucket, &key)).await?;
    let condition = ReadCondition {
        if_match: input.if_match.as_ref(),
        if_none_match: input.if_none_match.as_ref(),
        modified_since: input.if_modified_since.as_ref(),
        unmodified_since: input.if_unmodified_since.as_ref(),
    };
    condition.check(&stored.attributes.etag, stored.modified)?;
    let (sent, content_range) = part(input.range, stored.length)?;
    let with_checksums = content_range.is_none() && wants_checksums(input.checksum_mode.as_ref());
    let head = described(stored, with_checksums, &sent, content_range);
    Ok(S3Response::new(GetObjectOutput {
        body: Some(body(file, sent).await?),
        accept_ranges: head.accept_ranges,
        cache_control: head.cache_control,
        checksum_crc32: head.checksum_crc32,
        checksum_crc32c: head.checksum_crc32c,
        checksum_crc64nvme: head.checksum_crc64nvme,
        checksum_sha1: head.checksum_sha1,
        checksum_sha256: head.checksum_sha256,
        checksum_type: head.checksum_type,
        content_disposition: head.content_disposition,
        content_encoding: head.content_encoding,
        content_language: head.content_language,
        content_length: head.content_length,
        content_range: head.content_range,
        content_type: head.content_type,
        e_tag: head.e_tag,
        last_modified: head.last_modified,
        metadata: head.metadata,
        server_side_encryption: head.server_side_encryption,
        storage_class: head.storage_class,
        ..GetObjectOutput::default()
    }))
}

pub(super) async fn head(
    backend: &Backend,
    input: HeadObjectInput,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let (bucket, key) = (input.bucket, input.key);
    let stored = backend.on_disk(move |folder| folder.head(&bucket, &key)).await?;
    let condition = ReadCondition {
        if_match: input.if_match.as_ref(),
        if_none_match: input.if_none_match.as_ref(),
        modified_since: input.if_modified_since.as_ref(),
        unmodified_since: input.if_unmodified_since.as_ref(),
    };
    condition.check(&stored.attributes.etag, stored.modified)?;
    let (sent, content_range) = part(input.range, stored.length)?;
    let with_checksums = content_range.is_none() && wants_checksums(input.checksum_mode.as_ref());
    Ok(S3Response::new(described(stored, with_checksums, &sent, content_range)))
}

fn wants_checksums(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

/// Which bytes are sent, and the range header if they are not all.
fn part(range: Option<Range>, length: u64) -> S3Result<(ByteRange<u64>, Option<String>)> {
    let Some(range) = range else { return Ok((0..length, None)) };
    let sent =
        range.check(length).map_err(|_| s3_error!(InvalidRange, "The requested range is not satisfiable"))?;
    let name = format!("bytes {}-{}/{length}", sent.start, sent.end.saturating_sub(1));
    Ok((sent, Some(name)))
}

fn described(
    stored: Stored,
    with_checksums: bool,
    sent: &ByteRange<u64>,
    content_range: Option<String>,
) -> HeadObjectOutput {
    let Stored { attributes, modified, .. } = stored;
    let checksums =
        if with_checksums { checksum::fields(&attributes.checksums) } else { Checksum::default() };
    let headers = attributes.headers;
    HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: headers.cache_control,
        checksum_type: (checksums != Checksum::default())
            .then(|| ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        checksum_crc32: checksums.checksum_crc32,
        checksum_crc32c: checksums.checksum_crc32c,
        checksum_crc64nvme: checksums.checksum_crc64nvme,
        checksum_sha1: checksums.checksum_sha1,
        checksum_sha256: checksums.checksum_sha256,
        content_disposition: headers.content_disposition,
        content_encoding: headers.content_encoding,
        content_language: headers.content_language,
        content_length: Some(i64_of(sent.end.saturating_sub(sent.start))),
        content_range,
        content_type: headers.content_type.or_else(|| Some(DEFAULT_CONTENT_TYPE.to_owned())),
        e_tag: Some(ETag::Strong(attributes.etag)),
        last_modified: Some(Timestamp::from(modified)),
        metadata: Some(attributes.metadata.into_iter().collect()),
        server_side_encryption: headers.server_side_encryption.map(Into::into),
        storage_class: headers.storage_class.map(Into::into),
        ..HeadObjectOutput::default()
    }
}

/// A length in the type that S3 uses. Files are never too long for it.
pub(super) fn i64_of(length: u64) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

async fn body(file: File, sent: ByteRange<u64>) -> S3Result<StreamingBlob> {
    let mut file = tokio::fs::File::from_std(file);
    file.seek(io::SeekFrom::Start(sent.start)).await.map_err(s3s::S3Error::internal_error)?;
    let left = sent.end.saturating_sub(sent.start);
    Ok(StreamingBlob::wrap(stream::try_unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let wanted = left.min(SENT_CHUNK_BYTES);
        let mut chunk = BytesMut::with_capacity(usize::try_from(wanted).unwrap_or_default());
        match (&mut file).take(wanted).read_buf(&mut chunk).await? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            read => Ok(Some((chunk.freeze(), (file, left.saturating_sub(read as u64))))),
        }
    })))
}

pub(super) async fn list_v2(
    backend: &Backend,
    input: ListObjectsV2Input,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let token = input.continuation_token.as_deref().map(|token| {
        Position::of_token(token)
            .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token is not valid"))
    });
    let from = token.transpose()?.or_else(|| input.start_after.clone().map(Position::AfterKey));
    let listing = Listing {
        bucket: input.bucket,
        prefix: input.prefix,
        delimiter: input.delimiter,
        max_keys: input.max_keys,
        escaped: input.encoding_type.is_some(),
    };
    let page = listing.page(backend, from).await?;
    let (contents, common_prefixes) = listing.entries(page.objects, page.common_prefixes);
    Ok(S3Response::new(ListObjectsV2Output {
        key_count: i32::try_from(contents.len() + common_prefixes.len()).ok(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_ref().map(Position::token),
        continuation_token: input.continuation_token,
        start_after: input.start_after.map(|key| listing.written(&key)),
        prefix: listing.prefix.as_deref().map(|prefix| listing.written(prefix)),
        delimiter: listing.delimiter.as_deref().map(|delimiter| listing.written(delimiter)),
        max_keys: Some(listing.max_keys.unwrap_or(MAX_KEYS)),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        encoding_type: input.encoding_type,
        name: Some(listing.bucket),
        ..ListObjectsV2Output::default()
    }))
}

pub(super) async fn list_v1(
    backend: &Backend,
    input: ListObjectsInput,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let listing = Listing {
        bucket: input.bucket,
        prefix: input.prefix,
        delimiter: input.delimiter,
        max_keys: input.max_keys,
        escaped: input.encoding_type.is_some(),
    };
    let from = input.marker.clone().map(|marker| match listing.delimiter.as_deref() {
        Some(delimiter) if !delimiter.is_empty() && marker.ends_with(delimiter) => {
            Position::AfterPrefix(marker)
        }
        _ => Position::AfterKey(marker),
    });
    let page = listing.page(backend, from).await?;
    let next_marker = page.next.as_ref().map(|next| next.key().to_owned());
    let (contents, common_prefixes) = listing.entries(page.objects, page.common_prefixes);
    Ok(S3Response::new(ListObjectsOutput {
        is_truncated: Some(next_marker.is_some()),
        next_marker: next_marker.map(|marker| listing.written(&marker)),
        marker: input.marker.map(|marker| listing.written(&marker)),
        prefix: listing.prefix.as_deref().map(|prefix| listing.written(prefix)),
        delimiter: listing.delimiter.as_deref().map(|delimiter| listing.written(delimiter)),
        max_keys: Some(listing.max_keys.unwrap_or(MAX_KEYS)),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        encoding_type: input.encoding_type,
        name: Some(listing.bucket),
        ..ListObjectsOutput::default()
    }))
}

/// What both forms of a listing have in common.
struct Listing {
    bucket: String,
    prefix: Option<String>,
    delimiter: Option<String>,
    max_keys: Option<i32>,
    /// `encoding-type=url`: keys come percent-encoded, since XML can't hold every character.
    escaped: bool,
}

impl Listing {
    async fn page(&self, backend: &Backend, from: Option<Position>) -> S3Result<Page> {
        let max_keys = self.max_keys.unwrap_or(MAX_KEYS).min(MAX_KEYS);
        let max_keys =
            usize::try_from(max_keys).map_err(|_| s3_error!(InvalidArgument, "max-keys is negative"))?;
        let (bucket, prefix) = (self.bucket.clone(), self.prefix.clone().unwrap_or_default());
        let delimiter = self.delimiter.clone();
        backend
            .on_disk(move |folder| {
                let delimiter = delimiter.as_deref();
                folder.list(Query { bucket: &bucket, prefix: &prefix, delimiter, from, max_keys })
            })
            .await
    }

    fn entries(
        &self,
        objects: Vec<(String, Stored)>,
        prefixes: Vec<String>,
    ) -> (ObjectList, CommonPrefixList) {
        let object = |(key, stored): (String, Stored)| Object {
            key: Some(self.written(&key)),
            e_tag: Some(ETag::Strong(stored.attributes.etag)),
            last_modified: Some(Timestamp::from(stored.modified)),
            size: Some(i64_of(stored.length)),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
            ..Object::default()
        };
        let prefix = |prefix: String| CommonPrefix { prefix: Some(self.written(&prefix)) };
        (objects.into_iter().map(object).collect(), prefixes.into_iter().map(prefix).collect())
    }

    fn written(&self, key: &str) -> String {
        if self.escaped { percent_encoded(key) } else { key.to_owned() }
    }
}

fn percent_encoded(key: &str) -> String {
    key.bytes().fold(String::with_capacity(key.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(byte.into());
            }
            _ => write!(out, "%{byte:02X}").unwrap_or_default(),
        }
        out
    })
}
