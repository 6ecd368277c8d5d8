//! The page of a run, asked as a browser asks it, while a real pipeline is at work.

mod parts;
mod records;

use super::scene;

use bytes::Bytes;
use scene::page::next;
use scene::{Scene, call, numbered, put};
use serde_json::{Value, json};

const MAPPING: &str = "OrdersConsumerFunction/Records";

/// The member of a list that has this name.
fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list}"))
}

async fn put_all(kinesis_url: &str, payloads: &[String]) {
    let records: Vec<(String, Bytes)> =
        payloads.iter().map(|payload| (payload.clone(), payload.clone().into())).collect();
    put(kinesis_url, &records).await;
}

fn is_taken(frame: &Value, records: u64) -> bool {
    let mapping = named(&frame["mappings"], MAPPING);
    mapping["acknowledged"].as_u64().unwrap() + mapping["given_up"].as_u64().unwrap() == records
        && mapping["waiting"] == 0
}

#[tokio::test]
async fn the_totals_add_up_at_rest_and_the_last_frame_says_that_the_run_ended() {
    let scene = Scene::new().with("Shards", "2");
    let mut last = Value::Null;
    let told = &mut last;
    let report = scene
        .run_with(async |kinesis_url| {
            let page = scene.page();
            put_all(&kinesis_url, &numbered(500)).await;
            let raw_is_written = |frame: &Value| {
                named(&frame["deliveries"], "OrdersRawDelivery")["passed"] == 500 && is_taken(frame, 500)
            };
            let frame = page.frame(raw_is_written).await;
            let stream = named(&frame["streams"], "OrdersStream");
            let mapping = named(&frame["mappings"], MAPPING);
            assert_eq!((&stream["put"], &mapping["carried"]), (&json!(500), &json!(0)));
            let shards = stream["shards"].as_array().unwrap();
            assert_eq!(shards.iter().map(|shard| shard["put"].as_u64().unwrap()).sum::<u64>(), 500);
            assert_eq!(
                shards.iter().map(|shard| shard["bytes"].as_u64().unwrap()).sum::<u64>(),
                numbered(500).concat().len() as u64
            );
            assert_eq!(mapping["iterator_age_ms"], Value::Null, "nothing waits");
            let consumer = named(&frame["functions"], "OrdersConsumerFunction");
            assert_eq!((&consumer["at_work"], &consumer["errors"]), (&json!(0), &json!(0)));
            assert!(named(&frame["buckets"], "databucket")["objects"].as_u64().unwrap() > 0);
            *told = frame;
        })
        .await
        .unwrap();
    assert!(report.is_complete(), "{report:?}");
    let orders = &report.data_sets[0];
    assert_eq!(orders.on_stream, named(&last["streams"], "OrdersStream")["put"].as_u64().unwrap());
    assert_eq!(orders.raw, named(&last["deliveries"], "OrdersRawDelivery")["delivered"].as_u64().unwrap());
}

#[tokio::test]
async fn events_end_with_the_run_after_a_frame_that_says_so() {
    let scene = Scene::new();
    let (sender, listened) = tokio::sync::oneshot::channel();
    let report = scene.run_with(async |_| {
        let mut lines = scene.page().listen().await;
        assert_eq!(next(&mut lines).await.unwrap()["phase"], "running");
        sender.send(lines).unwrap();
    });
    let phases = async {
        let mut lines = listened.await.unwrap();
        let mut phases = Vec::new();
        while let Some(frame) = next(&mut lines).await {
            phases.push(frame["phase"].as_str().unwrap().to_owned());
        }
        phases
    };
    let (report, phases) = tokio::join!(report, phases);
    report.unwrap();
    assert_eq!(phases.last().map(String::as_str), Some("ended"), "{phases:?}");
}

#[tokio::test]
async fn the_topology_names_everything_and_goes_on_with_the_shards() {
    let scene = Scene::new();
    scene
        .run_with(async |kinesis_url| {
            let page = scene.page();
            let before = page.frame(|_| true).await["heads"]["topology"].as_u64().unwrap();
            let topology = page.get("/api/topology").await;
            assert_eq!(named(&topology["mappings"], MAPPING)["on_failure"], "databucket");
            assert_eq!(named(&topology["deliveries"], "OrdersDelivery")["function"], "OrdersTransformFunction");
            assert_eq!(named(&topology["functions"], "OrdersConsumerFunction")["role"], "consumer");
            assert_eq!(topology["schedules"][0]["task"], "produce");
            let split = r#"{"StreamName":"OrdersStream","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"7"}"#;
            call(&kinesis_url, "SplitShard", split).await;
            page.frame(|frame| frame["heads"]["topology"].as_u64().unwrap() > before).await;
            let topology = page.get("/api/topology").await;
            let shards = named(&topology["streams"], "OrdersStream")["shards"].as_array().unwrap().clone();
            assert_eq!(shards.len(), 3);
            assert!(shards[0]["closed_ms"].is_u64());
            assert_eq!((&shards[1]["last_hash"], &shards[2]["first_hash"]), (&json!("6"), &json!("7")));
            assert_eq!(shards[2]["parents"], json!(["shardId-000000000000"]));
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn only_the_pages_own_script_changes_anything_and_no_other_site_reads() {
    let scene = Scene::new();
    scene
        .run_with(async |_| {
            let page = scene.page();
            let own = format!("origin: http://{}\r\n", page.address());
            let put = json!({ "stream": "OrdersStream", "records": [{ "text": "order 1" }] });
            let json_type = "content-type: application/json\r\n";
            let header = "x-kinflow-page: 1\r\n";
            for headers in [
                format!("{own}{json_type}"),
                format!("{own}{header}content-type: text/plain\r\n"),
                format!("{own}{header}"),
                format!("origin: https://evil.example\r\n{json_type}{header}"),
                format!("origin: http://localhost:1\r\n{json_type}{header}"),
                format!("origin: null\r\n{json_type}{header}"),
            ] {
                let answer = page.send("POST", "/api/put", &headers, &put.to_string()).await;
                assert_eq!(answer.status, 403, "{headers}: {answer:?}");
            }
            for headers in ["origin: https://evil.example\r\n", "sec-fetch-site: cross-site\r\n"] {
                let answer = page.send("GET", "/api/topology", headers, "").await;
                assert_eq!(answer.status, 403, "{headers}: {answer:?}");
                assert!(!answer.headers.contains("access-control"), "{answer:?}");
            }
            assert_eq!(page.get("/api/topology").await["streams"].as_array().unwrap().len(), 1);
            let index = page.send("GET", "/", &own, "").await;
            assert_eq!(index.status, 200);
            assert!(
                index.headers.contains("content-security-policy: default-src 'none'"),
                "{}",
                index.headers
            );
            assert!(
                index.headers.contains("content-type: text/html")
                    && !index.headers.contains("access-control")
            );
            for path in ["/../Cargo.toml", "/api/nothing", "/absent.js", "/api/record"] {
                let answer = page.send("GET", path, "", "").await;
                assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
                assert!(answer.headers.contains("content-security-policy"), "{path}: {answer:?}");
            }
            let answer = page.post("/api/put", &put).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.json()["results"][0]["error"], Value::Null);
        })
        .await
        .unwrap();
}
