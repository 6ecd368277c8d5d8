//! The port of an object store: one bucket, conditional writes and strongly consistent reads.

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

/// The longest object that [`ObjectStore::get`] returns whole, in bytes. Longer ones are read by ranges.
pub const MAX_GET_BYTES: u64 = 64 << 20;

/// The most keys in one answer of [`ObjectStore::list`], as in S3.
pub const MAX_LISTED_KEYS: usize = 1000;

/// One bucket with S3's guarantees: a read sees every write that was acknowledged before it, nobody sees half
/// an object, and of two writers under one condition at most one succeeds.
///
/// Calls retry transient failures for a bounded time. They may be dropped: a dropped write either happened or
/// did not. Bound them by a deadline with `tokio::time::timeout_at`.
pub trait ObjectStore: Send + Sync {
    /// Writes an object if none exists. If our own write succeeded and only its answer was lost, it counts as
    /// written.
    fn create(
        &self,
        key: &str,
        body: Bytes,
        attributes: &Attributes,
    ) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// Replaces the object if it has this `ETag`. It replaces no other object, and creates none.
    fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> impl Future<Output = Result<Replaced, StoreError>> + Send;

    /// Returns the whole object, of at most [`MAX_GET_BYTES`]; `None` if there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Object>, StoreError>> + Send;

    /// Returns what is known about an object without its body; `None` if there is none.
    fn head(&self, key: &str) -> impl Future<Output = Result<Option<ObjectHead>, StoreError>> + Send;

    /// Returns some bytes of the object if it has this `ETag`. The range must lie within the object.
    fn read_range(
        &self,
        key: &str,
        etag: &ETag,
        range: Range<u64>,
    ) -> impl Future<Output = Result<RangeRead, StoreError>> + Send;

    /// Lists up to [`MAX_LISTED_KEYS`] objects whose keys start with `prefix` and come after `after`, in
    /// ascending order of keys. Fewer than that means that there are no more.
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
