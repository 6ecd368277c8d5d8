//! The port for what a mapping gives up: Lambda's on-failure destination.

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::pipeline::bucket::StorageError;

/// Keeps a batch that was given up.
pub(crate) trait OnFailure: Send + Sync {
    /// Keeps the document, and says where it is. `Ok(None)`: the mapping has no destination, so Lambda loses the batch.
    fn keep(&self, given_up: Document) -> BoxFuture<'_, Result<Option<String>, StorageError>>;
}

/// Lambda's on-failure document, and what names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) shard: String,
    /// The document as the destination gets it: with the payload for a bucket, without for a queue or topic.
    pub(crate) body: Bytes,
}
