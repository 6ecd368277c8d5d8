//! S3's operations, each of which is passed to the file that implements it.

use std::sync::Arc;

use async_trait::async_trait;
#[allow(clippy::wildcard_imports, reason = "the input and the output of every operation")]
use s3s::dto::*;
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::folder::{Folder, FolderError};
use super::{multipart, read, write};

/// S3 over a folder. Cheap to clone.
#[derive(Clone)]
pub(super) struct Backend(Arc<Folder>);

impl Backend {
    pub(super) fn new(folder: Folder) -> Self {
        Self(Arc::new(folder))
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.0
    }

    /// Runs a step that blocks, away from the connections.
    pub(super) async fn on_disk<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Folder) -> Result<T, FolderError> + Send + 'static,
    ) -> S3Result<T> {
        let folder = Arc::clone(&self.0);
        let done =
            tokio::task::spawn_blocking(move || step(&folder)).await.map_err(S3Error::internal_error)?;
        Ok(done?)
    }
}

impl From<FolderError> for S3Error {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::NoSuchBucket => s3_error!(NoSuchBucket, "The specified bucket does not exist"),
            FolderError::BucketExists => s3_error!(BucketAlreadyOwnedByYou, "The bucket is yours already"),
            FolderError::BucketNotEmpty => {
                s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty")
            }
            FolderError::NoSuchKey => s3_error!(NoSuchKey, "The specified key does not exist."),
            FolderError::ConditionFailed => {
                s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
            }
            FolderError::NoSuchUpload => {
                s3_error!(NoSuchUpload, "The specified multipart upload does not exist")
            }
            FolderError::InvalidPart => {
                s3_error!(InvalidPart, "A part was not uploaded, or has another ETag")
            }
            FolderError::InvalidPartOrder => {
                s3_error!(InvalidPartOrder, "Parts must be listed in ascending order")
            }
            FolderError::PartTooSmall { .. } => {
                s3_error!(EntityTooSmall, "Every part but the last has 5 MiB or more")
            }
            // S3 only says that it failed. Here the disk may be full, and only its owner can help.
            FolderError::Io(error) => s3_error!(InternalError, "the bucket's folder refuses: {error}"),
        }
    }
}

fn timestamp(time: std::time::SystemTime) -> Timestamp {
    Timestamp::from(time)
}

#[async_trait]
impl S3 for Backend {
    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self.on_disk(Folder::buckets).await?.into_iter().map(|(name, created)| Bucket {
            name: Some(name),
            creation_date: Some(timestamp(created)),
            ..Bucket::default()
        });
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            ..ListBucketsOutput::default()
        }))
    }

    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let location = format!("/{}", req.input.bucket);
        self.on_disk(move |folder| folder.create_bucket(&req.input.bucket)).await?;
        Ok(S3Response::new(CreateBucketOutput { location: Some(location) }))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.on_disk(move |folder| folder.bucket(&req.input.bucket)).await?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn delete_bucket(
        &self,
        req: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.on_disk(move |folder| folder.remove_bucket(&req.input.bucket)).await?;
        Ok(S3Response::new(DeleteBucketOutput::default()))
    }

    /// No location means `us-east-1`.
    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.on_disk(move |folder| folder.bucket(&req.input.bucket)).await?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        read::list_v2(self, req.input).await
    }

    async fn list_objects(
        &self,
        req: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        read::list_v1(self, req.input).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        read::get(self, req.input).await
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        read::head(self, req.input).await
    }

    /// Objects here have no tags, but the AWS CLI asks for them when it copies.
    async fn get_object_tagging(
        &self,
        req: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        self.on_disk(move |folder| folder.head(&req.input.bucket, &req.input.key)).await?;
        Ok(S3Response::new(GetObjectTaggingOutput::default()))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        write::put(self, req).await
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        write::copy(self, req.input).await
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        write::delete(self, req.input).await
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        write::delete_several(self, req.input).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        multipart::create(self, req.input).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        multipart::put_part(self, req).await
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        multipart::copy_part(self, req.input).await
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        multipart::list_parts(self, req.input).await
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        multipart::complete(self, req).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let AbortMultipartUploadInput { bucket, key, upload_id, .. } = req.input;
        self.on_disk(move |folder| folder.abort_upload(&bucket, &key, &upload_id)).await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}
