//! A request as it came, and the little that is read of all of them.

use axum::body::Bytes;
use ferrokinesis::error::KinesisErrorResponse;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, Method};
use serde_json::{Map, Value};

use super::streams::invalid_argument;

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const SERVICE: &str = "Kinesis_20131202.";

/// JSON 1.1, which the SDKs of Rust and Python and the AWS CLI speak. CBOR (Java) goes to ferrokinesis.
pub(super) const JSON: &str = "application/x-amz-json-1.1";

/// Operations that take a stream by ARN only.
const BY_ARN_ONLY: [&str; 9] = [
    "DeregisterStreamConsumer",
    "DescribeStreamConsumer",
    "ListStreamConsumers",
    "ListTagsForResource",
    "RegisterStreamConsumer",
    "SubscribeToShard",
    "UpdateMaxRecordSize",
    "UpdateStreamMode",
    "UpdateStreamWarmThroughput",
];

/// A request whose body is in hand.
pub(super) struct Request {
    pub parts: Parts,
    pub body: Bytes,
}

impl Request {
    /// The operation, if it is one of Kinesis's.
    pub(super) fn operation(&self) -> Option<&str> {
        self.parts.headers.get(TARGET)?.to_str().ok()?.strip_prefix(SERVICE)
    }

    /// Whether it is what a signing client of AWS sends in JSON. The signature itself is not looked at.
    pub(super) fn is_signed_json(&self) -> bool {
        let headers = &self.parts.headers;
        self.parts.method == Method::POST
            && headers.contains_key(AUTHORIZATION)
            && headers
                .get(CONTENT_TYPE)
                .is_some_and(|content| content.as_bytes().starts_with(JSON.as_bytes()))
    }

    /// Writes `StreamARN` as the `StreamName` that ferrokinesis asks for.
    pub(super) fn name_stream(&mut self) -> Result<(), KinesisErrorResponse> {
        if self.operation().is_none_or(|operation| BY_ARN_ONLY.contains(&operation)) {
            return Ok(());
        }
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(&self.body) else { return Ok(()) };
        let Some(name) = named_by_arn(&fields)? else { return Ok(()) };
        fields.remove("StreamARN");
        fields.insert("StreamName".to_owned(), name.into());
        self.body = Value::Object(fields).to_string().into();
        Ok(())
    }
}

fn named_by_arn(fields: &Map<String, Value>) -> Result<Option<String>, KinesisErrorResponse> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    match text("StreamARN") {
        Some(arn) => stream_name(text("StreamName"), Some(arn)),
        None => Ok(None),
    }
}

/// The stream that a name, an ARN or both speak of. Account and region are not looked at: there is one of each.
pub(super) fn stream_name(
    name: Option<&str>,
    arn: Option<&str>,
) -> Result<Option<String>, KinesisErrorResponse> {
    let Some(arn) = arn else { return Ok(name.map(str::to_owned)) };
    let named = arn.starts_with("arn:aws").then(|| arn.split_once(":stream/")).flatten();
    match (named, name) {
        (None, _) => Err(invalid_argument(&format!("StreamARN {arn} is not the ARN of a stream"))),
        (Some((_, of_arn)), Some(name)) if of_arn != name => {
            Err(invalid_argument(&format!("StreamARN is of stream {of_arn}, StreamName is {name}")))
        }
        (Some((_, of_arn)), _) => Ok(Some(of_arn.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: Option<&str>, arn: Option<&str>, expected: Result<Option<&str>, &str>) {
        let found = stream_name(name, arn).map_err(|error| error.body.message.unwrap());
        assert_eq!(found.as_ref().map(Option::as_deref).map_err(String::as_str), expected);
    }

    #[test]
    fn a_stream_goes_by_name_by_arn_or_by_both() {
        let arn = Some("arn:aws:kinesis:eu-west-1:123456789012:stream/crime");
        check(None, None, Ok(None));
        check(Some("crime"), None, Ok(Some("crime")));
        check(None, arn, Ok(Some("crime")));
        check(Some("crime"), arn, Ok(Some("crime")));
        check(Some("tweets"), arn, Err("StreamARN is of stream crime, StreamName is tweets"));
        check(None, Some("crime"), Err("StreamARN crime is not the ARN of a stream"));
    }
}
