//! The producer's promises, with a stream and a bucket in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use edge::lambda::{Invocation, InvocationError};
use edge::put_records::{InMemorySink, SinkFault};
use edge::settings::Settings;
use edge::store::{Attributes, InMemoryStore, ObjectStore, StoreError, StoreFault};
use producer::{Producer, ProducerSettings};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A stream of three shards, a bucket, and a function between them.
struct World {
    sink: Arc<InMemorySink>,
    bucket: Arc<InMemoryStore>,
}

impl World {
    fn new() -> Self {
        Self { sink: Arc::new(InMemorySink::with_shards(3)), bucket: Arc::default() }
    }

    async fn with_file(key: &str, body: impl Into<Bytes>) -> Self {
        let world = Self::new();
        world.write(key, body).await;
        world
    }

    async fn write(&self, key: &str, body: impl Into<Bytes>) {
        self.bucket.create(key, body.into(), &Attributes::default()).await.unwrap();
    }

    async fn invoke(&self, event: &Value) -> Result<Value, InvocationError> {
        self.invoke_for(event, Duration::from_mins(1), "request").await
    }

    async fn invoke_for(&self, event: &Value, time: Duration, id: &str) -> Result<Value, InvocationError> {
        let variables =
            [("STREAM_NAME", "stream"), ("OUTPUT_BUCKET", "bucket"), ("DEADLINE_MARGIN_MS", "100")];
        let settings = ProducerSettings::read(&mut Settings::from_map(variables));
        let bucket = Arc::clone(&self.bucket);
        let open_bucket = |_: &str| Ok::<_, StoreError>(Arc::clone(&bucket));
        let producer = Producer::new(Arc::clone(&self.sink), Arc::clone(&self.bucket), open_bucket, settings);
        let answer = producer.handle(invocation(event, time, id)).await?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    /// Payloads in the stream, sorted.
    fn payloads(&self) -> Vec<String> {
        let text = |entry: &edge::put_records::Entry| String::from_utf8(entry.data.to_vec()).unwrap();
        let mut all: Vec<String> = self.sink.stored().iter().flatten().map(text).collect();
        all.sort();
        all
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        self.bucket.objects().into_keys().filter(|key| key.starts_with(prefix)).collect()
    }
}

fn invocation(event: &Value, time: Duration, id: &str) -> Invocation {
    Invocation {
        body: event.to_string().into(),
        request_id: id.to_owned(),
        deadline: SystemTime::now() + time,
        function_arn: String::new(),
        trace_id: None,
        cold_start: false,
    }
}

fn csv_event(key: &str) -> Value {
    json!({"schema": "users", "source": {"type": "s3", "bucket": "bucket", "key": key, "format": "csv"}})
}

fn users_csv(count: usize, line_end: &str) -> String {
    let row = |n: usize| format!("First{n},Last{n},{},female", n % 100);
    let rows: Vec<String> = (0..count).map(row).collect();
    format!("first,last,age,gender{line_end}{}{line_end}", rows.join(line_end))
}

#[tokio::test]
async fn a_file_is_put_once_and_a_second_run_finds_nothing_new() {
    let world = World::with_file("people.csv", users_csv(2000, "\r")).await;
    let answer = world.invoke(&csv_event("people.csv")).await.unwrap();
    assert_eq!(answer["read"], 2000);
    assert_eq!(answer["put"], 2000);
    assert_eq!((&answer["quarantined"], &answer["done"]), (&json!(0), &json!(true)));
    assert_eq!(world.payloads().len(), 2000);
    let again = world.invoke(&csv_event("people.csv")).await.unwrap();
    assert_eq!((&again["read"], &again["done"]), (&json!(0), &json!(true)));
    assert_eq!(world.payloads().len(), 2000);
}

#[tokio::test]
async fn a_file_that_does_not_fit_in_one_run_is_gone_on_with_and_each_record_put_once() {
    let world = World::with_file("people.csv", users_csv(3000, "\r\n")).await;
    let mut event = csv_event("people.csv");
    event["records_per_s"] = json!(5000);
    let (mut runs, mut read) = (0, 0);
    loop {
        let time = Duration::from_millis(450);
        let answer = world.invoke_for(&event, time, &format!("request {runs}")).await.unwrap();
        runs += 1;
        read += answer["read"].as_u64().unwrap();
        if answer["done"] == true {
            break;
        }
        assert_eq!(answer["reason"], "deadline");
        assert!(runs < 50);
    }
    assert!(runs > 1, "the time was to be too short for one run");
    assert_eq!((read, world.payloads().len()), (3000, 3000));
}

#[tokio::test]
async fn a_row_that_is_no_record_is_kept_in_quarantine_once_and_the_rest_is_put() {
    let mut csv = users_csv(10, "\n");
    csv.push_str("Bad,Age,old,male\nNo,Columns\n");
    csv.push_str("Good,Person,5,male\n");
    let world = World::with_file("people.csv", csv).await;
    let answer = world.invoke(&csv_event("people.csv")).await.unwrap();
    assert_eq!(
        (&answer["read"], &answer["put"], &answer["quarantined"]),
        (&json!(13), &json!(11), &json!(2))
    );
    let kept = world.keys("quarantine/users/");
    assert_eq!(kept.len(), 2);
    let object = world.bucket.get(&kept[0]).await.unwrap().unwrap();
    let object: Value = serde_json::from_slice(&object.body).unwrap();
    assert_eq!(object["reason"]["kind"], "not_integer");
    assert!(!object["reason"]["message"].as_str().unwrap().contains("old"), "no payload text in messages");
    assert_eq!(object["source"], "s3://bucket/people.csv");
}

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
    // Dies at once: its lease is the deadline and a margin, both in the past by then.
    let event = csv_event("people.csv");
    world.bucket.set_faults(|operation, key| {
        (operation == "replace" && key.starts_with("state/")).then_some(StoreFault::Refused)
    });
    assert_eq!(world.invoke_for(&event, Duration::ZERO, "dead").await.unwrap_err().kind(), "cursor");
    world.bucket.set_faults(|_, _| None);
    let early = world.invoke_for(&event, Duration::from_mins(1), "early").await.unwrap();
    assert_eq!(early["reason"], "leased by dead");
}

#[tokio::test]
async fn a_file_written_anew_starts_over_or_fails_as_the_event_says() {
    let world = World::with_file("people.csv", users_csv(10, "\n")).await;
    let mut event = csv_event("people.csv");
    world.invoke(&event).await.unwrap();
    let etag = world.bucket.head("people.csv").await.unwrap().unwrap().etag;
    let body = users_csv(7, "\n").into();
    world.bucket.replace("people.csv", &etag, body, &Attributes::default()).await.unwrap();
    event["on_change"] = json!("fail");
    assert_eq!(world.invoke(&event).await.unwrap_err().kind(), "source");
    event["on_change"] = json!("start-over");
    assert_eq!(world.invoke(&event).await.unwrap()["put"], 7);
    assert_eq!(world.payloads().len(), 17);
}

#[tokio::test]
async fn made_up_records_and_numbers_go_on_where_the_last_run_ended() {
    let world = World::new();
    let event = json!({"schema": "users", "source": {"type": "counter", "count": 600}});
    world.invoke(&event).await.unwrap();
    world.invoke(&event).await.unwrap();
    let mut numbers: Vec<u64> = world.payloads().iter().map(|text| text.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..1200).collect::<Vec<_>>());

    let world = World::new();
    let event = json!({"schema": "users", "source": {"type": "made-up", "count": 50, "seed": 7}});
    world.invoke(&event).await.unwrap();
    let first = world.payloads();
    world.invoke(&event).await.unwrap();
    assert_eq!((first.len(), world.payloads().len()), (50, 100));
    let other = World::new();
    other.invoke(&event).await.unwrap();
    assert_eq!(other.payloads(), first, "a seed gives the same records");
}

#[tokio::test]
async fn json_lines_arrive_as_they_are_gzip_or_not() {
    let lines = "{\"a\":1}\r\n\r\n{\"b\":[2, 3]}\n{\"c\":\"\\n\"}";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, lines.as_bytes()).unwrap();
    for body in [lines.as_bytes().to_vec(), gzip.finish().unwrap()] {
        let world = World::with_file("lines", body).await;
        let source = json!({"type": "s3", "bucket": "bucket", "key": "lines", "format": "json-lines"});
        let answer = world.invoke(&json!({"schema": "tweets", "source": source})).await.unwrap();
        assert_eq!((&answer["put"], &answer["done"]), (&json!(3), &json!(true)));
        assert_eq!(world.payloads(), ["{\"a\":1}", "{\"b\":[2, 3]}", "{\"c\":\"\\n\"}"]);
    }
}

#[tokio::test]
async fn a_broken_gzip_is_told_and_what_was_before_it_is_put() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, users_csv(20_000, "\n").as_bytes()).unwrap();
    let mut body = gzip.finish().unwrap();
    let middle = body.len() / 2;
    body.truncate(middle);
    let world = World::with_file("people.csv.gz", body).await;
    let failed = world.invoke(&csv_event("people.csv.gz")).await.unwrap_err();
    assert_eq!(failed.kind(), "feed");
    assert!(failed.message().contains("gzip of the source is broken"), "{}", failed.message());
    assert!(world.payloads().len() > 1000);
}

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

#[tokio::test]
async fn the_real_crimes_arrive_once_each_whatever_is_refused_and_however_lines_end() {
    let Some(folder) = test_support::data("crime") else { return };
    for name in ["SacramentocrimeJanuary2006.csv", "crime.csv"] {
        let file = std::fs::read(folder.join(name)).unwrap();
        let world = World::with_file("rows.csv", file).await;
        let mut calls = 0;
        world.sink.set_faults(move |entries| {
            calls += 1;
            let every_20th = (0..entries.len()).filter(|at| at % 20 == 19).collect();
            Some(if calls % 7 == 0 { SinkFault::Unavailable } else { SinkFault::Refuse(every_20th) })
        });
        let mut event = csv_event("rows.csv");
        event["schema"] = json!("crime");
        let answer = world.invoke(&event).await.unwrap();
        assert_eq!((&answer["put"], &answer["quarantined"]), (&json!(7584), &json!(0)));
        let payloads = world.payloads();
        assert_eq!(payloads.len(), 7584);
        let distinct: std::collections::HashSet<&String> = payloads.iter().collect();
        assert_eq!(distinct.len(), 7584 - 38, "38 rows are twice in the file");
    }
}

/// Runs on paused time, where waiting costs nothing.
fn paused<F: Future>(run: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(run)
}

/// Every 50th row has an age that is none.
fn rows_with_bad_ones(count: usize) -> String {
    let row = |n: usize| {
        let age = if n % 50 == 49 { "old".to_owned() } else { (n % 100).to_string() };
        format!("First{n:05},Last,{age},female\n")
    };
    format!("first,last,age,gender\n{}", (0..count).map(row).collect::<String>())
}

fn sink_fault() -> impl Strategy<Value = Option<SinkFault>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(SinkFault::Unavailable)),
        1 => Just(Some(SinkFault::Fatal)),
        3 => prop::collection::vec(0..500_usize, 0..300).prop_map(|at| Some(SinkFault::Refuse(at))),
    ]
}

fn store_fault() -> impl Strategy<Value = Option<StoreFault>> {
    prop_oneof![2 => Just(None), 1 => Just(Some(StoreFault::Refused)), 1 => Just(Some(StoreFault::AnswerLost))]
}

proptest! {
    // Each case is up to 60 invocations over up to 2,000 rows.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_row_is_lost_whatever_fails_and_none_is_doubled_unless_a_run_breaks_off(
        sink_faults in prop::collection::vec(sink_fault(), 0..20),
        store_faults in prop_oneof![Just(Vec::new()), prop::collection::vec(store_fault(), 0..20)],
        rows in 0_usize..2000,
    ) {
        // Then records acknowledged behind the oldest one that is not are read and put once more.
        let breaks_off = !store_faults.is_empty() || sink_faults.contains(&Some(SinkFault::Fatal));
        let (world, done) = paused(async {
            let world = World::with_file("people.csv", rows_with_bad_ones(rows)).await;
            let mut faults = sink_faults.into_iter();
            world.sink.set_faults(move |_| faults.next().flatten());
            let mut faults = store_faults.into_iter();
            world.bucket.set_faults(move |_, key| faults.next().flatten().filter(|_| key != "people.csv"));
            let mut done = false;
            for _ in 0..60 {
                // One request id, as Lambda has for all tries of one event.
                match world.invoke(&csv_event("people.csv")).await {
                    Ok(answer) if answer["done"] == true => {
                        done = true;
                        break;
                    }
                    _ => {}
                }
            }
            (world, done)
        });
        prop_assert!(done);
        let payloads = world.payloads();
        let stored: std::collections::BTreeSet<&String> = payloads.iter().collect();
        let bad = rows / 50;
        prop_assert_eq!(stored.len(), rows - bad);
        prop_assert_eq!(world.keys("quarantine/").len(), bad);
        prop_assert!(payloads.len() == stored.len() || breaks_off, "{} of {}", stored.len(), payloads.len());
    }
}
