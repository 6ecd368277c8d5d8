//! Records that are parts of one another: members of an aggregate, pieces of a message, and one that was put again.

use super::scene;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use record_model::chunk;
use record_model::kpl::{Aggregator, Draft};
use scene::{Scene, call, put};
use serde_json::{Value, json};

/// The records that have this key, once there are so many.
async fn found(page: &scene::page::Page, key: &str, count: usize) -> Vec<Value> {
    let are_there = |found: &Value| found["found"].as_array().unwrap().len() == count;
    let found = page.get_until(&format!("/api/find?q={key}"), are_there).await;
    found["found"].as_array().unwrap().clone()
}

async fn passport(page: &scene::page::Page, found: &Value, sub: &str) -> Value {
    let number = found["number"].as_str().unwrap();
    page.get(&format!("/api/record?stream=OrdersStream&number={number}{sub}")).await
}

#[tokio::test]
async fn a_record_that_its_stream_refused_first_tells_when_and_why_and_another_came_at_its_first_attempt() {
    let mut scene = Scene::new().with("Retries", "0");
    scene.options.throttle = true;
    scene
        .run_with(async |kinesis_url| {
            let page = scene.page();
            let entry = |key: &str| json!({ "PartitionKey": key, "Data": STANDARD.encode([b'a'; 700_000]) });
            let records =
                |entries: &[Value]| json!({ "StreamName": "OrdersStream", "Records": entries }).to_string();
            // A shard takes a mebibyte in a second, so the second one is refused until that is over.
            call(&kinesis_url, "PutRecords", &records(&[entry("one"), entry("two")])).await;
            while page.get("/api/find?q=two").await["found"] == json!([]) {
                call(&kinesis_url, "PutRecords", &records(&[entry("two")])).await;
            }
            let one = passport(&page, &found(&page, "one", 1).await[0], "").await;
            assert_eq!(one["puts"], json!({ "refused": [], "complete": true }));
            let two = passport(&page, &found(&page, "two", 1).await[0], "").await;
            let refused = two["puts"]["refused"].as_array().unwrap();
            assert_eq!(refused[0]["reason"], "ProvisionedThroughputExceededException", "{}", two["puts"]);
            let times: Vec<i64> = refused.iter().map(|one| one["at_ms"].as_i64().unwrap()).collect();
            assert!(times.is_sorted() && times.last().unwrap() <= &two["arrived_ms"].as_i64().unwrap());
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn an_aggregate_lists_its_members_and_each_has_a_passport_of_its_own() {
    let scene = Scene::new();
    scene
        .run_with(async |kinesis_url| {
            let page = scene.page();
            let mut aggregate = Aggregator::new(1 << 20);
            for (key, data) in [("a", "order 1"), ("b", "order 2"), ("c", "order 3")] {
                let draft = Draft { partition_key: key, explicit_hash_key: None, data: data.as_bytes() };
                assert!(aggregate.push(&draft));
            }
            let data: Bytes = aggregate.finish().unwrap().data.into();
            put(&kinesis_url, &[("all".to_owned(), data)]).await;
            let place = &found(&page, "all", 1).await[0];
            let whole = passport(&page, place, "").await;
            assert_eq!(whole["members"]["count"], 3, "{whole}");
            let members = whole["members"]["first"].as_array().unwrap();
            let told: Vec<_> =
                members.iter().map(|one| (one["sub"].as_u64(), one["text"].as_str())).collect();
            assert_eq!(
                told,
                [(Some(0), Some("order 1")), (Some(1), Some("order 2")), (Some(2), Some("order 3"))]
            );
            let second = passport(&page, place, "&sub=1").await;
            assert_eq!(
                (&second["record"]["text"], &second["record"]["key"], &second["members"]),
                (&json!("order 2"), &json!("b"), &Value::Null)
            );
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_piece_of_a_message_names_the_others_and_shows_what_they_are_together() {
    let scene = Scene::new().with("Shards", "2").with("Retries", "0");
    scene
        .run_with(async |kinesis_url| {
            let page = scene.page();
            let message = "order ".repeat(20);
            let pieces: Vec<(String, Bytes)> =
                chunk::split(message.as_bytes(), 7, chunk::OVERHEAD_BYTES + 50)
                    .unwrap()
                    .map(|piece| {
                        let mut framed = Vec::new();
                        piece.write(&mut framed);
                        // Each has a key of its own, so that they are in both shards.
                        (format!("piece {}", piece.index), framed.into())
                    })
                    .collect();
            assert_eq!(pieces.len(), 3);
            put(&kinesis_url, &pieces[..2]).await;
            let place = &found(&page, "piece%201", 1).await[0];
            let part = &passport(&page, place, "").await["message"];
            assert_eq!((&part["count"], &part["whole"]), (&json!(3), &Value::Null));
            assert_eq!(part["pieces"].as_array().unwrap().len(), 2);
            put(&kinesis_url, &pieces[2..]).await;
            found(&page, "piece%202", 1).await;
            let all = &passport(&page, place, "").await["message"];
            assert_eq!(all["whole"]["text"], message.as_str(), "{all}");
            let indices: Vec<_> =
                all["pieces"].as_array().unwrap().iter().map(|one| one["index"].as_u64()).collect();
            assert_eq!(indices, [Some(0), Some(1), Some(2)]);
            assert_eq!(all["pieces"][1]["number"], place["number"]);
        })
        .await
        .unwrap();
}
