//! Rules that hold for every mapping, shard, function and clock.

use std::time::Duration;

use local::event_source::{Action, Answer, Call, Condition, LaneSettings, Outcome, WindowCall};
use proptest::prelude::*;

use super::run::{Record, Run, Scene, numbers};

/// More than any event may have.
const TOO_LARGE: usize = 7 << 20;
const LONG_STATE: usize = (1 << 20) + 1;

fn settings() -> impl Strategy<Value = LaneSettings> {
    let age = prop_oneof![Just(None), (1_u64..4_000).prop_map(|ms| Some(Duration::from_millis(ms)))];
    let window = prop_oneof![Just(None), (1_u64..3).prop_map(|s| Some(Duration::from_secs(s)))];
    (1_usize..6, 0_u64..400, 0_u64..4, age, any::<bool>(), window).prop_map(
        |(batch_size, batching, retries, maximum_record_age, bisect_on_error, tumbling_window)| {
            LaneSettings {
                batch_size,
                batching_window: Duration::from_millis(batching),
                maximum_retry_attempts: Some(retries),
                maximum_record_age,
                bisect_on_error,
                tumbling_window,
            }
        },
    )
}

fn shard() -> impl Strategy<Value = Vec<Record>> {
    let bytes = prop_oneof![20 => Just(100_usize), 2 => Just(4 << 20), 1 => Just(TOO_LARGE)];
    proptest::collection::vec((0_i64..900, bytes), 0..20).prop_map(|gaps| {
        let mut arrived_at = 1_000;
        let record = |(number, (gap, bytes))| {
            arrived_at += gap;
            Record { number, arrived_at, bytes }
        };
        gaps.into_iter().enumerate().map(record).collect()
    })
}

/// What the function answers, call after call; then it takes everything.
fn answers() -> impl Strategy<Value = Vec<(u8, usize)>> {
    proptest::collection::vec((0_u8..4, 0_usize..20), 0..40)
}

fn answer(call: &Call<Record>, script: Option<(u8, usize)>) -> Answer {
    let (kind, index) = script.unwrap_or((0, 0));
    let outcome = match kind {
        1 => Outcome::Failed,
        2 if index < call.records.len() => Outcome::FailedFrom(index),
        _ => Outcome::Done,
    };
    let length = if index == 19 { LONG_STATE } else { 10 };
    let state = call.window.as_ref().map(|_| "x".repeat(length).into());
    Answer { outcome, state: state.filter(|_| outcome != Outcome::Failed) }
}

fn runs() -> impl Strategy<Value = Run> {
    let drains_at = prop_oneof![Just(None), (0_i64..10_000).prop_map(Some)];
    (settings(), shard(), answers(), 0_i64..300, drains_at).prop_map(
        |(settings, records, script, takes, drains_at)| {
            let mut script = script.into_iter();
            Scene { settings, records, takes, drains_at }.run(|call| answer(call, script.next()))
        },
    )
}

proptest! {
    /// "Lambda processes records in order, at least once":
    /// <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>.
    #[test]
    fn each_record_is_acknowledged_or_given_up_once_and_in_order(run in runs()) {
        let ended = run.actions.iter().flat_map(|(_, action)| match action {
            Action::Acknowledge(records) => numbers(records),
            Action::GiveUp(given_up) => numbers(&given_up.records),
            _ => Vec::new(),
        });
        prop_assert_eq!(ended.collect::<Vec<_>>(), numbers(&run.records));
        prop_assert!(run.lane.is_idle());
    }

    /// "To ensure in-order processing, the event source mapping pauses processing for the affected shard":
    /// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>.
    #[test]
    fn no_record_is_tried_before_all_before_it_have_ended(run in runs()) {
        let mut ended = 0;
        for (_, action) in &run.actions {
            match action {
                Action::Invoke(call) if call.records.is_empty() => {}
                Action::Invoke(call) => {
                    let expected: Vec<usize> = (ended..ended + call.records.len()).collect();
                    prop_assert_eq!(numbers(&call.records), expected);
                }
                Action::Acknowledge(records) => ended += records.len(),
                Action::GiveUp(given_up) => ended += given_up.records.len(),
                _ => {}
            }
        }
    }

    /// A restart begins behind the checkpoint, so what it passes must have ended.
    #[test]
    fn a_checkpoint_never_passes_an_unfinished_record_nor_goes_back(run in runs()) {
        let (mut ended, mut passed) = (0, 0);
        for (_, action) in &run.actions {
            match action {
                Action::Acknowledge(records) => ended += records.len(),
                Action::GiveUp(given_up) => ended += given_up.records.len(),
                Action::Checkpoint(record) => {
                    prop_assert!(record.number < ended && record.number >= passed);
                    passed = record.number + 1;
                }
                _ => {}
            }
        }
        prop_assert_eq!(passed, run.records.len());
    }

    /// `BatchSize`, and the 6 MB of a payload:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching>.
    #[test]
    fn a_batch_has_at_most_its_count_of_records_and_6_mb(run in runs()) {
        for (_, call, _) in &run.calls {
            let state = call.window.as_ref().map_or(0, |window| window.window.state().len());
            let bytes: usize = call.records.iter().map(|record| record.bytes).sum();
            prop_assert!(call.records.len() <= run.settings.batch_size && bytes + state <= 6 << 20);
        }
    }

    /// `MaximumRecordAgeInSeconds`: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html>.
    #[test]
    fn no_record_past_its_age_is_tried_and_none_before_it_is_called_too_old(run in runs()) {
        let age = run.settings.maximum_record_age.map_or(i64::MAX, |age| i64::try_from(age.as_millis()).unwrap());
        for (at, action) in &run.actions {
            match action {
                Action::Invoke(call) => {
                    prop_assert!(call.records.iter().all(|record| at - record.arrived_at <= age));
                }
                Action::GiveUp(given_up) if given_up.condition == Condition::TooOld => {
                    prop_assert!(given_up.records.iter().all(|record| at - record.arrived_at > age));
                }
                _ => {}
            }
        }
    }

    /// `MaximumRetryAttempts`: a batch that runs out of retries was tried once and so often again.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html>
    #[test]
    fn a_batch_out_of_retries_was_tried_once_and_again_as_often_as_allowed(run in runs()) {
        for given_up in run.given_up() {
            if given_up.condition == Condition::RetriesExhausted {
                let allowed = run.settings.maximum_retry_attempts.unwrap();
                prop_assert_eq!(given_up.failures, allowed + 1);
                prop_assert!(given_up.records.len() <= 1 || !run.settings.bisect_on_error);
            }
        }
    }

    /// A retry of an unchanged batch is the same request again, anything else is a new one.
    #[test]
    fn a_call_is_a_retry_where_it_has_the_records_of_the_failed_call_before(run in runs()) {
        for pair in run.calls.windows(2) {
            let [(_, before, answer), (_, call, _)] = pair else { unreachable!() };
            let failed = matches!(answer.outcome, Outcome::Failed | Outcome::FailedFrom(0));
            let is_last = |call: &Call<Record>| call.window.as_ref().and_then(|window| window.last);
            let same = before.records == call.records && is_last(before) == is_last(call);
            if is_last(before).is_none() && is_last(call).is_none() {
                prop_assert_eq!(call.is_retry, failed && same);
            }
        }
    }

    /// "When a partial success response is received … Lambda retries all records from the lowest sequence number":
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>.
    #[test]
    fn what_comes_before_the_lowest_reported_record_is_done_and_the_rest_comes_again(run in runs()) {
        for (index, (_, call, answer)) in run.calls.iter().enumerate() {
            let Outcome::FailedFrom(failed @ 1..) = answer.outcome else { continue };
            let (before, rest) = call.records.split_at(failed);
            let later = run.calls.iter().skip(index + 1);
            for (_, later, _) in later {
                prop_assert!(before.iter().all(|record| !later.records.contains(record)));
            }
            prop_assert!(run.acknowledged().contains(&before[failed - 1].number));
            let next = run.calls.iter().skip(index + 1).find(|(_, call, _)| !call.records.is_empty());
            let came_again = next.is_some_and(|(_, next, _)| next.records.first() == rest.first());
            let was_given_up = run.given_up_numbers().contains(&rest[0].number);
            prop_assert!(came_again || was_given_up);
        }
    }

    /// A record whose event is over 6 MB is never sent, and uses up the retries.
    #[test]
    fn a_record_that_no_event_can_carry_is_never_sent_and_is_given_up(run in runs()) {
        for record in run.records.iter().filter(|record| record.bytes == TOO_LARGE) {
            prop_assert!(run.calls.iter().all(|(_, call, _)| !call.records.contains(record)));
            prop_assert!(run.given_up_numbers().contains(&record.number));
        }
    }

    /// Each window is closed once, by a call without records, after all of its records and before any of the next.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>
    #[test]
    fn a_window_carries_its_state_from_call_to_call_and_is_closed_once(run in runs()) {
        let mut open: Option<(i64, String)> = None;
        let mut calls = run.calls.iter();
        for (_, action) in &run.actions {
            let call = match action {
                Action::WindowLost => {
                    open = None;
                    continue;
                }
                Action::Invoke(call) => call,
                _ => continue,
            };
            let (_, _, answer) = calls.next().unwrap();
            let Some(WindowCall { window, last }) = &call.window else { continue };
            let holds = |record: &Record| (window.start()..window.end()).contains(&record.arrived_at);
            prop_assert!(call.records.iter().all(holds));
            prop_assert_eq!(call.records.is_empty(), last.is_some());
            if let Some((start, state)) = &open { prop_assert_eq!((*start, &**state), (window.start(), window.state())) } else { prop_assert_eq!(window.state(), "{}") }
            let state = answer.state.as_deref().filter(|_| last.is_none()).unwrap_or(window.state());
            let is_closed = last.is_some() && answer.outcome == Outcome::Done;
            open = (!is_closed).then(|| (window.start(), state.to_owned()));
        }
        prop_assert_eq!(open, None);
    }
}
