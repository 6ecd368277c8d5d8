//! The line of a failed record in an error object, in Firehose's documented form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::apart::SourceRecord;
use crate::aws::clock::now_ms;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    attempts_made: u32,
    arrival_timestamp: i64,
    error_code: &'a str,
    error_message: &'a str,
    attempt_ending_timestamp: i64,
    raw_data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda_arn: Option<&'a str>,
}

/// Why a record failed, and after how many attempts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reason<'a> {
    pub(super) attempts: u32,
    pub(super) code: &'a str,
    pub(super) message: &'a str,
    pub(super) lambda_arn: Option<&'a str>,
}

/// The record's line, with the data as it came and a newline at the end.
pub(super) fn line(record: &SourceRecord, reason: Reason<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(&Failure {
        attempts_made: reason.attempts,
        arrival_timestamp: record.arrived_at_ms,
        error_code: reason.code,
        error_message: reason.message,
        attempt_ending_timestamp: now_ms(),
        raw_data: STANDARD.encode(&record.data),
        lambda_arn: reason.lambda_arn,
    })?;
    line.push(b'\n');
    Ok(line)
}
