//! Tumbling windows: the state from call to call, and the last call.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>

use std::time::Duration;

use local::event_source::{
    Action, Answer, Call, Condition, Ending, Input, Lane, LaneSettings, MAX_STATE_BYTES, Outcome, Window,
};

use super::run::{Record, Run, Scene, plain, records};

fn windowed() -> LaneSettings {
    LaneSettings { tumbling_window: Some(Duration::from_secs(10)), ..plain() }
}

/// Counts records in the state.
fn count(call: &Call<Record>) -> Answer {
    let state = call.window.as_ref().unwrap().window.state().to_owned();
    let count = state.trim_matches(['{', '}']).parse().unwrap_or(0) + call.records.len();
    Answer { outcome: Outcome::Done, state: Some(format!("{{{count}}}").into()) }
}

/// Start, state before, how many records, and how it ends, of each call.
fn calls(run: &Run) -> Vec<(i64, String, usize, Option<Ending>)> {
    let told = |(_, call, _): &(i64, Call<Record>, Answer)| {
        let window = call.window.as_ref().unwrap();
        (window.window.start(), window.window.state().to_owned(), call.records.len(), window.last)
    };
    run.calls.iter().map(told).collect()
}

#[test]
fn a_window_is_closed_by_the_first_record_of_the_next() {
    let run = Scene::new(windowed(), records([1_000, 2_000, 10_400, 11_000])).run(count);
    let expected = [
        (0, "{}", 1, None),
        (0, "{1}", 1, None),
        (0, "{2}", 0, Some(Ending::InTime)),
        (10_000, "{}", 1, None),
        (10_000, "{1}", 1, None),
        (10_000, "{2}", 0, Some(Ending::Early)),
    ];
    let expected = expected.map(|(start, state, records, last)| (start, state.to_owned(), records, last));
    assert_eq!(calls(&run), expected, "the last is closed by the end of its shard");
}

#[test]
fn a_window_nobody_follows_is_closed_soon_after_its_end() {
    let run = Scene::new(windowed(), records([1_000, 60_000])).run(count);
    assert_eq!((run.calls[1].0, calls(&run)[1].3), (10_500, Some(Ending::InTime)));
}

#[test]
fn a_window_ends_early_once_no_more_records_come_and_not_with_the_drain_before() {
    let mut scene = Scene::new(windowed(), records([1_000, 7_000]));
    scene.drains_at = Some(3_000);
    let run = scene.run(count);
    assert_eq!(run.calls.iter().map(|(at, ..)| *at).collect::<Vec<_>>(), [1_000, 7_000, 7_005]);
    assert_eq!(calls(&run)[2].3, Some(Ending::Early));
}

#[test]
fn a_state_over_its_limit_is_acknowledged_and_ends_the_window_early_and_the_next_call_begins_afresh() {
    for (length, ends) in [(MAX_STATE_BYTES, false), (MAX_STATE_BYTES + 1, true)] {
        let state = "1".repeat(length);
        let run = Scene::new(windowed(), records([1_000, 2_000])).run(|call| Answer {
            outcome: Outcome::Done,
            state: Some(if call.records.first().is_some_and(|first| first.number == 0) {
                state.as_str().into()
            } else {
                "{}".into()
            }),
        });
        assert_eq!(run.acknowledged(), [0, 1]);
        let calls = calls(&run);
        if ends {
            assert_eq!(calls[1], (0, state, 0, Some(Ending::Early)));
            assert_eq!(calls[2], (0, "{}".to_owned(), 1, None));
        } else {
            assert_eq!(calls[1], (0, state, 1, None));
        }
    }
}

#[test]
fn a_last_call_that_fails_is_made_again_and_then_the_state_is_lost_with_a_document_without_records() {
    let run = Scene::new(windowed(), records([1_000]))
        .run(|call| if call.records.is_empty() { Outcome::Failed.into() } else { count(call) });
    assert_eq!(run.calls.len(), 1 + 3);
    assert!(run.calls[2].1.is_retry && !run.calls[1].1.is_retry);
    let [given_up] = run.given_up()[..] else { panic!() };
    assert_eq!((given_up.records.len(), given_up.condition), (0, Condition::RetriesExhausted));
    assert_eq!(given_up.window.as_ref().unwrap().last, Some(Ending::Early));
    let lost = run.actions.iter().filter(|(_, action)| *action == Action::WindowLost).count();
    assert_eq!(lost, 1);
}

#[test]
fn a_batch_that_failed_comes_again_with_the_state_it_had() {
    let mut failures = 1;
    let run = Scene::new(windowed(), records([1_000, 2_000])).run(|call| {
        if call.records.first().is_some_and(|first| first.number == 1) && failures > 0 {
            failures -= 1;
            return Outcome::Failed.into();
        }
        count(call)
    });
    let states: Vec<String> = calls(&run).into_iter().map(|(_, state, ..)| state).collect();
    assert_eq!(states, ["{}", "{1}", "{1}", "{2}"]);
}

#[test]
fn a_lane_that_goes_on_has_the_window_that_was_open() {
    let window = Window::restored(0, Duration::from_secs(10), "{5}".into());
    let mut lane: Lane<Record> = Lane::resume(windowed(), Some(window));
    let mut actions = Vec::new();
    lane.step(4_000, Input::Woke, &mut actions);
    assert_eq!(actions, [Action::WakeAt(10_500)]);
    actions.clear();
    lane.step(4_000, Input::Records(records([4_000])), &mut actions);
    let Some(Action::Invoke(call)) = actions.first() else { panic!("{actions:?}") };
    assert_eq!(call.window.as_ref().unwrap().window.state(), "{5}");
}
