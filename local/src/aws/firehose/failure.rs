//! The line of a record that failed in an error object, in Firehose's form: of one that a transform failed, and of a
//! document that could not be indexed.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::apart::UserRecord;
use crate::aws::clock::Moment;

/// The members in the documented forms, in their order, with `lambdaARN` spelled as in captured objects.
/// <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html> and
/// <https://docs.aws.amazon.com/firehose/latest/dev/retry.html>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FailedLine<'a> {
    pub(super) attempts_made: u32,
    pub(super) arrival_timestamp: Moment,
    pub(super) error_code: &'a str,
    pub(super) error_message: &'a str,
    pub(super) attempt_ending_timestamp: Moment,
    /// Of a document alone.
    #[serde(flatten)]
    pub(super) index: Option<IndexLine<'a>>,
    #[serde(serialize_with = "base64")]
    pub(super) raw_data: &'a [u8],
    /// Of a record that a transform failed alone.
    #[serde(rename = "lambdaARN", skip_serializing_if = "Option::is_none")]
    pub(super) lambda_arn: Option<&'a str>,
}

/// Where a document was to be.
#[derive(Serialize)]
pub(super) struct IndexLine<'a> {
    #[serde(rename = "esDocumentId", skip_serializing_if = "Option::is_none")]
    pub(super) document_id: Option<&'a str>,
    #[serde(rename = "esIndexName")]
    pub(super) index_name: &'a str,
    /// Types are of older servers.
    #[serde(rename = "esTypeName")]
    pub(super) type_name: &'static str,
}

fn base64<S: serde::Serializer>(data: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(data))
}

impl FailedLine<'_> {
    /// The line, with a newline at the end.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }
}

/// Why a record failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) attempts: u32,
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
    /// The function that made it fail, if one did.
    pub(super) lambda_arn: Option<Arc<str>>,
}

impl Failure {
    /// The record's line, with its original data.
    pub(super) fn line(&self, record: &UserRecord, ended_at: Moment) -> Result<Vec<u8>, serde_json::Error> {
        let line = FailedLine {
            attempts_made: self.attempts,
            arrival_timestamp: record.arrived_at,
            error_code: self.code,
            error_message: &self.message,
            attempt_ending_timestamp: ended_at,
            index: None,
            raw_data: &record.data,
            lambda_arn: self.lambda_arn.as_deref(),
        };
        line.to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::firehose::made_up;

    #[test]
    fn a_failed_record_keeps_its_data_and_names_the_function_as_aws_spells_it() {
        let failure = Failure {
            attempts: 4,
            code: "Lambda.FunctionError",
            message: "no".into(),
            lambda_arn: Some("arn:f".into()),
        };
        let line = failure.line(&made_up::record(0, b"a\nb"), 99).unwrap();
        let expected = concat!(
            r#"{"attemptsMade":4,"arrivalTimestamp":0,"errorCode":"Lambda.FunctionError","#,
            r#""errorMessage":"no","attemptEndingTimestamp":99,"rawData":"YQpi","lambdaARN":"arn:f"}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }
    #[test]
    fn a_refused_document_names_its_index_before_its_data() {
        let index = IndexLine { document_id: None, index_name: "crime", type_name: "" };
        let line = FailedLine {
            attempts_made: 1,
            arrival_timestamp: 5,
            error_code: "400",
            error_message: "no",
            attempt_ending_timestamp: 9,
            index: Some(index),
            raw_data: b"{}",
            lambda_arn: None,
        };
        let expected = concat!(
            r#"{"attemptsMade":1,"arrivalTimestamp":5,"errorCode":"400","errorMessage":"no","#,
            r#""attemptEndingTimestamp":9,"esIndexName":"crime","esTypeName":"","rawData":"e30="}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(line.to_bytes().unwrap()).unwrap(), expected);
    }
}
