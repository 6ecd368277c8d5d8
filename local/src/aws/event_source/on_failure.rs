//! The port for what a mapping gives up: Lambda's on-failure destination.

use futures::future::BoxFuture;

use super::document::Document;
use crate::pipeline::bucket::StorageError;

/// Keeps what a mapping gives up. A mapping without a destination has none, and its records are lost, as in Lambda.
pub(crate) trait OnFailure: Send + Sync {
    /// Keeps the document, and says where it is once nothing can take it away any more.
    fn keep(&self, document: Document) -> BoxFuture<'_, Result<String, StorageError>>;
}
