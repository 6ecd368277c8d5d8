//! Delivers documents to an index of OpenSearch: they are collected, sent by `_bulk` and retried. Those that the server
//! refuses for good are written to the bucket with its reason.
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
