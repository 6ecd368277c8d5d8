//! When a batch is sent, and which records it has.
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching>

use std::time::Duration;

use local::event_source::{Condition, LaneSettings};

use super::run::{Scene, done, plain, records};

const WINDOW: LaneSettings =
    LaneSettings { batching_window: Duration::from_secs(2), batch_size: 3, ..FOR_EVER };
const FOR_EVER: LaneSettings = LaneSettings {
    batch_size: 10,
    batching_window: Duration::ZERO,
    maximum_retry_attempts: None,
    maximum_record_age: None,
    bisect_on_error: false,
    tumbling_window: None,
};

#[test]
fn without_a_batching_window_what_is_there_is_sent_at_once() {
    let run = Scene::new(plain(), records([0, 1, 2, 100])).run(done);
    assert_eq!(run.tries(), [vec![0], vec![1, 2], vec![3]]);
}

#[test]
fn a_batch_gathers_until_its_window_is_over_or_it_is_full() {
    let run = Scene::new(WINDOW, records([0, 500, 3_000, 3_001, 3_002, 9_000])).run(done);
    assert_eq!(run.tries(), [vec![0, 1], vec![2, 3, 4], vec![5]]);
    let sent: Vec<i64> = run.calls.iter().map(|(at, ..)| *at).collect();
    assert_eq!(sent, [2_000, 3_002, 9_000], "the shard's end sends the last");
}

#[test]
fn the_next_window_begins_when_the_invocation_before_has_ended() {
    let scene = Scene { takes: 5_000, ..Scene::new(WINDOW, records([0, 2_500, 60_000])) };
    let sent: Vec<i64> = scene.run(done).calls.iter().map(|(at, ..)| *at).collect();
    assert_eq!(sent, [2_000, 9_000, 60_000]);
}

#[test]
fn a_drain_sends_what_is_gathered() {
    let mut scene = Scene::new(WINDOW, records([0, 60_000]));
    scene.drains_at = Some(700);
    assert_eq!(scene.run(done).calls[0].0, 700);
}

#[test]
fn a_batch_ends_before_its_event_is_over_six_megabytes() {
    let mut shard = records([0; 6]);
    for record in &mut shard {
        record.bytes = 3 << 19;
    }
    let scene = Scene { takes: 100, ..Scene::new(plain(), shard) };
    let tries = scene.run(done).tries();
    assert_eq!(
        tries,
        [vec![0], vec![1, 2, 3], vec![4, 5]],
        "four of them are 6 MB, with nothing around them"
    );
}

#[test]
fn a_record_comes_to_its_age_while_its_batch_is_gathered() {
    let age = Some(Duration::from_secs(1));
    let settings = LaneSettings { maximum_record_age: age, ..WINDOW };
    let run = Scene::new(settings, records([0, 60_000])).run(done);
    let given_up = run.given_up();
    assert_eq!((given_up.len(), given_up[0].condition, given_up[0].failures), (1, Condition::TooOld, 0));
    let at = run.actions.iter().find(|(_, action)| matches!(action, local::event_source::Action::GiveUp(_)));
    assert_eq!(at.map(|(at, _)| *at), Some(1_001));
}
