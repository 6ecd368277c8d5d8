//! The port for what a mapping gives up: Lambda's on-failure destination.

use futures::future::BoxFuture;

use super::document::Document;
use crate::pipeline::bucket::StorageError;

/// Stores what a mapping gives up. A mapping may have no destination, and then loses these records, as in
/// Lambda.
pub(crate) trait OnFailure: Send + Sync {
    /// Stores the document durably, and then says where it is.
    fn keep(&self, document: Document) -> BoxFuture<'_, Result<String, StorageError>>;
}
