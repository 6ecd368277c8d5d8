//! The answer to a Kinesis event: which record to start from next time, and the window's state.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

/// What a stream function answers, with `ReportBatchItemFailures` set on its mapping.
///
/// At most one failure is ever named: Lambda starts again from the lowest, so a second one says nothing.
#[derive(Debug, Serialize)]
pub struct BatchAnswer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a RawValue>,
    #[serde(rename = "batchItemFailures")]
    failures: Failures<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Failures<'a> {
    None([(); 0]),
    From([Failure<'a>; 1]),
}

#[derive(Debug, Serialize)]
struct Failure<'a> {
    #[serde(rename = "itemIdentifier")]
    sequence_number: &'a str,
}

impl<'a> BatchAnswer<'a> {
    /// All of the batch is done.
    pub fn success() -> Self {
        Self { state: None, failures: Failures::None([]) }
    }

    /// Everything before this record is done; it and all after it come again.
    ///
    /// An empty sequence number fails the whole batch, which is what Lambda makes of it.
    pub fn failed_from(sequence_number: &'a str) -> Self {
        Self { state: None, failures: Failures::From([Failure { sequence_number }]) }
    }

    /// Carries a tumbling window's state, at most 1 MB of JSON; such a batch fails without one.
    #[must_use]
    pub fn with_state(self, state: &'a RawValue) -> Self {
        Self { state: Some(state), ..self }
    }

    /// The answer as Lambda reads it.
    pub fn into_json(self) -> Bytes {
        // Texts and a checked raw value: there is nothing in it that could fail.
        serde_json::to_vec(&self).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_documented_form() {
        let state = RawValue::from_string(r#"{"count":3}"#.to_owned()).unwrap();
        for (answer, json) in [
            (BatchAnswer::success(), r#"{"batchItemFailures":[]}"#),
            (BatchAnswer::failed_from("495"), r#"{"batchItemFailures":[{"itemIdentifier":"495"}]}"#),
            (BatchAnswer::success().with_state(&state), r#"{"state":{"count":3},"batchItemFailures":[]}"#),
            (
                BatchAnswer::failed_from("7").with_state(&state),
                r#"{"state":{"count":3},"batchItemFailures":[{"itemIdentifier":"7"}]}"#,
            ),
        ] {
            assert_eq!(answer.into_json(), json);
        }
    }
}
