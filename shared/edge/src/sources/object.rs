//! The bytes of an object in a store, read by ranges with one range ahead.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use tokio::task::JoinHandle;

use super::{Access, ByteSource, FileSource, Format, Found, OpenError, SourceError, Version};
use crate::store::{ETag, ObjectStore, RangeRead, StoreError};

/// The bytes of one range. Two ranges are in memory at once.
pub const RANGE_BYTES: u64 = 4 << 20;

/// One version of one object. If the object is replaced while it is read, reading ends in
/// [`SourceError::Changed`].
pub struct ObjectBytes<S> {
    store: Arc<S>,
    key: Arc<str>,
    etag: ETag,
    size: u64,
    offset: u64,
    ahead: Option<JoinHandle<Result<RangeRead, StoreError>>>,
}

impl<S: ObjectStore + 'static> ObjectBytes<S> {
    /// Opens the current version. `bucket` is for the error if there is none.
    pub async fn open(store: Arc<S>, bucket: &str, key: &str) -> Result<Self, SourceError> {
        let missing = || SourceError::Missing { bucket: bucket.to_owned(), key: key.to_owned() };
        let head = store.head(key).await?.ok_or_else(missing)?;
        Ok(Self { store, key: key.into(), etag: head.etag, size: head.size, offset: 0, ahead: None })
    }

    /// Returns the version that is read.
    pub fn etag(&self) -> &ETag {
        &self.etag
    }

    fn read_ahead(&mut self) {
        let range = self.offset..self.size.min(self.offset.saturating_add(RANGE_BYTES));
        if range.is_empty() {
            return;
        }
        self.offset = range.end;
        let (store, key, etag) = (Arc::clone(&self.store), Arc::clone(&self.key), self.etag.clone());
        self.ahead = Some(tokio::spawn(async move { store.read_range(&key, &etag, range).await }));
    }
}

impl<S: ObjectStore + 'static> ByteSource for ObjectBytes<S> {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        if self.ahead.is_none() {
            self.read_ahead();
        }
        let Some(ahead) = self.ahead.take() else { return Ok(None) };
        let read = ahead.await.map_err(|error| SourceError::Read(error.into()))?;
        self.read_ahead();
        match read? {
            RangeRead::Bytes(bytes) => Ok(Some(bytes).filter(|bytes| !bytes.is_empty())),
            RangeRead::Changed => Err(SourceError::Changed),
        }
    }

    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        if let Some(ahead) = self.ahead.take() {
            ahead.abort();
        }
        self.offset = offset.min(self.size);
        Ok(true)
    }
}

impl<S> Drop for ObjectBytes<S> {
    fn drop(&mut self) {
        if let Some(ahead) = self.ahead.take() {
            ahead.abort();
        }
    }
}

/// An object that holds records, compressed or not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectSpec {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// What it holds.
    pub format: Format,
}

impl ObjectSpec {
    pub(super) fn name(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    pub(super) async fn find<S, O>(
        &self,
        access: &Access<'_, O>,
    ) -> Result<Found<FileSource<ObjectBytes<S>>>, OpenError>
    where
        S: ObjectStore + 'static,
        O: Fn(&str) -> Result<S, StoreError>,
    {
        let store = Arc::new((access.open_bucket)(&self.bucket)?);
        let bytes = ObjectBytes::open(store, &self.bucket, &self.key).await?;
        let version = Version::Proven(bytes.etag().to_string());
        let form = access.file_form(self.format, self.name());
        let found = Found::new(|start| Ok(FileSource::new(bytes, form, start.resume.position)));
        Ok(Found { version, ..found })
    }
}
