//! The line of a document that could not be indexed, in the form that Firehose writes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::document::Document;
use crate::aws::clock::Moment;

/// The members in the documented form.
/// <https://docs.aws.amazon.com/firehose/latest/dev/retry.html>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    attempts_made: u32,
    arrival_timestamp: i64,
    error_code: &'a str,
    error_message: &'a str,
    attempt_ending_timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    es_document_id: Option<&'a str>,
    es_index_name: &'a str,
    /// Types are of older servers.
    es_type_name: &'a str,
    raw_data: String,
}

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

/// The document's line, with a newline at the end.
pub(super) fn line(
    document: &Document,
    index: &str,
    gives_ids: bool,
    refusal: &Refusal,
    ended_at: Moment,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(&Line {
        attempts_made: refusal.attempts,
        arrival_timestamp: document.arrived_at,
        error_code: &refusal.code,
        error_message: &refusal.reason,
        attempt_ending_timestamp: ended_at,
        es_document_id: gives_ids.then_some(document.id.as_str()),
        es_index_name: index,
        es_type_name: "",
        raw_data: STANDARD.encode(&document.data),
    })?;
    line.push(b'\n');
    Ok(line)
}
