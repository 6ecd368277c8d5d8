//! One batch on its way through the transformation function, with Firehose's retries.
//!
//! If a function can't be invoked, fails, takes over five minutes or gives an unusable answer, it is invoked
//! again with the same records, `NumberOfRetries` (3 by default) more times and each time with a new
//! invocation id. After that every record of the batch has failed:
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html>.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;

use super::answer::{Outcome, outcomes};
use super::apart::UserRecord;
use super::failure::Failure;
use super::settings::ProcessingRules;
use crate::aws::clock::Moment;

/// The longest time that Firehose waits for an invocation.
/// <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>
const MAX_INVOCATION_MS: Moment = 300_000;

/// What happens to a user record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Deliver { data: Bytes, partition_keys: BTreeMap<String, String> },
    Dropped,
    Failed(Failure),
}

/// Why an invocation has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unanswered {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// A batch between its first attempt and its end.
#[derive(Debug)]
pub(super) struct Transform {
    records: Vec<UserRecord>,
    attempts: u32,
    deadline: Moment,
}

/// What follows from an answer.
#[derive(Debug)]
pub(super) enum Next {
    /// The batch must be sent again. This is what went wrong.
    Again(Failure),
    /// The end of each record, in order.
    Ended(Vec<(UserRecord, End)>),
}

impl Transform {
    pub(super) fn new(records: Vec<UserRecord>) -> Self {
        Self { records, attempts: 0, deadline: Moment::MAX }
    }

    /// The records to send with the attempt that begins now.
    pub(super) fn begin(&mut self, now: Moment) -> &[UserRecord] {
        self.attempts += 1;
        self.deadline = now.saturating_add(MAX_INVOCATION_MS);
        &self.records
    }

    /// When the current attempt is given up.
    pub(super) fn deadline(&self) -> Moment {
        self.deadline
    }

    pub(super) fn timed_out(&mut self, rules: &ProcessingRules) -> Next {
        let message = format!("no answer within {} s", MAX_INVOCATION_MS / 1_000);
        self.failed("Lambda.FunctionError", message.into(), rules)
    }

    pub(super) fn answered(&mut self, answer: Result<Bytes, Unanswered>, rules: &ProcessingRules) -> Next {
        match answer.map(|answer| outcomes(&answer, &self.records)) {
            Ok(Ok(outcomes)) => self.ended(outcomes, rules),
            Ok(Err(unusable)) => self.failed(unusable.code, unusable.message.into(), rules),
            Err(unanswered) => self.failed(unanswered.code, unanswered.message.into(), rules),
        }
    }

    fn failed(&mut self, code: &'static str, message: Cow<'static, str>, rules: &ProcessingRules) -> Next {
        let failure =
            Failure { attempts: self.attempts, code, message, lambda_arn: Some(rules.lambda_arn.clone()) };
        if self.attempts <= rules.retries {
            return Next::Again(failure);
        }
        let records = std::mem::take(&mut self.records);
        Next::Ended(records.into_iter().map(|record| (record, End::Failed(failure.clone()))).collect())
    }

    fn ended(&mut self, outcomes: Vec<Outcome>, rules: &ProcessingRules) -> Next {
        let end = |outcome| match outcome {
            Outcome::Ok { data, partition_keys } => End::Deliver { data, partition_keys },
            Outcome::Dropped => End::Dropped,
            Outcome::Failed { code, message } => End::Failed(Failure {
                attempts: self.attempts,
                code,
                message: message.into(),
                lambda_arn: Some(rules.lambda_arn.clone()),
            }),
        };
        let ends = outcomes.into_iter().map(end).collect::<Vec<_>>();
        Next::Ended(std::mem::take(&mut self.records).into_iter().zip(ends).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::firehose::made_up;
    use proptest::prelude::*;

    fn rules(retries: u32) -> ProcessingRules {
        ProcessingRules { lambda_arn: "arn:f".into(), buffer_bytes: 1 << 20, interval_ms: 60_000, retries }
    }

    fn batch() -> Transform {
        Transform::new((0..3).map(|number| made_up::user_record(number, 1)).collect())
    }

    proptest! {
        #[test]
        fn a_batch_that_always_fails_is_tried_once_and_its_retries_then_failed_with_its_reason(retries in 0_u32..6) {
            let (rules, mut batch) = (rules(retries), batch());
            for attempt in 1..=retries + 1 {
                prop_assert_eq!(batch.begin(0).len(), 3);
                let unanswered = Unanswered { code: "Lambda.FunctionError", message: format!("no {attempt}") };
                match batch.answered(Err(unanswered), &rules) {
                    Next::Again(failure) => {
                        prop_assert!(attempt <= retries);
                        prop_assert_eq!(failure.attempts, attempt);
                    }
                    Next::Ended(ends) => {
                        prop_assert_eq!(attempt, retries + 1, "no attempt is left out");
                        let failure = Failure {
                            attempts: attempt,
                            code: "Lambda.FunctionError",
                            message: format!("no {attempt}").into(),
                            lambda_arn: Some("arn:f".into()),
                        };
                        prop_assert_eq!(ends.len(), 3);
                        prop_assert!(ends.iter().all(|(_, end)| *end == End::Failed(failure.clone())));
                    }
                }
            }
        }
    }

    #[test]
    fn a_failure_that_names_a_record_is_not_tried_again() {
        let mut batch = batch();
        batch.begin(0);
        let answer = br#"{"records":[{"recordId":"0000000","result":"Dropped"}]}"#;
        let Next::Ended(ends) = batch.answered(Ok(Bytes::from_static(answer)), &rules(3)) else {
            panic!("tried again");
        };
        assert_eq!(ends[0].1, End::Dropped);
        let End::Failed(failure) = &ends[1].1 else { panic!("not failed") };
        assert_eq!((failure.code, failure.attempts), ("Lambda.MissingRecordId", 1));
    }

    #[test]
    fn an_answer_without_form_and_a_silent_function_are_tried_again() {
        let mut batch = batch();
        batch.begin(1_000);
        assert_eq!(batch.deadline(), 301_000);
        assert!(matches!(batch.timed_out(&rules(3)), Next::Again(_)));
        batch.begin(301_000);
        assert!(matches!(batch.answered(Ok(Bytes::from_static(b"null")), &rules(3)), Next::Again(_)));
    }
}
