//! The mapping's shell over a stream in memory, scripted functions, and a clock that goes on by itself.

mod process;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use crate::aws::event::Event;
use process::{Process, Remembers, Scripted, StandingClock, settings, turns};
use stream::MemoryStream;
use template::KinesisMapping;

#[tokio::test]
async fn a_lane_in_retries_stops_none_of_its_neighbours() {
    let stream = MemoryStream::new(&["0"]);
    for number in 0..30_000_u64 {
        stream.put("0", number, &format!("key {}", number % 50));
    }
    let function = Scripted::new(|key, _| key != "key 7");
    let process = Process::start(
        KinesisMapping { batch_size: 100, parallelization_factor: 10, ..settings() },
        &stream,
        &function,
    );
    turns(20_000).await;
    let stuck = 7; // the first record of its lane that fails
    let invoked = function.invoked();
    let lanes_beside = invoked.keys().filter(|number| **number > 20_000).count();
    assert!(lanes_beside > 7_000, "{lanes_beside} records of the last 10,000");
    assert_eq!(
        stream.after("0").and_then(|after| after.parse().ok()).filter(|after: &u64| *after >= stuck),
        None
    );
    process.kill().await;
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_not_invoked_again_and_nothing_is_left_out() {
    for kill_after in [1, 7, 40, 200, 1_001] {
        let stream = MemoryStream::new(&["0"]);
        for number in 0..3_000_u64 {
            stream.put("0", number, &format!("key {}", number % 50));
        }
        let several = KinesisMapping { parallelization_factor: 4, ..settings() };
        // A lane that fails holds the place of the shard back, and the others are far ahead of it.
        let failing = Scripted::new(|key, number| key != "key 3" || number.parse::<u64>().unwrap() < 100);
        let process = Process::start(several.clone(), &stream, &failing);
        turns(kill_after).await;
        let remembers = Arc::clone(&process.remembers);
        process.kill().await;
        let acknowledged = acknowledged(&remembers);
        let well = Scripted::new(|_, _| true);
        let rest = Process::start(several, &stream, &well).drain().await;
        assert_eq!(acknowledged + self::acknowledged(&rest), 3_000, "killed after {kill_after} turns");
        assert!(well.invoked().values().all(|times| *times == 1));
    }
}

fn acknowledged(remembers: &Remembers) -> u64 {
    let count = |event: &Event| if let Event::Acknowledged { records, .. } = event { *records } else { 0 };
    remembers.events.lock().unwrap().iter().map(count).sum()
}

#[tokio::test]
async fn children_begin_when_their_parents_are_finished_in_this_process_or_an_earlier_one() {
    let stream = MemoryStream::new(&["0"]);
    (0..100).for_each(|number| stream.put("0", number, "key"));
    stream.split("0", &["1", "2"]);
    (100..110).for_each(|number| stream.put("1", number, "key"));
    let failing = Scripted::new(|_, number| number.parse::<u64>().unwrap() < 50);
    let process = Process::start(settings(), &stream, &failing);
    turns(20_000).await;
    process.kill().await;
    assert!(
        failing.invoked().keys().all(|number| *number < 100),
        "a child began before its parent was finished"
    );
    let well = Scripted::new(|_, _| true);
    let process = Process::start(settings(), &stream, &well);
    turns(20).await;
    process.kill().await;
    let rest = Scripted::new(|_, _| true);
    Process::start(settings(), &stream, &rest).drain().await;
    let invoked: Vec<u64> = well.invoked().keys().chain(rest.invoked().keys()).copied().collect();
    assert!((50..110).all(|number| invoked.contains(&number)), "{invoked:?}");
    assert!(stream.is_finished("0") && !stream.is_finished("1"));
}

#[tokio::test]
async fn a_window_goes_on_with_its_state_after_a_kill() {
    let stream = MemoryStream::new(&["0"]);
    (0..30).for_each(|number| stream.put("0", number, "key"));
    let windowed = KinesisMapping { tumbling_window: Some(Duration::from_mins(15)), ..settings() };
    let function = Scripted::new(|_, _| true);
    let process = Process::start_by(Arc::new(StandingClock), windowed.clone(), &stream, &function);
    turns(1_000).await;
    process.kill().await;
    (30..40).for_each(|number| stream.put("0", number, "key"));
    Process::start(windowed, &stream, &function).drain().await;
    let requests = function.requests.lock().unwrap();
    let (_, last) = requests.last().unwrap();
    assert_eq!((&last["isFinalInvokeForWindow"], &last["state"]["count"]), (&true.into(), &40.into()));
}

#[tokio::test]
async fn events_of_a_consumer_with_fan_out_carry_its_arn() {
    let stream = MemoryStream::new(&["0"]);
    stream.put("0", 1, "key");
    let function = Scripted::new(|_, _| true);
    let settings = KinesisMapping { consumer: Some("readers:1".to_owned()), ..settings() };
    Process::start(settings, &stream, &function).drain().await;
    let requests = function.requests.lock().unwrap();
    let (_, event) = requests.first().unwrap();
    let arn = event["Records"][0]["eventSourceARN"].as_str().unwrap();
    assert!(arn.ends_with(":stream/S/consumer/readers:1"), "{arn}");
}

#[tokio::test]
async fn a_retry_keeps_its_request_id_and_the_document_names_it() {
    let stream = MemoryStream::new(&["0"]);
    stream.put("0", 1, "poison");
    let settings = KinesisMapping {
        maximum_retry_attempts: Some(2),
        on_failure: Some(template::OnFailure::Messages),
        ..settings()
    };
    let function = Scripted::new(|key, _| key != "poison");
    let remembers = Process::start(settings, &stream, &function).drain().await;
    let ids: Vec<String> = function.requests.lock().unwrap().iter().map(|(id, _)| id.clone()).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let documents = remembers.documents.lock().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&documents[0].without_payload()).unwrap();
    assert_eq!(document["requestContext"]["requestId"], ids[0].as_str());
    assert_eq!(document["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(document["responseContext"]["functionError"], serde_json::Value::Null);
    let kept = |event: &Event| matches!(event, Event::Discarded { kept: Some(_), records: 1, .. });
    assert!(remembers.events.lock().unwrap().iter().any(kept));
}

#[tokio::test]
async fn without_a_destination_what_is_discarded_is_lost_and_told() {
    let stream = MemoryStream::new(&["0"]);
    stream.put("0", 1, "poison");
    let settings = KinesisMapping { maximum_retry_attempts: Some(0), ..settings() };
    let function = Scripted::new(|_, _| false);
    let remembers = Process::start(settings, &stream, &function).drain().await;
    let lost = |event: &Event| matches!(event, Event::Discarded { kept: None, records: 1, .. });
    assert!(remembers.events.lock().unwrap().iter().any(lost));
}

#[tokio::test]
async fn a_stream_that_is_deleted_ends_its_mapping_in_peace() {
    let stream = MemoryStream::new(&["0"]);
    let function = Scripted::new(|_, _| true);
    let process = Process::start(settings(), &stream, &function);
    turns(10).await;
    stream.delete();
    assert!(process.work.await.unwrap().is_ok());
}
