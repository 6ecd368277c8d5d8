//! The reason why a document is not in its index, and its line in an error object.

use super::document::Document;
use crate::aws::clock::Moment;
use crate::aws::firehose::failure::{FailedLine, IndexLine};

/// The reason why a document is not in its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) attempts: u32,
    /// The HTTP status, or a word if there was no answer.
    pub(super) code: String,
    /// The server's reason as it gave it, which may quote the document.
    pub(super) reason: String,
    /// The kind of the reason, which may be shown since it contains nothing of the document.
    pub(super) kind: String,
}

impl Refusal {
    /// Writes the document's line in an error object. It has the document's id if the delivery stream sets ids.
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
