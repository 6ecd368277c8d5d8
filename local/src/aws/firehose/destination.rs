//! The port a delivery stream writes to.

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::pipeline::bucket::StorageError;

/// Where a delivery stream's objects go: S3, or a search service with S3 behind it.
pub(crate) trait Destination: Send + Sync {
    /// Writes a whole object; it is there once this returns. Called again with the same key, it writes it again.
    fn write(&self, object: DeliveredObject) -> BoxFuture<'_, Result<(), StorageError>>;
}

/// An object of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeliveredObject {
    pub(crate) key: String,
    pub(crate) body: Bytes,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) content_encoding: Option<&'static str>,
}
