//! What a function's answer says of its batch.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::EventRecord;

/// Largest state of a tumbling window, in bytes.
pub(super) const MAX_STATE_BYTES: usize = 1_000_000;

/// The outcome of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every record is done.
    Done,
    /// Those before this index are done; this one and all after it are delivered again.
    FailedFrom(usize),
    /// The whole batch failed, for this reason.
    Failed(&'static str),
}

/// What is asked of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    /// `ReportBatchItemFailures` is on.
    pub(super) reports_failures: bool,
    /// The batch belongs to a tumbling window.
    pub(super) has_state: bool,
}

#[derive(Deserialize)]
struct Answer<'a> {
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

/// The verdict over these records, and the window's new state where there is one.
pub(super) fn read(
    answer: &[u8],
    expected: Expected,
    records: &[EventRecord],
) -> (Verdict, Option<Box<RawValue>>) {
    // Null, text, a number, an empty answer: no report, which is success, unless a state is due.
    let answer =
        serde_json::from_slice::<Answer<'_>>(answer).unwrap_or(Answer { failures: None, state: None });
    let state = answer.state.filter(|state| state.get() != "null").map(ToOwned::to_owned);
    if expected.has_state && state.as_ref().is_none_or(|state| state.get().len() > MAX_STATE_BYTES) {
        return (Verdict::Failed("the answer has no window state, or one over 1 MB"), None);
    }
    let verdict = if expected.reports_failures { verdict(answer.failures, records) } else { Verdict::Done };
    (verdict, state)
}

fn verdict(failures: Option<&RawValue>, records: &[EventRecord]) -> Verdict {
    let Some(failures) = failures.filter(|failures| failures.get() != "null") else { return Verdict::Done };
    let Ok(failures) = serde_json::from_str::<Vec<Failure>>(failures.get()) else {
        return Verdict::Failed("batchItemFailures is not a list of {itemIdentifier}");
    };
    let mut lowest = None;
    for failure in failures {
        let number = failure.sequence_number.unwrap_or_default();
        match records.iter().position(|record| record.sequence_number == number) {
            Some(index) => lowest = Some(lowest.map_or(index, |lowest: usize| lowest.min(index))),
            None => return Verdict::Failed("an itemIdentifier is no sequence number of the batch"),
        }
    }
    lowest.map_or(Verdict::Done, Verdict::FailedFrom)
}

#[cfg(test)]
mod tests {
    use super::super::event::EventRecord;
    use super::*;
    use edge::aws::kinesis_reader::ReadRecord;

    fn records() -> Vec<EventRecord> {
        let record = |number: &str| ReadRecord {
            sequence_number: number.to_owned(),
            partition_key: "k".to_owned(),
            data: bytes::Bytes::new(),
            arrived_at_ms: 0,
        };
        ["1", "2", "3"].iter().map(|number| EventRecord::new(&record(number), "s", "a").unwrap()).collect()
    }

    #[track_caller]
    fn check(answer: &str, expected: &Verdict) {
        let expects = Expected { reports_failures: true, has_state: false };
        assert_eq!(&read(answer.as_bytes(), expects, &records()).0, expected, "{answer}");
    }

    #[test]
    fn the_lowest_reported_number_is_the_checkpoint() {
        check(
            r#"{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"2"}]}"#,
            &Verdict::FailedFrom(1),
        );
    }

    #[test]
    fn an_empty_list_null_or_nothing_is_success() {
        for answer in
            ["", "null", "{}", "\"ok\"", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#]
        {
            check(answer, &Verdict::Done);
        }
    }

    #[test]
    fn an_identifier_that_says_nothing_fails_the_whole_batch() {
        for identifier in [r#""""#, "null", r#""9""#] {
            let answer = format!(r#"{{"batchItemFailures":[{{"itemIdentifier":{identifier}}}]}}"#);
            check(&answer, &Verdict::Failed("an itemIdentifier is no sequence number of the batch"));
        }
        check(
            r#"{"batchItemFailures":[{"wrong":"1"}]}"#,
            &Verdict::Failed("an itemIdentifier is no sequence number of the batch"),
        );
    }

    #[test]
    fn a_report_nobody_asked_for_is_ignored() {
        let answer = br#"{"batchItemFailures":[{"itemIdentifier":"1"}]}"#;
        let expects = Expected { reports_failures: false, has_state: false };
        assert_eq!(read(answer, expects, &records()).0, Verdict::Done);
    }

    #[test]
    fn a_windowed_answer_without_state_fails_the_batch() {
        let expects = Expected { reports_failures: true, has_state: true };
        assert!(matches!(read(b"{}", expects, &records()).0, Verdict::Failed(_)));
        let (verdict, state) = read(br#"{"state":{"n":1}}"#, expects, &records());
        assert_eq!((verdict, state.unwrap().get()), (Verdict::Done, r#"{"n":1}"#));
    }
}
