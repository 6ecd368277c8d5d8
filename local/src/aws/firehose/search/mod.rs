//! Delivery to an index of OpenSearch: documents gather, go there by `_bulk`, are tried again, and at last are kept in
//! the bucket with the server's reason.
//!
//! <https://docs.aws.amazon.com/firehose/latest/dev/retry.html>

mod bulk;
mod document;
mod documents;
mod index_name;
mod queue;
mod refusal;
mod service;

pub(super) use queue::{Search, SearchRules};
pub(crate) use service::Index;
