//! Writing: PUT, copy and delete of objects.

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, Error, MetadataDirective, PutObjectInput,
    PutObjectOutput, Timestamp,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::attributes::{self, Attributes, Headers};
use super::backend::Backend;
use super::condition::{ReadCondition, WriteCondition};
use super::upload::receive;
use super::{checksum, disk, key};

/// The most keys of one `DeleteObjects`.
const MAX_DELETED: usize = 1000;

pub(super) async fn put(
    backend: &Backend,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let input = request.input;
    let (bucket, key) = (input.bucket, input.key);
    let condition = WriteCondition::of(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    backend.folder().bucket(&bucket)?;
    let received = receive(backend.folder(), input.body, &request.headers, &request.extensions).await?;
    let attributes = Attributes {
        etag: key::hex(&received.md5),
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
        checksums: received.checksums,
        ..Attributes::default()
    };
    let stored = backend
        .on_disk(move |folder| folder.commit((&bucket, &key), &received.file, attributes, &condition))
        .await?;
    let checksums = checksum::fields(&stored.attributes.checksums);
    Ok(S3Response::new(PutObjectOutput {
        e_tag: Some(ETag::Strong(stored.attributes.etag)),
        checksum_crc32: checksums.checksum_crc32,
        checksum_crc32c: checksums.checksum_crc32c,
        checksum_crc64nvme: checksums.checksum_crc64nvme,
        checksum_sha1: checksums.checksum_sha1,
        checksum_sha256: checksums.checksum_sha256,
        ..PutObjectOutput::default()
    }))
}

pub(super) async fn copy(
    backend: &Backend,
    input: CopyObjectInput,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let (from_bucket, from_key) = source(&input.copy_source)?;
    let replace =
        input.metadata_directive.is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    let (bucket, key) = (input.bucket, input.key);
    if !replace && (&from_bucket, &from_key) == (&bucket, &key) {
        return Err(s3_error!(InvalidRequest, "An object is copied onto itself to change its metadata only"));
    }
    let (stored, mut file) = backend.on_disk(move |folder| folder.read(&from_bucket, &from_key)).await?;
    let condition = ReadCondition {
        if_match: input.copy_source_if_match.as_ref(),
        if_none_match: input.copy_source_if_none_match.as_ref(),
        modified_since: input.copy_source_if_modified_since.as_ref(),
        unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
    };
    let checked = condition.check(&stored.attributes.etag, stored.modified);
    checked.map_err(|_| s3_error!(PreconditionFailed))?;
    let mut attributes = stored.attributes;
    let storage_class = attributes::storage_class(input.storage_class);
    let server_side_encryption = attributes::encryption(input.server_side_encryption);
    if replace {
        attributes.metadata = attributes::metadata(input.metadata)?;
        attributes.headers = Headers {
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
            content_disposition: input.content_disposition,
            cache_control: input.cache_control,
            ..Headers::default()
        };
    }
    // A copy has its own storage class and encryption.
    attributes.headers = Headers { storage_class, server_side_encryption, ..attributes.headers };
    let stored = backend
        .on_disk(move |folder| {
            let copied = folder.temporary();
            std::io::copy(&mut file, &mut std::fs::File::create(copied.path())?)?;
            attributes.etag = disk::md5_of(copied.path())?;
            folder.commit((&bucket, &key), &copied, attributes, &WriteCondition::Always)
        })
        .await?;
    let result = CopyObjectResult {
        e_tag: Some(ETag::Strong(stored.attributes.etag)),
        last_modified: Some(Timestamp::from(stored.modified)),
        ..CopyObjectResult::default()
    };
    Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() }))
}

/// Bucket and key that a copy is made of.
pub(super) fn source(source: &CopySource) -> S3Result<(String, String)> {
    match source {
        CopySource::Bucket { bucket, key, version_id: None } => Ok((bucket.to_string(), key.to_string())),
        _ => Err(s3_error!(NotImplemented, "a copy is made of a bucket's newest version only")),
    }
}

pub(super) async fn delete(
    backend: &Backend,
    input: DeleteObjectInput,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let condition = WriteCondition::of(input.if_match.as_ref(), None)?;
    backend.on_disk(move |folder| folder.remove((&input.bucket, &input.key), &condition)).await?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

pub(super) async fn delete_several(
    backend: &Backend,
    input: DeleteObjectsInput,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let DeleteObjectsInput { bucket, delete, .. } = input;
    if delete.objects.len() > MAX_DELETED {
        return Err(s3_error!(
            MalformedXML,
            "{} keys to delete, the limit is {MAX_DELETED}",
            delete.objects.len()
        ));
    }
    backend.folder().bucket(&bucket)?;
    let quiet = delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in delete.objects {
        let condition =
            object.e_tag.map_or(WriteCondition::Always, |etag| WriteCondition::Unchanged(etag.into_value()));
        let (bucket, key) = (bucket.clone(), object.key.clone());
        match backend.on_disk(move |folder| folder.remove((&bucket, &key), &condition)).await {
            Ok(()) if quiet => {}
            Ok(()) => deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() }),
            Err(error) => errors.push(Error {
                key: Some(object.key),
                code: Some(error.code().as_str().to_owned()),
                message: error.message().map(str::to_owned),
                ..Error::default()
            }),
        }
    }
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    }))
}
