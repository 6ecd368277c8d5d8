//! The object store port: one bucket, conditional writes, strong reads.

mod error;
mod in_memory;
mod key;
mod list_all;
mod object;
mod outcome;

use std::ops::Range;

use bytes::Bytes;

pub use error::StoreError;
pub use in_memory::{InMemoryStore, StoreFault};
pub(crate) use key::check_key;
pub use list_all::list_all;
pub use object::{Attributes, ETag, Listed, Object, ObjectHead};
pub use outcome::{Created, RangeRead, Replaced};

/// Longest object [`ObjectStore::get`] hands out whole, in bytes; longer ones are read by range.
pub const MAX_GET_BYTES: u64 = 64 << 20;

/// Most keys in one answer of [`ObjectStore::list`], as in S3.
pub const MAX_LISTED_KEYS: usize = 1000;

/// One bucket with S3's guarantees: a read sees every write acknowledged before it, nobody sees
/// half an object, and of two writers under one condition at most one succeeds.
///
/// Calls retry what may pass by itself for a bounded time and are safe to drop: a dropped write
/// either happened or did not. Bound them by a deadline with `tokio::time::timeout_at`.
pub trait ObjectStore: Send + Sync {
    /// Writes an object where none is. An own write whose answer was lost counts as written.
    fn create(
        &self,
        key: &str,
        body: Bytes,
        attributes: &Attributes,
    ) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// Writes over the object that has this `ETag`, and over no other nor over an absent one.
    fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> impl Future<Output = Result<Replaced, StoreError>> + Send;

    /// The whole object, of at most [`MAX_GET_BYTES`]; `None` when there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Object>, StoreError>> + Send;

    /// What is known of an object without its body; `None` when there is none.
    fn head(&self, key: &str) -> impl Future<Output = Result<Option<ObjectHead>, StoreError>> + Send;

    /// Some bytes of the object that has this `ETag`. The range lies within the object.
    fn read_range(
        &self,
        key: &str,
        etag: &ETag,
        range: Range<u64>,
    ) -> impl Future<Output = Result<RangeRead, StoreError>> + Send;

    /// Up to [`MAX_LISTED_KEYS`] objects whose keys start with `prefix` and come after `after`,
    /// in ascending order of keys. Fewer than that: there are no more.
    fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send;
}

/// An `Arc` of a store is a store.
impl<S: ObjectStore> ObjectStore for std::sync::Arc<S> {
    async fn create(&self, key: &str, body: Bytes, attributes: &Attributes) -> Result<Created, StoreError> {
        S::create(self, key, body, attributes).await
    }
    async fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Replaced, StoreError> {
        S::replace(self, key, etag, body, attributes).await
    }
    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        S::get(self, key).await
    }
    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, StoreError> {
        S::head(self, key).await
    }
    async fn read_range(&self, key: &str, etag: &ETag, range: Range<u64>) -> Result<RangeRead, StoreError> {
        S::read_range(self, key, etag, range).await
    }
    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        S::list(self, prefix, after).await
    }
}
