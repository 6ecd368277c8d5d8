//! One record, one invocation, one failure: looked into, followed and mended.

use super::{is_taken, named, put_all, scene};

use scene::{Scene, numbered};
use serde_json::{Value, json};

#[tokio::test]
async fn what_a_mapping_gave_up_is_shown_with_its_payload_and_sent_again_as_a_linked_record() {
    let scene = Scene::new().with("Retries", "0");
    let report = scene
        .run_with(async |kinesis_url| {
            let page = scene.page();
            put_all(&kinesis_url, &["order 1".to_owned(), "poison 1".to_owned()]).await;
            let is_there = |found: &Value| !found["items"].as_array().unwrap().is_empty();
            let failures = page.get_until("/api/failures?exit=discarded", is_there).await;
            assert_eq!(failures["counts"][0]["reason"], "RetryAttemptsExhausted");
            let item = &failures["items"][0];
            assert_eq!((&item["stream"], &item["preview"]), (&json!("OrdersStream"), &json!("poison 1")));
            let path = format!("/api/failures/{}", item["id"].as_str().unwrap());
            assert_eq!(page.get(&path).await["payload"]["text"], "poison 1");

            let dry =
                page.post(&format!("{path}/send"), &json!({ "text": "order 2", "dry_run": true })).await;
            assert_eq!(dry.json()["put"], Value::Null);
            let sent = page.post(&format!("{path}/send"), &json!({ "text": "order 2" })).await;
            assert_eq!(sent.status, 200, "{sent:?}");
            let put = sent.json()["put"].clone();
            assert_eq!(page.get(&path).await["sent"][0]["number"], put["number"]);
            let record = record(&page, put["number"].as_str().unwrap()).await;
            assert_eq!(
                (&record["sent_again_from"], &record["record"]["text"]),
                (&item["id"], &json!("order 2"))
            );
            let of_first = self::record(&page, item["number"].as_str().unwrap()).await;
            assert_eq!(of_first["sent_again_as"][0]["number"], put["number"]);
            let outcomes = of_first["outcomes"].as_array().unwrap();
            assert!(outcomes.iter().any(|outcome| outcome["state"] == "discarded"), "{of_first}");

            let redrive = json!({ "exit": "discarded", "dry_run": false });
            let redriven = page.post("/api/failures/redrive", &redrive).await.json();
            assert_eq!(redriven["matched"], 0, "what was sent again is not sent twice: {redriven}");
            page.frame(|frame| is_taken(frame, 3)).await;
        })
        .await
        .unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!((report.data_sets[0].enriched, report.data_sets[0].given_up), (2, 1));
}

async fn record(page: &scene::page::Page, number: &str) -> Value {
    page.get(&format!("/api/record?stream=OrdersStream&number={number}")).await
}

#[tokio::test]
async fn a_record_that_waits_is_told_with_its_age_until_the_run_drains() {
    let scene = Scene::new();
    scene
        .run_with(async |kinesis_url| {
            let page = scene.page();
            put_all(&kinesis_url, &["order 1".to_owned()]).await;
            // The transform's own buffer gathers for a minute.
            let waits = |frame: &Value| {
                let delivery = named(&frame["deliveries"], "OrdersDelivery");
                delivery["waiting"] == 1 && delivery["iterator_age_ms"].as_u64().is_some_and(|age| age > 0)
            };
            let frame = page.frame(waits).await;
            assert_eq!(frame["phase"], "running");
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn an_invocation_has_its_event_its_answer_and_its_log_and_runs_again() {
    let scene = Scene::new();
    scene
        .run_with(async |kinesis_url| {
            let page = scene.page();
            put_all(&kinesis_url, &["order 1".to_owned()]).await;
            page.frame(|frame| is_taken(frame, 1)).await;
            let lanes = page.get("/api/functions/OrdersConsumerFunction/invocations").await;
            let bar = &lanes["items"][0];
            assert_eq!(
                (&bar["cold"], &bar["batch"], &bar["for"]),
                (&json!(true), &json!(1), &json!("mapping"))
            );
            let path = format!("/api/invocations/{}", bar["seq"]);
            let shown = page.get(&path).await;
            assert!(shown["event"]["text"].as_str().unwrap().contains("aws:kinesis"), "{shown}");
            assert_eq!(shown["answer"]["text"], r#"{"batchItemFailures":[]}"#);
            let log = shown["log"]["lines"].to_string();
            assert!(log.contains("order 1") && log.contains("REPORT RequestId"), "{log}");

            let again = page.post(&format!("{path}/again"), &json!({})).await.json();
            assert_eq!((&again["error"], &again["answer"]), (&Value::Null, &shown["answer"]));
            assert!(again["seq"].as_u64() > bar["seq"].as_u64());
            let own = json!({ "event": { "Records": [] } });
            let invoked = page.post("/api/functions/OrdersConsumerFunction/invoke", &own).await.json();
            assert_eq!(invoked["answer"]["text"], r#"{"batchItemFailures":[]}"#);
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_tail_gives_each_record_once_from_the_start_and_goes_on_from_its_cursor() {
    let scene = Scene::new().with("Shards", "3");
    scene
        .run_with(async |kinesis_url| {
            let page = scene.page();
            put_all(&kinesis_url, &numbered(250)).await;
            let tail = "/api/streams/OrdersStream/tail";
            let mut seen = Vec::new();
            let mut at = "from=start".to_owned();
            for round in 0.. {
                let answer = page.get(&format!("{tail}?{at}&limit=40")).await;
                seen.extend(answer["rows"].as_array().unwrap().iter().map(|row| row["text"].clone()));
                at = format!("cursor={}", answer["cursor"].as_str().unwrap());
                if answer["more"] == false {
                    break;
                }
                assert!(round < 100, "it does not come to an end");
            }
            assert_eq!(seen.len(), 250);
            put_all(&kinesis_url, &["order new".to_owned()]).await;
            let answer = page.get(&format!("{tail}?{at}")).await;
            assert_eq!(answer["rows"][0]["text"], "order new");
            let of_key = page.get(&format!("{tail}?from=start&key=order%207")).await;
            assert_eq!(of_key["rows"].as_array().unwrap().len(), 1);
            let wrong = page.send("GET", &format!("{tail}?filter=a%20%3D%3D"), "", "").await;
            assert_eq!(wrong.status, 400, "{wrong:?}");
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_record_is_followed_from_its_key_to_its_attempts_and_its_object() {
    let scene = Scene::new();
    scene
        .run_with(async |kinesis_url| {
            let page = scene.page();
            put_all(&kinesis_url, &numbered(20)).await;
            page.frame(|frame| {
                is_taken(frame, 20) && named(&frame["deliveries"], "OrdersRawDelivery")["waiting"] == 0
            })
            .await;
            let found = page.get("/api/find?q=order%2013").await;
            assert_eq!(found["found"].as_array().unwrap().len(), 1, "{found}");
            let number = found["found"][0]["number"].as_str().unwrap().to_owned();
            let record = record(&page, &number).await;
            assert_eq!(record["record"]["text"], "order 13");
            let attempt = &record["attempts"][0];
            assert_eq!((&attempt["kind"], &attempt["failed"]), (&json!("first"), &json!(false)), "{record}");
            assert_eq!(record["attempts_complete"], true);
            let outcomes = record["outcomes"].as_array().unwrap();
            let raw = outcomes.iter().find(|outcome| outcome["taker"] == "OrdersRawDelivery").unwrap();
            assert_eq!(raw["state"], "written", "{record}");
            assert!(raw["key"].as_str().unwrap().starts_with("raw/orders/"));
            let by_id = page.get(&format!("/api/find?q={}", record["id"].as_str().unwrap())).await;
            assert_eq!(by_id["found"][0]["number"], number.as_str());

            let objects = page.get("/api/objects?prefix=raw/").await;
            let key = objects["items"][0]["key"].as_str().unwrap();
            let object = page.get(&format!("/api/object?bucket=databucket&key={key}")).await;
            assert!(object["lines"][0].as_str().unwrap().contains("order"), "{object}");
        })
        .await
        .unwrap();
}
