//! Reads what a function's answer says about its batch.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>

use serde::Deserialize;
use serde_json::value::RawValue;

use super::input::{Answer, Outcome};

/// What an answer must contain.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected {
    /// Whether `ReportBatchItemFailures` is on.
    pub(super) reports_failures: bool,
    /// Whether the batch belongs to a tumbling window.
    pub(super) has_state: bool,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(rename = "batchItemFailures", default, borrow)]
    failures: Option<&'a RawValue>,
    #[serde(default, borrow)]
    state: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(rename = "itemIdentifier")]
    sequence_number: Option<String>,
}

/// What the answer says about the batch with these sequence numbers. The text says why the batch failed, if
/// it did.
pub(super) fn read<'a>(
    answer: &[u8],
    expected: Expected,
    numbers: impl Iterator<Item = &'a str> + Clone,
) -> (Answer, &'static str) {
    // Null, a text, a number or an empty answer reports no failures. That is success, unless a state is
    // required.
    let body = serde_json::from_slice::<Body<'_>>(answer).unwrap_or(Body { failures: None, state: None });
    let state = body.state.filter(|state| state.get() != "null");
    if expected.has_state && state.is_none() {
        return (Outcome::Failed.into(), "the answer has no state of the window");
    }
    let (outcome, reason) =
        if expected.reports_failures { outcome(body.failures, numbers) } else { (Outcome::Done, "") };
    let state = state.filter(|_| expected.has_state && outcome != Outcome::Failed);
    (Answer { outcome, state: state.map(|state| state.get().into()) }, reason)
}

#[expect(clippy::needless_pass_by_value, reason = "what is taken in is used up")]
fn outcome<'a>(
    failures: Option<&RawValue>,
    numbers: impl Iterator<Item = &'a str> + Clone,
) -> (Outcome, &'static str) {
    let Some(failures) = failures.filter(|failures| failures.get() != "null") else {
        return (Outcome::Done, "");
    };
    let Ok(failures) = serde_json::from_str::<Vec<Failure>>(failures.get()) else {
        return (Outcome::Failed, "batchItemFailures is not a list of {itemIdentifier}");
    };
    let mut lowest = None;
    for failure in failures {
        let number = failure.sequence_number.unwrap_or_default();
        match numbers.clone().position(|known| known == number) {
            Some(index) => lowest = Some(lowest.map_or(index, |lowest: usize| lowest.min(index))),
            None => return (Outcome::Failed, "an itemIdentifier is not a sequence number of the batch"),
        }
    }
    match lowest {
        Some(index) => (Outcome::FailedFrom(index), "the answer names a record that failed"),
        None => (Outcome::Done, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_with(answer: &str, reports_failures: bool, has_state: bool) -> Answer {
        let expected = Expected { reports_failures, has_state };
        read(answer.as_bytes(), expected, ["1", "2", "3"].into_iter()).0
    }

    #[track_caller]
    fn check(answer: &str, expected: Outcome) {
        assert_eq!(read_with(answer, true, false), expected.into(), "{answer}");
    }

    #[test]
    fn the_lowest_reported_number_is_the_checkpoint() {
        let answer = r#"{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"2"}]}"#;
        check(answer, Outcome::FailedFrom(1));
    }

    #[test]
    fn an_empty_list_null_or_nothing_is_success() {
        for answer in
            ["", "null", "{}", "\"ok\"", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#]
        {
            check(answer, Outcome::Done);
        }
    }

    #[test]
    fn an_identifier_that_says_nothing_fails_the_whole_batch() {
        for identifier in [r#""""#, "null", r#""9""#] {
            let answer = format!(r#"{{"batchItemFailures":[{{"itemIdentifier":{identifier}}}]}}"#);
            check(&answer, Outcome::Failed);
        }
        check(r#"{"batchItemFailures":[{"wrong":"1"}]}"#, Outcome::Failed);
        check(r#"{"batchItemFailures":"1"}"#, Outcome::Failed);
    }

    #[test]
    fn a_report_nobody_asked_for_is_ignored() {
        let answer = r#"{"batchItemFailures":[{"itemIdentifier":"1"}]}"#;
        assert_eq!(read_with(answer, false, false), Outcome::Done.into());
    }

    #[test]
    fn a_windowed_answer_without_state_fails_the_batch() {
        for answer in ["{}", "", r#"{"state":null}"#] {
            assert_eq!(read_with(answer, true, true), Outcome::Failed.into());
        }
        let answer = read_with(r#"{"state":{"n":1}}"#, true, true);
        assert_eq!(answer, Answer { outcome: Outcome::Done, state: Some(r#"{"n":1}"#.into()) });
    }
}
