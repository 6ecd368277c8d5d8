//! Whole runs with real processes: what is delivered, and what happens on faults.

use super::scene;

use bytes::Bytes;
use edge::aws::kinesis_reader::StreamReader;
use record_model::kpl::{Aggregator, Draft};
use scene::{Scene, call, gunzip, numbered, processes_with, put};

#[tokio::test]
async fn every_record_is_written_once_by_each_taker() {
    let scene = Scene::new().with("Shards", "3");
    let report = scene.run(&numbered(1200)).await.unwrap();
    let orders = &report.data_sets[0];
    assert_eq!((orders.on_stream, orders.enriched, orders.typed, orders.raw), (1200, 1200, 1200, 1200));
    assert!(report.is_complete(), "{report:?}");
    let raw: Vec<u8> = scene.objects("raw").into_values().flatten().collect();
    assert_eq!(raw.len(), numbered(1200).concat().len());
}

#[tokio::test]
async fn a_delivered_object_that_is_gone_before_the_report_is_named() {
    let scene = Scene::new();
    let removed = async |kinesis_url: String| {
        put(&kinesis_url, &[("key".to_owned(), Bytes::from_static(b"order 1"))]).await;
        let object = loop {
            match scene.objects("raw").into_keys().next() {
                Some(key) => break key,
                None => tokio::task::yield_now().await,
            }
        };
        std::fs::remove_file(scene.options.data_dir.join("s3/databucket").join(object)).unwrap();
    };
    let report = scene.run_with(removed).await.unwrap();
    let [problem] = report.problems.as_slice() else { panic!("{:?}", report.problems) };
    let expected = "OrdersRawDelivery: 1 delivered objects with 1 records are gone or have changed";
    assert!(problem.starts_with(expected), "{problem}");
}

#[tokio::test]
async fn records_that_went_with_their_stream_are_named() {
    let scene = Scene::new().with("Timeout", "2").with("BatchSize", "1");
    let deleted = async |kinesis_url: String| {
        let records = ["hang-once a", "order 1", "order 2"].map(|text| ("key".to_owned(), Bytes::from(text)));
        put(&kinesis_url, &records).await;
        while scene.objects("raw").is_empty() {
            tokio::task::yield_now().await;
        }
        call(&kinesis_url, "DeleteStream", r#"{"StreamName":"OrdersStream"}"#).await;
    };
    let report = scene.run_with(deleted).await.unwrap();
    let of_consumer = |problem: &&String| problem.starts_with("OrdersConsumerFunction/Records");
    let problem = report.problems.iter().find(of_consumer);
    assert!(
        problem.is_some_and(
            |problem| problem.ends_with("of stream OrdersStream were deleted with it, undelivered")
        ),
        "{report:?}"
    );
}

#[tokio::test]
async fn crashes_hangs_and_errors_lose_nothing_and_double_nothing() {
    // Retries enough for a machine so busy that more than the one invocation takes two seconds.
    let scene = Scene::new().with("Timeout", "2").with("Retries", "20");
    let mut payloads = numbered(40);
    for (place, fault) in
        [(5, "crash-once a"), (13, "hang-once b"), (21, "error-once c"), (29, "crash-after-once d")]
    {
        payloads.insert(place, fault.to_owned());
    }
    let report = scene.run(&payloads).await.unwrap();
    let orders = &report.data_sets[0];
    assert_eq!((orders.enriched, orders.typed, orders.given_up, orders.failed), (44, 44, 0, 0));
    assert!(report.is_complete(), "{report:?}");
    let log = scene.log("OrdersConsumerFunction");
    assert!(log.contains("Status: timeout") && log.contains("started as enrich"), "{log}");
}

#[tokio::test]
async fn a_poison_record_is_given_up_with_its_payload_and_costs_no_neighbour() {
    let scene = Scene::new().with("Retries", "1");
    let mut payloads = numbered(20);
    payloads.insert(7, "poison".to_owned());
    let report = scene.run(&payloads).await.unwrap();
    let orders = &report.data_sets[0];
    assert_eq!((orders.enriched, orders.given_up), (20, 1));
    assert!(report.is_complete(), "{report:?}");
    let given_up = scene.objects("aws/lambda");
    let record: serde_json::Value = serde_json::from_slice(given_up.values().next().unwrap()).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert!(record["payload"].as_str().unwrap().contains("cG9pc29u"));
}

#[tokio::test]
async fn without_bisecting_the_rest_of_the_batch_is_given_up_with_the_poison() {
    let scene = Scene::new().with("Retries", "0").with("Bisect", "false").with("BatchSize", "100");
    let mut payloads = numbered(10);
    payloads.insert(4, "poison".to_owned());
    let report = scene.run(&payloads).await.unwrap();
    let orders = &report.data_sets[0];
    assert_eq!(orders.enriched + orders.given_up, 11);
    assert!(orders.given_up >= 1 && report.is_complete(), "{report:?}");
}

#[tokio::test]
async fn a_transform_may_drop_fail_and_lose_records_and_each_is_counted() {
    let scene = Scene::new();
    let mut payloads = numbered(30);
    payloads.extend(["drop 1", "drop 2", "fail 1", "lost 1"].map(str::to_owned));
    let report = scene.run(&payloads).await.unwrap();
    let orders = &report.data_sets[0];
    assert_eq!((orders.typed, orders.dropped, orders.failed), (30, 2, 2));
    assert!(report.is_complete(), "{report:?}");
    let failed = scene.objects("failed/orders/processing-failed");
    let lines: String = failed.into_values().map(|bytes| gunzip(&bytes)).collect();
    let codes: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["errorCode"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(codes.contains(&"Lambda.ProcessingFailedStatus".to_owned()), "{codes:?}");
    assert!(codes.contains(&"Lambda.MissingRecordId".to_owned()), "{codes:?}");
}

#[tokio::test]
async fn a_consumer_that_never_starts_gives_everything_up_and_nothing_is_lost() {
    let scene = Scene::new().with("ConsumerRole", "unable").with("Retries", "0").with("Bisect", "false");
    let report = scene.run(&numbered(5)).await.unwrap();
    let orders = &report.data_sets[0];
    assert_eq!((orders.enriched, orders.given_up, orders.typed), (0, 5, 5));
    assert!(report.is_complete(), "{report:?}");
}

#[tokio::test]
async fn lanes_of_one_shard_deliver_every_record_once() {
    let scene = Scene::new().with("Lanes", "4");
    let mut payloads = numbered(200);
    payloads.insert(100, "crash-once lanes".to_owned());
    let report = scene.run(&payloads).await.unwrap();
    assert_eq!(report.data_sets[0].enriched, 201);
    assert!(report.is_complete(), "{report:?}");
}

#[tokio::test]
async fn the_records_of_a_key_keep_their_order_through_a_reshard() {
    let scene = Scene::new().with("Shards", "2");
    let keyed = |number: usize| {
        let key = format!("key {}", number % 7);
        (key.clone(), Bytes::from(format!("{key} number {number:04}")))
    };
    let records: Vec<(String, Bytes)> = (0..400).map(keyed).collect();
    let work = async |kinesis_url: String| {
        put(&kinesis_url, &records[..200]).await;
        // In the middle of the first shard's keys.
        let split = r#"{"StreamName":"OrdersStream","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"85070591730234615865843651857942052864"}"#;
        call(&kinesis_url, "SplitShard", split).await;
        let reader = StreamReader::local(&kinesis_url);
        while !reader.is_active("OrdersStream").await.unwrap() {}
        assert!(reader.shards("OrdersStream").await.unwrap().len() > 2);
        put(&kinesis_url, &records[200..]).await;
    };
    let report = scene.run_with(work).await.unwrap();
    let orders = &report.data_sets[0];
    assert_eq!((orders.enriched, orders.typed, orders.raw), (400, 400, 400));
    assert!(report.is_complete(), "{report:?}");
    let log = scene.log("OrdersConsumerFunction");
    for key in 0..7 {
        let key = format!("key {key} number");
        let handled: Vec<&str> = log.lines().filter(|line| line.starts_with(&key)).collect();
        assert!(handled.is_sorted() && handled.len() >= 57, "{handled:?}");
    }
}

#[tokio::test]
async fn shards_that_close_without_a_record_hold_nobody_up() {
    let scene = Scene::new();
    let work = async |kinesis_url: String| {
        let records = |name: &str| {
            (0..20)
                .map(|n| (format!("{name} {n}"), Bytes::from(format!("order {name} {n}"))))
                .collect::<Vec<_>>()
        };
        put(&kinesis_url, &records("before")).await;
        for shards in [2, 4, 2, 1] {
            let body = format!(
                r#"{{"StreamName":"OrdersStream","TargetShardCount":{shards},"ScalingType":"UNIFORM_SCALING"}}"#
            );
            call(&kinesis_url, "UpdateShardCount", &body).await;
        }
        put(&kinesis_url, &records("after")).await;
    };
    let report = scene.run_with(work).await.unwrap();
    let orders = &report.data_sets[0];
    assert_eq!((orders.enriched, orders.typed, orders.raw), (40, 40, 40), "{report:?}");
    assert!(report.is_complete(), "{report:?}");
}

#[tokio::test]
async fn the_records_of_an_aggregate_are_delivered_and_accounted_for_one_by_one() {
    let scene = Scene::new();
    let mut aggregator = Aggregator::new(1 << 20);
    for payload in &numbered(12) {
        let draft = Draft { partition_key: payload, explicit_hash_key: None, data: payload.as_bytes() };
        assert!(aggregator.push(&draft));
    }
    let aggregate = Bytes::from(aggregator.finish().unwrap().data);
    let records = [("k".to_owned(), aggregate), ("k".to_owned(), Bytes::from_static(b"single"))];
    let report = scene.run_with(async |kinesis_url| put(&kinesis_url, &records).await).await.unwrap();
    let orders = &report.data_sets[0];
    assert_eq!((orders.on_stream, orders.enriched, orders.typed, orders.raw), (13, 13, 13, 13));
    assert!(report.is_complete(), "{report:?}");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_a_failure_of_its_batch() {
    let scene = Scene::new();
    let mut payloads = numbered(10);
    payloads.insert(3, "huge-once a".to_owned());
    let report = scene.run(&payloads).await.unwrap();
    assert_eq!((report.data_sets[0].enriched, report.data_sets[0].typed), (11, 11));
    assert!(report.is_complete(), "{report:?}");
}

#[tokio::test]
async fn no_process_outlives_its_run() {
    let scene = Scene::new();
    let markers = scene.path("markers").to_str().unwrap().to_owned();
    scene.run(&numbered(10)).await.unwrap();
    assert_eq!(processes_with(&markers), 0);
}

#[tokio::test]
async fn a_process_has_what_lambda_gives_it_and_nothing_of_the_machine() {
    let scene = Scene::new();
    scene.run(&["environment".to_owned()]).await.unwrap();
    let log = scene.log("OrdersConsumerFunction");
    assert!(
        log.contains("AWS_LAMBDA_FUNCTION_NAME=OrdersConsumerFunction") && log.contains("TZ=:UTC"),
        "{log}"
    );
    assert!(!log.contains("CARGO") && !log.contains("HOME="), "{log}");
}

#[tokio::test]
async fn a_window_carries_its_state_and_is_closed_when_the_run_drains() {
    let scene = Scene::new().with("Window", "900");
    let report = scene.run(&numbered(25)).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    let counted: u64 = scene
        .objects("windows")
        .values()
        .map(|state| serde_json::from_slice::<serde_json::Value>(state).unwrap()["count"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 25);
}

#[tokio::test]
async fn an_input_runs_through_its_producer_until_that_is_done() {
    let mut scene = Scene::new();
    let file = scene.path("orders.csv");
    std::fs::write(&file, numbered(60).join("\n")).unwrap();
    scene.options.inputs = vec![local::Input { data_set: "orders".to_owned(), path: file }];
    scene.options.drain = true;
    let report = local::run(scene.options.clone(), |_| (), std::future::pending(), std::future::pending())
        .await
        .unwrap();
    let orders = &report.data_sets[0];
    assert_eq!((orders.read, orders.put, orders.enriched, orders.typed), (60, 60, 60, 60));
    assert!(report.is_complete(), "{report:?}");
}

#[tokio::test]
async fn a_source_that_fails_for_good_tells_how_far_it_came_and_nothing_twice() {
    let mut scene = Scene::new();
    let file = scene.path("orders.csv");
    std::fs::write(&file, "order 1\norder 2\norder 3\nunreadable\norder 4").unwrap();
    scene.options.inputs = vec![local::Input { data_set: "orders".to_owned(), path: file }];
    scene.options.drain = true;
    let warnings = std::sync::Mutex::new(Vec::new());
    let note = |progress| {
        if let local::Progress::Warning { message } = progress {
            warnings.lock().unwrap().push(message);
        }
    };
    let report = local::run(scene.options.clone(), note, std::future::pending(), std::future::pending())
        .await
        .unwrap();
    assert_eq!((report.data_sets[0].on_stream, report.data_sets[0].enriched), (3, 3));
    let [first, second] = report.problems.as_slice() else { panic!("{:?}", report.problems) };
    assert!(first.ends_with("stopped after 3 records"), "{first}");
    assert!(second.ends_with("stopped after 0 records"), "{second}");
    assert_eq!(warnings.into_inner().unwrap(), report.problems);
}
