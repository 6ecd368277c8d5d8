//! Why a document is not in its index, and its line in an error object.

use super::document::Document;
use crate::aws::clock::Moment;
use crate::aws::firehose::failure::{FailedLine, IndexLine};

/// Why a document is not in its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) attempts: u32,
    /// The status of HTTP, or a word where there was no answer.
    pub(super) code: String,
    /// The server's reason as it gave it, which may quote the document.
    pub(super) reason: String,
    /// What may be told of the reason: nothing that a document carries.
    pub(super) kind: String,
}

impl Refusal {
    /// The document's line, with its id where the index gives it none of its own.
    pub(super) fn line(
        &self,
        document: &Document,
        (index, gives_ids): (&str, bool),
        ended_at: Moment,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let id = gives_ids.then_some(document.id.as_str());
        let line = FailedLine {
            attempts_made: self.attempts,
            arrival_timestamp: document.arrived_at,
            error_code: &self.code,
            error_message: &self.reason,
            attempt_ending_timestamp: ended_at,
            index: Some(IndexLine { document_id: id, index_name: index, type_name: "" }),
            raw_data: &document.data,
            lambda_arn: None,
        };
        line.to_bytes()
    }
}
