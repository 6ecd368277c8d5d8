//! The stream to which a request refers, by name or by ARN.

use serde::Deserialize;
use template::{ACCOUNT, REGION};

use super::check::Checks;
use super::error::{ApiError, NOT_FOUND};

/// `StreamName`, `StreamARN` or both.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Target {
    pub(super) stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    pub(super) stream_arn: Option<String>,
}

impl Target {
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.name(self.stream_name.as_ref(), "streamName");
    }

    /// The stream's name. Account and region of an ARN are ignored, since there is one of each.
    pub(super) fn name(&self) -> Result<&str, ApiError> {
        match (&self.stream_name, &self.stream_arn) {
            (None, None) => Err(ApiError::invalid("Either StreamName or StreamARN must be provided.")),
            (Some(name), None) => Ok(name),
            (name, Some(arn)) => match (stream_of(arn), name) {
                (None, _) => Err(ApiError::invalid(format!("StreamARN {arn} is not the ARN of a stream"))),
                (Some(of_arn), Some(name)) if of_arn != name => {
                    Err(ApiError::invalid(format!("StreamARN is of stream {of_arn}, StreamName is {name}")))
                }
                (Some(of_arn), _) => Ok(of_arn),
            },
        }
    }
}

pub(super) fn stream_arn(stream: &str) -> String {
    format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}")
}

/// The name in a stream's ARN.
fn stream_of(arn: &str) -> Option<&str> {
    let (_, name) = arn.strip_prefix("arn:aws")?.split_once(":stream/")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

/// What an ARN names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    Stream(&'a str),
    /// A consumer of a stream, by its name.
    Consumer(&'a str, &'a str),
}

impl<'a> Resource<'a> {
    pub(super) fn of(arn: &'a str) -> Result<Self, ApiError> {
        if let Some(stream) = stream_of(arn) {
            return Ok(Self::Stream(stream));
        }
        let consumer = arn.split_once("/consumer/").and_then(|(stream, consumer)| {
            let (name, _created) = consumer.split_once(':')?;
            Some(Self::Consumer(stream_of(stream)?, name))
        });
        consumer.ok_or_else(|| {
            ApiError::new(NOT_FOUND, format!("{arn} is neither a stream's nor a consumer's ARN."))
        })
    }
}

/// A consumer's ARN, which contains the time of its creation.
pub(super) fn consumer_arn(stream: &str, consumer: &str, created_ms: u64) -> String {
    format!("{}/consumer/{consumer}:{}", stream_arn(stream), created_ms / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: Option<&str>, arn: Option<&str>, expected: Result<&str, &str>) {
        let target = Target { stream_name: name.map(str::to_owned), stream_arn: arn.map(str::to_owned) };
        let found = target.name().map_err(|error| error.message);
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn a_stream_goes_by_name_by_arn_or_by_both() {
        let arn = Some("arn:aws:kinesis:eu-west-1:123456789012:stream/crime");
        check(None, None, Err("Either StreamName or StreamARN must be provided."));
        check(Some("crime"), None, Ok("crime"));
        check(None, arn, Ok("crime"));
        check(Some("crime"), arn, Ok("crime"));
        check(Some("tweets"), arn, Err("StreamARN is of stream crime, StreamName is tweets"));
        check(None, Some("crime"), Err("StreamARN crime is not the ARN of a stream"));
    }

    #[test]
    fn an_arn_is_a_streams_or_a_consumers() {
        let arn = consumer_arn("s", "c", 1_800_000_000_123);
        assert_eq!(Resource::of(&arn).unwrap(), Resource::Consumer("s", "c"));
        assert_eq!(Resource::of(&stream_arn("s")).unwrap(), Resource::Stream("s"));
        assert!(Resource::of("arn:aws:s3:::bucket").is_err());
    }
}
