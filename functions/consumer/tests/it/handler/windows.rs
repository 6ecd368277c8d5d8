//! Tumbling windows as the function sees them: a state that is passed from answer to event, and a summary at
//! the end.

use std::time::Duration;

use edge::store::StoreFault;
use serde_json::{Value, json};

use super::event::{Record, Stage, window_event};
use super::{Fixture, failed_from, success};

fn user(age: u8) -> String {
    format!(r#"{{"first_name":"Ada","last_name":"Byron","age":{age},"gender":"female"}}"#)
}

/// The summary of the window whose first counted record has this number.
fn summary(fixture: &Fixture, first: &str) -> Value {
    let window = "2026-01-02T03:04:00Z-2026-01-02T03:05:00Z";
    let key = format!("windows/users/{window}-stream-shardId-000000000006-{first}.json");
    serde_json::from_str(&fixture.objects()[&key]).unwrap()
}

fn summaries(fixture: &Fixture) -> usize {
    fixture.objects().keys().filter(|key| key.starts_with("windows/")).count()
}

#[tokio::test]
async fn a_window_keeps_the_running_average_age_and_writes_it_at_its_end() {
    let fixture = Fixture::new("users", &[]);
    let (first, second) = (user(20), user(50));
    let answer = fixture.answer(window_event(&[Record::text("1", &first)], &json!({}), Stage::Within)).await;
    let again = [Record::text("1", &first), Record::text("2", &second)];
    let answer = fixture.answer(window_event(&again, &answer["state"], Stage::Within)).await;
    assert_eq!(summaries(&fixture), 0);
    let answer = fixture.answer(window_event(&[], &answer["state"], Stage::Final)).await;
    assert_eq!(answer["batchItemFailures"], json!([]));
    let expected = json!({ "count": 2, "mean": 35.0, "min": 20.0, "max": 50.0 });
    assert_eq!(summary(&fixture, "1")["fields"]["age"], expected);
}

#[tokio::test]
async fn a_window_that_ends_early_is_written_and_what_comes_after_it_is_written_beside_it() {
    let fixture = Fixture::new("users", &[]);
    let answer =
        fixture.answer(window_event(&[Record::text("1", &user(20))], &json!({}), Stage::Within)).await;
    let ended = fixture.answer(window_event(&[], &answer["state"], Stage::Early)).await;
    assert_eq!(ended["batchItemFailures"], json!([]));
    // The same window goes on with nothing counted.
    fixture.answer(window_event(&[Record::text("2", &user(50))], &json!({}), Stage::Final)).await;
    let (early, rest) = (summary(&fixture, "1"), summary(&fixture, "2"));
    assert_eq!((&early["terminated_early"], &early["fields"]["age"]["mean"]), (&json!(true), &json!(20.0)));
    assert_eq!((&rest["terminated_early"], &rest["fields"]["age"]["mean"]), (&json!(false), &json!(50.0)));
    assert_eq!(summaries(&fixture), 2);
}

#[tokio::test]
async fn the_records_of_a_windows_last_event_are_counted_before_it_is_written() {
    for stage in [Stage::Final, Stage::Early] {
        let fixture = Fixture::new("users", &[]);
        let answer = fixture.answer(window_event(&[Record::text("1", &user(30))], &json!({}), stage)).await;
        assert_eq!(answer["batchItemFailures"], json!([]));
        assert_eq!(summary(&fixture, "1")["lines"], 1, "{stage:?}");
    }
}

#[tokio::test]
async fn a_window_without_records_ends_in_peace_and_writes_nothing() {
    for stage in [Stage::Within, Stage::Final, Stage::Early] {
        let fixture = Fixture::new("users", &[]);
        let answer = fixture.answer(window_event(&[], &json!({}), stage)).await;
        assert_eq!(answer["batchItemFailures"], success()["batchItemFailures"], "{stage:?}");
        assert!(answer["state"].is_object() && fixture.objects().is_empty(), "{stage:?}");
    }
}

#[tokio::test]
async fn a_batch_that_fails_leaves_the_window_as_it_was() {
    let fixture = Fixture::new("users", &[]);
    fixture.bucket.set_faults(|_, _| Some(StoreFault::Refused));
    let state = json!({ "lines": 7 });
    let answer = fixture.answer(window_event(&[Record::text("1", &user(36))], &state, Stage::Within)).await;
    assert_eq!(answer["batchItemFailures"], failed_from("1")["batchItemFailures"]);
    assert_eq!(answer["state"]["lines"], 7);
}

#[tokio::test]
async fn a_window_that_can_not_be_written_comes_again() {
    let fixture = Fixture::new("users", &[]);
    fixture.bucket.set_faults(|_, key| key.starts_with("windows/").then_some(StoreFault::Refused));
    let users = [user(20), user(50)];
    let records = [Record::text("1", &users[0]), Record::text("2", &users[1])];
    let answer = fixture.answer(window_event(&records, &json!({}), Stage::Early)).await;
    assert_eq!(answer["batchItemFailures"], failed_from("1")["batchItemFailures"]);
    // With no record to report there is only the error.
    let event = window_event(&[], &answer["state"], Stage::Early);
    let refused = fixture.try_answer(event, Duration::from_mins(1)).await.unwrap_err();
    assert_eq!(refused.kind(), "window");
    // Whichever state it comes again with, each record counts once.
    fixture.bucket.set_faults(|_, _| None);
    for state in [&json!({}), &answer["state"]] {
        fixture.answer(window_event(&records, state, Stage::Early)).await;
        assert_eq!(summary(&fixture, "1")["fields"]["age"]["count"], 2);
    }
}

#[tokio::test]
async fn a_state_near_a_megabyte_comes_back_smaller_and_keeps_its_most_frequent_terms() {
    let fixture = Fixture::new("users", &[]);
    let mut terms: serde_json::Map<String, Value> =
        (0..30_000).map(|number| (format!("a term that came once {number}"), json!(1))).collect();
    terms.insert("often".to_owned(), json!(900));
    let state = json!({ "first": "1", "last": "1", "lines": 40_000, "terms": terms });
    assert!(state.to_string().len() > 900_000);
    let answer = fixture.answer(window_event(&[Record::text("2", &user(20))], &state, Stage::Within)).await;
    assert!(answer.to_string().len() < 100_000);
    assert_eq!(
        (&answer["state"]["lines"], &answer["state"]["terms"]["often"]),
        (&json!(40_001), &json!(900))
    );
}
