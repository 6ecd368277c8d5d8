//! The object store on S3, or on any server that speaks its protocol.

mod attributes;
mod calls;
mod client;
#[cfg(feature = "sdk")]
mod keys;

use std::error::Error as _;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::AmazonS3;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::{
    Error, GetOptions, GetRange, GetResult, ObjectStore as ForeignStore, PutMode, PutOptions, PutPayload,
    UpdateVersion,
};

use self::attributes::{incoming, is_written_by, outgoing};
use self::calls::{Call, Tries};
use crate::aws::AwsSettings;
use crate::store::{
    Attributes, Created, ETag, Listed, MAX_GET_BYTES, MAX_LISTED_KEYS, Object, ObjectHead, ObjectStore,
    RangeRead, Replaced, StoreError,
};

/// The code of an answer about a bucket that is not there, which the client has no error of its own for.
const NO_BUCKET: &str = "NoSuchBucket";

/// How long one call keeps trying by default.
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(8);

/// One bucket of S3.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: AmazonS3,
    patience: Duration,
}

impl S3Store {
    /// Makes a client; no request is sent yet, and the bucket need not exist.
    ///
    /// At an endpoint URL the bucket is part of the path, and the URL may be plain http. AWS itself is always
    /// reached over https.
    pub fn connect(bucket: &str, aws: &AwsSettings) -> Result<Self, StoreError> {
        Ok(Self { client: client::client(bucket, aws)?, patience: DEFAULT_PATIENCE })
    }

    /// Returns the same bucket with calls that keep trying for `patience`.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Writes under a condition; `None` if the condition held for none of our attempts.
    async fn put(
        &self,
        call: Call<'_>,
        mode: PutMode,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Option<ETag>, StoreError> {
        attributes.check(call.key)?;
        let path = call.path()?;
        let write_id = format!("{:032x}", fastrand::u128(..));
        let options =
            PutOptions { mode, attributes: outgoing(attributes, &write_id), ..PutOptions::default() };
        let mut tries = self.tries();
        loop {
            let payload = PutPayload::from_bytes(body.clone());
            match self.client.put_opts(&path, payload, options.clone()).await {
                Ok(result) => {
                    return result.e_tag.map(|tag| Some(ETag::new(tag))).ok_or_else(|| call.no_tag());
                }
                Err(error) if is_precondition(&error) => return self.own_write(call.key, &write_id).await,
                Err(error) => tries.again(call, error).await?,
            }
        }
    }

    /// The tag of the object, if one of our attempts wrote it and only the answer was lost.
    async fn own_write(&self, key: &str, write_id: &str) -> Result<Option<ETag>, StoreError> {
        let found = self.read(Call { operation: "head", key }, GetOptions::new().with_head(true)).await?;
        Ok(found.filter(|found| is_written_by(found, write_id)).and_then(|found| etag_of(&found)))
    }

    /// Starts a GET or HEAD; `None` if there is no such object.
    async fn read(&self, call: Call<'_>, options: GetOptions) -> Result<Option<GetResult>, StoreError> {
        let path = call.path()?;
        let mut tries = self.tries();
        loop {
            match self.client.get_opts(&path, options.clone()).await {
                Ok(found) => return Ok(Some(found)),
                Err(Error::NotFound { .. } | Error::Precondition { .. }) => return Ok(None),
                Err(error) => tries.again(call, error).await?,
            }
        }
    }

    /// A GET to its last byte, which starts over if it breaks off.
    async fn read_body(
        &self,
        call: Call<'_>,
        options: GetOptions,
    ) -> Result<Option<(ObjectHead, Bytes)>, StoreError> {
        let mut tries = self.tries();
        loop {
            let Some(found) = self.read(call, options.clone()).await? else { return Ok(None) };
            let head = head_of(call, &found)?;
            if options.range.is_none() && head.size > MAX_GET_BYTES {
                return Err(StoreError::TooLong { key: call.key.to_owned(), bytes: head.size });
            }
            match found.bytes().await {
                Ok(body) => return Ok(Some((head, body))),
                Err(error) => tries.again(call, error).await?,
            }
        }
    }

    fn tries(&self) -> Tries {
        Tries::within(self.patience)
    }
}

impl ObjectStore for S3Store {
    async fn create(&self, key: &str, body: Bytes, attributes: &Attributes) -> Result<Created, StoreError> {
        let call = Call { operation: "create", key };
        let written = self.put(call, PutMode::Create, body, attributes).await?;
        Ok(written.map_or(Created::Exists, Created::Written))
    }

    async fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Replaced, StoreError> {
        let version = UpdateVersion { e_tag: Some(etag.as_str().to_owned()), version: None };
        let call = Call { operation: "replace", key };
        let written = self.put(call, PutMode::Update(version), body, attributes).await?;
        Ok(written.map_or(Replaced::Changed, Replaced::Written))
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let found = self.read_body(Call { operation: "get", key }, GetOptions::new()).await?;
        Ok(found.map(|(head, body)| Object { head, body }))
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, StoreError> {
        let call = Call { operation: "head", key };
        // The client's own `head` omits the metadata.
        let found = self.read(call, GetOptions::new().with_head(true)).await?;
        found.map(|found| head_of(call, &found)).transpose()
    }

    async fn read_range(&self, key: &str, etag: &ETag, range: Range<u64>) -> Result<RangeRead, StoreError> {
        let options = GetOptions::new()
            .with_range(Some(GetRange::Bounded(range)))
            .with_if_match(Some(etag.as_str().to_owned()));
        let found = self.read_body(Call { operation: "read", key }, options).await?;
        Ok(found.map_or(RangeRead::Changed, |(_, body)| RangeRead::Bytes(body)))
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        let call = Call { operation: "list", key: prefix };
        let mut tries = self.tries();
        loop {
            let options = PaginatedListOptions {
                offset: after.map(str::to_owned),
                max_keys: Some(MAX_LISTED_KEYS),
                ..PaginatedListOptions::default()
            };
            match self.client.list_paginated(Some(prefix).filter(|p| !p.is_empty()), options).await {
                Ok(page) => return Ok(page.result.objects.into_iter().map(listed).collect()),
                Err(error) if error.to_string().contains(NO_BUCKET) => {
                    return Err(StoreError::NoBucket { operation: "list", source: error.into() });
                }
                Err(error) => tries.again(call, error).await?,
            }
        }
    }
}

/// Whether the condition of a write did not hold: 412, or 404 for `If-Match`.
///
/// A create reports 412 as `AlreadyExists` around a `Precondition`. It reports a 409, which is a race and
/// proves nothing, as `AlreadyExists` without one.
fn is_precondition(error: &Error) -> bool {
    match error {
        Error::Precondition { .. } => true,
        Error::AlreadyExists { .. } => {
            let cause = error.source().and_then(|source| source.downcast_ref::<Error>());
            matches!(cause, Some(Error::Precondition { .. }))
        }
        _ => false,
    }
}

fn etag_of(found: &GetResult) -> Option<ETag> {
    found.meta.e_tag.clone().map(ETag::new)
}

fn head_of(call: Call<'_>, found: &GetResult) -> Result<ObjectHead, StoreError> {
    let etag = etag_of(found).ok_or_else(|| call.no_tag())?;
    Ok(ObjectHead { etag, size: found.meta.size, attributes: incoming(&found.attributes) })
}

fn listed(object: object_store::ObjectMeta) -> Listed {
    let modified_at_ms = object.last_modified.timestamp_millis();
    Listed { key: object.location.into(), size: object.size, modified_at_ms }
}
