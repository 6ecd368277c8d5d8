//! One reader at a time.

use std::time::Duration;

use edge::store::{Attributes, ObjectStore, StoreFault};
use serde_json::{Value, json};

use super::world::{World, csv_event, users_csv};

#[tokio::test]
async fn while_one_invocation_holds_the_lease_another_sends_nothing_and_says_why() {
    let world = World::with_file("people.csv", users_csv(2000, "\n")).await;
    let mut slow = csv_event("people.csv");
    slow["records_per_s"] = json!(4000);
    let second = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        world.invoke_for(&slow, Duration::from_mins(1), "second").await
    };
    let first = world.invoke_for(&slow, Duration::from_mins(1), "first");
    let (first, second) = tokio::join!(first, second);
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((&first["put"], &second["put"]), (&json!(2000), &json!(0)));
    assert_eq!((&second["done"], &second["reason"]), (&json!(false), &json!("leased by first")));
    assert_eq!(world.payloads().len(), 2000);
}

#[tokio::test]
async fn a_dead_invocations_lease_expires_and_the_next_one_reads() {
    let world = World::with_file("people.csv", users_csv(100, "\n")).await;
    let event = csv_event("people.csv");
    // Dies before it gives the lease back.
    world.bucket.set_faults(|operation, key| {
        (operation == "replace" && key.starts_with("state/")).then_some(StoreFault::Refused)
    });
    assert_eq!(world.invoke_for(&event, Duration::from_secs(1), "dead").await.unwrap_err().kind(), "cursor");
    world.bucket.set_faults(|_, _| None);
    let early = world.invoke_for(&event, Duration::from_mins(1), "early").await.unwrap();
    assert_eq!(early["reason"], "leased by dead");
    let key = &world.keys("state/")[0];
    let object = world.bucket.get(key).await.unwrap().unwrap();
    let mut cursor: Value = serde_json::from_slice(&object.body).unwrap();
    cursor["lease"]["expires_at_ms"] = json!(1);
    let body = cursor.to_string().into();
    world.bucket.replace(key, &object.head.etag, body, &Attributes::default()).await.unwrap();
    let late = world.invoke_for(&event, Duration::from_mins(1), "late").await.unwrap();
    assert_eq!((&late["read"], &late["done"]), (&json!(100), &json!(true)));
}
