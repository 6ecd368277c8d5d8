//! An invocation reports what it can't do, and the next one continues.

use edge::put_records::SinkFault;
use edge::store::StoreFault;
use serde_json::json;

use super::world::{World, csv_event, users_csv};

#[tokio::test]
async fn what_is_wrong_with_an_event_is_told_before_anything_is_sent() {
    let world = World::with_file("other.csv", "a,b\n1,2\n").await;
    let missing = csv_event("missing.csv");
    let other_header = csv_event("other.csv");
    let no_schema = json!({"schema": "nobody", "source": {"type": "counter", "count": 1}});
    let mut two_forms = csv_event("other.csv");
    (two_forms["aggregate"], two_forms["order_per_key"]) = (json!(true), json!(true));
    let events = [
        (missing, "source", "there is no object \"missing.csv\""),
        (other_header, "feed", "csv header does not fit"),
        (no_schema, "bad_schema", "no schema is named \"nobody\""),
        (two_forms, "bad_event", "aggregation keeps no order"),
        (json!({}), "bad_event", "missing field"),
    ];
    for (event, kind, message) in events {
        let error = world.invoke(&event).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", error.message());
        assert!(error.message().contains(message), "{}", error.message());
    }
    assert_eq!(world.sink.calls(), 0);
}

#[tokio::test]
async fn a_stream_that_ignores_keys_is_refused_where_keys_matter() {
    let world = World::with_file("people.csv", users_csv(5, "\n")).await;
    world.sink.set_ignores_keys();
    let mut event = csv_event("people.csv");
    event["key"] = json!({"field": "age"});
    let error = world.invoke(&event).await.unwrap_err();
    assert!(error.message().contains("AUTO"), "{}", error.message());
    event["key"] = json!("random");
    assert_eq!(world.invoke(&event).await.unwrap()["put"], 5);
}

#[tokio::test]
async fn a_store_that_keeps_no_quarantine_stops_the_run_before_the_bad_row() {
    let world = World::with_file("people.csv", "first,last,age,gender\nBad,Age,old,male\nA,B,5,male\n").await;
    world.bucket.set_faults(|_, key| key.starts_with("quarantine/").then_some(StoreFault::Refused));
    assert_eq!(world.invoke(&csv_event("people.csv")).await.unwrap_err().kind(), "feed");
    world.bucket.set_faults(|_, _| None);
    let answer = world.invoke(&csv_event("people.csv")).await.unwrap();
    assert_eq!((&answer["put"], &answer["quarantined"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_stream_that_fails_for_good_ends_the_run_and_the_next_one_sends_all() {
    let world = World::with_file("people.csv", users_csv(1500, "\n")).await;
    world.sink.set_faults(|_| Some(SinkFault::Fatal));
    let stopped = world.invoke(&csv_event("people.csv")).await.unwrap_err();
    assert_eq!(stopped.kind(), "stream");
    assert!(stopped.message().contains("injected fault"), "{}", stopped.message());
    world.sink.set_faults(|_| None);
    let answer = world.invoke(&csv_event("people.csv")).await.unwrap();
    assert_eq!((&answer["put"], &answer["done"]), (&json!(1500), &json!(true)));
}
