//! The answer to a Kinesis event: the record from which to start next time, and the window's state.

use bytes::Bytes;
use record_model::write_json_string;
use serde_json::value::RawValue;

/// The answer of a stream function whose mapping has `ReportBatchItemFailures` set.
///
/// It names at most one failure: Lambda starts again from the lowest, so a second one would have no effect.
#[derive(Debug, Clone, Copy)]
pub struct BatchAnswer<'a> {
    state: Option<&'a RawValue>,
    /// Sequence number of the first record that is not done.
    failed_from: Option<&'a str>,
}

impl<'a> BatchAnswer<'a> {
    /// The whole batch is done.
    pub fn success() -> Self {
        Self { state: None, failed_from: None }
    }

    /// Everything before this record is done. The record and everything after it are delivered again.
    ///
    /// An empty sequence number fails the whole batch, since Lambda reads it so.
    pub fn failed_from(sequence_number: &'a str) -> Self {
        Self { state: None, failed_from: Some(sequence_number) }
    }

    /// Adds a tumbling window's state, at most 1 MB of JSON. A batch of a window fails without a state.
    #[must_use]
    pub fn with_state(self, state: &'a RawValue) -> Self {
        Self { state: Some(state), ..self }
    }

    /// Writes the answer as Lambda reads it. It is never empty, since Lambda would take an empty answer for a
    /// success.
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
