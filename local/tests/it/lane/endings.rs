//! How batches end: in two halves, from a reported record on, after their last retry or their maximum age,
//! and at the end of a run.
//! <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>

use std::time::Duration;

use local::event_source::{Action, Call, Condition, Input, Lane, LaneSettings, Outcome, Response};
use proptest::prelude::*;

use super::run::{Record, Scene, done, numbers, plain, poisoned, records};

#[test]
fn a_batch_that_never_goes_through_is_tried_again_with_the_same_records_and_then_discarded() {
    let run = Scene::new(plain(), records([0, 0, 0])).run(poisoned(1, false));
    assert_eq!(run.tries(), [vec![0], vec![1, 2], vec![1, 2], vec![1, 2]]);
    let given_up = run.given_up();
    assert_eq!(numbers(&given_up[0].records), [1, 2]);
    assert_eq!((given_up[0].condition, given_up[0].response), (Condition::RetriesExhausted, Response::Error));
}

#[test]
fn without_a_limit_a_batch_is_tried_until_it_is_too_old() {
    let settings = LaneSettings {
        maximum_retry_attempts: None,
        maximum_record_age: Some(Duration::from_mins(10)),
        ..plain()
    };
    let run = Scene::new(settings, records([0])).run(poisoned(0, false));
    let [given_up] = run.given_up()[..] else { panic!() };
    assert_eq!((given_up.condition, given_up.response), (Condition::TooOld, Response::Error));
    assert!(given_up.failures > 100 && run.ended_at > 600_000);
}

#[test]
fn what_was_never_sent_has_no_response() {
    let settings = LaneSettings { maximum_record_age: Some(Duration::from_mins(1)), ..plain() };
    let mut scene = Scene::new(settings, records([0, 1]));
    scene.takes = 100_000;
    let run = scene.run(done);
    assert_eq!(run.given_up()[0].response, Response::None);
    let mut shard = records([0]);
    shard[0].bytes = 7 << 20;
    let run = Scene::new(plain(), shard).run(done);
    assert_eq!((run.given_up()[0].response, run.given_up()[0].failures), (Response::None, 3));
}

#[test]
fn pauses_between_tries_grow_to_two_seconds() {
    let settings = LaneSettings { maximum_retry_attempts: Some(8), ..plain() };
    let run = Scene { takes: 0, ..Scene::new(settings, records([0])) }.run(poisoned(0, false));
    let pauses: Vec<i64> = run.calls.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert_eq!(pauses, [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut lane: Lane<Record> = Lane::new(plain());
    let mut actions = Vec::new();
    lane.step(0, Input::Answered(Outcome::Done.into()), &mut actions);
    assert!(actions.is_empty());
    assert_eq!(lane, Lane::new(plain()));
}

proptest! {
    /// "Splitting a batch does not count towards the retry quota", and the poison alone is given up.
    #[test]
    fn bisecting_gives_up_the_poison_alone_and_tries_it_as_often_as_ever(
        count in 1_usize..40, poison in 0_usize..40, retries in 0_u64..4, reports: bool
    ) {
        let poison = poison % count;
        let settings = LaneSettings {
            bisect_on_error: true, batch_size: 100, maximum_retry_attempts: Some(retries), ..plain()
        };
        let scene = Scene { takes: 50, ..Scene::new(settings, records(vec![0; count])) };
        let run = scene.run(poisoned(poison, reports));
        prop_assert_eq!(run.given_up_numbers(), vec![poison]);
        prop_assert_eq!(run.given_up()[0].failures, retries + 1);
        prop_assert_eq!(run.acknowledged().len(), count - 1);
        let alone = run.tries().iter().filter(|batch| **batch == [poison]).count();
        prop_assert!(alone as u64 > retries);
    }

    /// A batch is cut at the reported record, and only what is left is tried again.
    #[test]
    fn a_reported_record_costs_its_neighbours_before_it_nothing(count in 2_usize..40, poison in 0_usize..40) {
        let poison = 1 + poison % (count - 1);
        let settings = LaneSettings { batch_size: 100, maximum_retry_attempts: Some(0), ..plain() };
        let scene = Scene { takes: 50, ..Scene::new(settings, records(vec![0; count])) };
        let run = scene.run(poisoned(poison, true));
        prop_assert_eq!(run.acknowledged(), (0..poison).collect::<Vec<_>>());
        for record in 0..poison {
            let tried = run.tries().iter().filter(|batch| batch.contains(&record)).count();
            prop_assert_eq!(tried, 1);
        }
    }

    /// "Lambda retries throttled batches" until they are too old: without concurrency nothing is tried, so nothing counts.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
    #[test]
    fn a_throttled_call_uses_up_no_retry(throttles in prop::collection::vec(0_usize..5, 3)) {
        let mut lane = Lane::new(plain());
        let mut now = 0;
        let mut actions = Vec::new();
        lane.step(now, Input::Records(records([0])), &mut actions);
        for (tried, times) in throttles.into_iter().enumerate() {
            for _ in 0..times {
                actions.clear();
                lane.step(now, Input::Throttled, &mut actions);
                prop_assert_eq!(&actions, &[Action::WakeAt(now + 2_000)]);
                now += 2_000;
                lane.step(now, Input::Woke, &mut actions);
            }
            let [.., Action::Invoke(call)] = &actions[..] else { panic!("{actions:?}") };
            prop_assert_eq!(call.is_retry, tried > 0);
            actions.clear();
            lane.step(now, Input::Answered(Outcome::Failed.into()), &mut actions);
            now += 2_000;
            lane.step(now, Input::Woke, &mut actions);
        }
        let given_up = |action: &Action<Record>| matches!(action, Action::GiveUp(given_up) if given_up.failures == 3);
        prop_assert!(actions.iter().any(given_up), "{actions:?}");
    }

    /// Nothing depends on the records but what the trait asks: a lane of numbers is a value that can be compared.
    #[test]
    fn lanes_that_were_told_the_same_are_equal(count in 0_usize..20, fails: bool) {
        let told = || {
            let mut lane = Lane::new(plain());
            let mut actions = Vec::new();
            lane.step(7, Input::Records(records(vec![7; count])), &mut actions);
            let outcome = if fails { Outcome::Failed } else { Outcome::Done };
            lane.step(8, Input::Answered(outcome.into()), &mut actions);
            (lane, actions)
        };
        prop_assert_eq!(told(), told());
    }
}

#[test]
fn a_retry_is_told_with_the_count_of_its_failures() {
    let run = Scene::new(plain(), records([0])).run(poisoned(0, false));
    let told = |(_, action): &(i64, Action<Record>)| match action {
        Action::Retry { records, failures } => Some((*records, *failures)),
        _ => None,
    };
    assert_eq!(run.actions.iter().filter_map(told).collect::<Vec<_>>(), [(1, 1), (1, 2)]);
}

#[test]
fn a_call_that_is_retried_is_marked_so_that_it_keeps_its_request_id() {
    let run = Scene::new(plain(), records([0])).run(poisoned(0, false));
    let marks: Vec<bool> =
        run.calls.iter().map(|(_, call, _): &(_, Call<Record>, _)| call.is_retry).collect();
    assert_eq!(marks, [false, true, true]);
}
