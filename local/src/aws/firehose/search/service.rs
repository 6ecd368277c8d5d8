//! The port of an OpenSearch server.

use bytes::Bytes;
use edge::opensearch::{OpenSearch, OpenSearchError};
use futures::future::BoxFuture;

/// Accepts documents as the lines of a bulk request.
pub(crate) trait Index: Send + Sync {
    /// Sends a bulk request. The answer has a status for each document, and an error for each that failed.
    fn bulk(&self, lines: Bytes) -> BoxFuture<'_, Result<Bytes, OpenSearchError>>;
}

impl Index for OpenSearch {
    fn bulk(&self, lines: Bytes) -> BoxFuture<'_, Result<Bytes, OpenSearchError>> {
        Box::pin(Self::bulk(self, lines))
    }
}
