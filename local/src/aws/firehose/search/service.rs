//! The port of a server of OpenSearch.

use bytes::Bytes;
use edge::opensearch::{OpenSearch, OpenSearchError};
use futures::future::BoxFuture;

/// What takes documents by the lines of a bulk request.
pub(crate) trait Index: Send + Sync {
    /// The answer has a status for each document, and the error of each that failed.
    fn bulk(&self, lines: Bytes) -> BoxFuture<'_, Result<Bytes, OpenSearchError>>;
}

impl Index for OpenSearch {
    fn bulk(&self, lines: Bytes) -> BoxFuture<'_, Result<Bytes, OpenSearchError>> {
        Box::pin(Self::bulk(self, lines))
    }
}
