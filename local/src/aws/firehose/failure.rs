//! The line of a failed record in an error object, in Firehose's form.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::apart::UserRecord;
use crate::aws::clock::Moment;

/// The members in the documented form, with `lambdaARN` spelled as in captured objects.
/// <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    attempts_made: u32,
    arrival_timestamp: i64,
    error_code: &'a str,
    error_message: &'a str,
    attempt_ending_timestamp: i64,
    raw_data: String,
    #[serde(rename = "lambdaARN", skip_serializing_if = "Option::is_none")]
    lambda_arn: Option<&'a str>,
}

/// Why a record failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) attempts: u32,
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
    /// The function that made it fail, if one did.
    pub(super) lambda_arn: Option<std::sync::Arc<str>>,
}

/// The record's line, with its original data and a newline at the end.
pub(super) fn line(
    record: &UserRecord,
    failure: &Failure,
    ended_at: Moment,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(&Line {
        attempts_made: failure.attempts,
        arrival_timestamp: record.arrived_at,
        error_code: failure.code,
        error_message: &failure.message,
        attempt_ending_timestamp: ended_at,
        raw_data: STANDARD.encode(&record.data),
        lambda_arn: failure.lambda_arn.as_deref(),
    })?;
    line.push(b'\n');
    Ok(line)
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
        let line = line(&made_up::record(0, b"a\nb"), &failure, 99).unwrap();
        let expected = concat!(
            r#"{"attemptsMade":4,"arrivalTimestamp":0,"errorCode":"Lambda.FunctionError","#,
            r#""errorMessage":"no","attemptEndingTimestamp":99,"rawData":"YQpi","lambdaARN":"arn:f"}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }
}
