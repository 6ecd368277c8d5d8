//! The answer to a Kinesis event: which record to start from next time, and the window's state.

use bytes::Bytes;
use record_model::write_json_string;
use serde_json::value::RawValue;

/// What a stream function answers, with `ReportBatchItemFailures` set on its mapping.
///
/// At most one failure is ever named: Lambda starts again from the lowest, so a second one says nothing.
#[derive(Debug, Clone, Copy)]
pub struct BatchAnswer<'a> {
    state: Option<&'a RawValue>,
    /// Sequence number of the first record that is not done.
    failed_from: Option<&'a str>,
}

impl<'a> BatchAnswer<'a> {
    /// All of the batch is done.
    pub fn success() -> Self {
        Self { state: None, failed_from: None }
    }

    /// Everything before this record is done; it and all after it come again.
    ///
    /// An empty sequence number fails the whole batch, which is what Lambda makes of it.
    pub fn failed_from(sequence_number: &'a str) -> Self {
        Self { state: None, failed_from: Some(sequence_number) }
    }

    /// Carries a tumbling window's state, at most 1 MB of JSON; such a batch fails without one.
    #[must_use]
    pub fn with_state(self, state: &'a RawValue) -> Self {
        Self { state: Some(state), ..self }
    }

    /// The answer as Lambda reads it. It is never empty, which Lambda would take for a success.
    pub fn into_json(self) -> Bytes {
        let mut json = vec![b'{'];
        if let Some(state) = self.state {
            json.extend_from_slice(br#""state":"#);
            json.extend_from_slice(state.get().as_bytes());
            json.push(b',');
        }
        json.extend_from_slice(br#""batchItemFailures":["#);
        if let Some(sequence_number) = self.failed_from {
            json.extend_from_slice(br#"{"itemIdentifier":"#);
            write_json_string(sequence_number, &mut json);
            json.push(b'}');
        }
        json.extend_from_slice(b"]}");
        json.into()
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
