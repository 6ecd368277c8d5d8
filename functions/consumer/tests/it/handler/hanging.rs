//! A bucket that hangs: every invocation answers before its deadline all the same. The time is virtual.

use std::future::pending;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use consumer::{Consumer, ConsumerSettings, LocalEnricher};
use edge::lambda::Invocation;
use edge::settings::Settings;
use edge::store::{
    Attributes, Created, ETag, InMemoryStore, Listed, Object, ObjectHead, ObjectStore, RangeRead, Replaced,
    StoreError,
};
use record_model::{Schema, chunk};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::event::{Record, Stage, event, window_event};
use super::{TWEET, failed_from};

/// What any answer gets, as docs/consumer.md has it.
const LEAST_KEPT_BACK: Duration = Duration::from_millis(250);
const LEFT: Duration = Duration::from_secs(30);

/// Answers so many calls for keys with `only` in them, then no such call again.
struct Hanging {
    store: InMemoryStore,
    answered: AtomicUsize,
    only: &'static str,
}

impl Hanging {
    fn after(calls: usize) -> Self {
        Self { store: InMemoryStore::new(), answered: AtomicUsize::new(calls), only: "" }
    }

    async fn turn(&self, key: &str) {
        if !key.contains(self.only) {
            return;
        }
        let left =
            self.answered.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_err() {
            pending::<()>().await;
        }
    }
}

impl ObjectStore for Hanging {
    async fn create(&self, key: &str, body: Bytes, attributes: &Attributes) -> Result<Created, StoreError> {
        self.turn(key).await;
        self.store.create(key, body, attributes).await
    }

    async fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Replaced, StoreError> {
        self.turn(key).await;
        self.store.replace(key, etag, body, attributes).await
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.turn(key).await;
        self.store.get(key).await
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, StoreError> {
        self.turn(key).await;
        self.store.head(key).await
    }

    async fn read_range(&self, key: &str, etag: &ETag, range: Range<u64>) -> Result<RangeRead, StoreError> {
        self.turn(key).await;
        self.store.read_range(key, etag, range).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        self.turn(prefix).await;
        self.store.list(prefix, after).await
    }
}

/// The answer, or the kind of the error, and how long it took.
async fn answer(
    store: Hanging,
    delivery: &str,
    schema: &str,
    body: String,
) -> (Result<Value, &'static str>, Duration) {
    let variables = [
        ("SCHEMA", schema),
        ("OUTPUT_BUCKET", "bucket"),
        ("DELIVERY", delivery),
        ("DEADLINE_MARGIN_MS", "0"),
    ];
    let mut environment = Settings::from_map(variables);
    let settings = ConsumerSettings::read(&mut environment);
    let consumer = Consumer::new(store, LocalEnricher::new(3), Schema::built_in(schema).unwrap(), settings);
    let invocation = Invocation {
        body: Bytes::from(body),
        request_id: "request".to_owned(),
        deadline: SystemTime::now() + LEFT,
        function_arn: String::new(),
        trace_id: None,
        cold_start: false,
    };
    let started = Instant::now();
    let answer = consumer.answer(&invocation).await;
    let answer = answer.map(|(answer, _)| serde_json::from_slice(&answer).unwrap());
    (answer.map_err(|error| error.kind()), started.elapsed())
}

/// Records of a batch that meets every kind of call.
fn tweets(count: usize) -> Vec<String> {
    (1..=count).map(|number| number.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_call_that_hangs_is_answered_in_time() {
    let pieces = chunk::split(TWEET.as_bytes(), 7, chunk::OVERHEAD_BYTES + 60).unwrap();
    let framed = |piece: chunk::Chunk<'_>| {
        let mut framed = Vec::new();
        piece.write(&mut framed);
        framed
    };
    let pieces: Vec<Vec<u8>> = pieces.map(framed).collect();
    let numbers = tweets(pieces.len() + 2);
    let mut records: Vec<Record<'_>> =
        numbers.iter().zip(&pieces).map(|(number, piece)| Record::bytes(number, piece)).collect();
    records.push(Record::text(&numbers[pieces.len()], "poison"));
    records.push(Record::text(&numbers[pieces.len() + 1], TWEET));
    for delivery in ["batch", "ledger"] {
        for calls in 0..60 {
            let (answer, took) = answer(Hanging::after(calls), delivery, "tweets", event(&records)).await;
            assert!(took + LEAST_KEPT_BACK <= LEFT, "{delivery}, {calls} calls: {took:?}");
            let answer = answer.unwrap();
            assert!(answer["batchItemFailures"].is_array(), "{answer}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_settled_before_a_call_hung_is_written() {
    let numbers = tweets(4);
    let records = [
        Record::text(&numbers[0], TWEET),
        Record::text(&numbers[1], "poison"),
        Record::text(&numbers[2], "poison"),
        Record::text(&numbers[3], TWEET),
    ];
    let store = Hanging { only: "quarantine/", ..Hanging::after(1) };
    let (answer, took) = answer(store, "batch", "tweets", event(&records)).await;
    assert_eq!(answer.unwrap(), failed_from("3"));
    assert!(took + LEAST_KEPT_BACK <= LEFT, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_window_whose_summary_hangs_is_answered_in_time() {
    let user = r#"{"first_name":"Ada","last_name":"Byron","age":20,"gender":"female"}"#;
    let numbers = tweets(1);
    // The object is written, and the summary is not.
    let body = window_event(&[Record::text(&numbers[0], user)], &json!({}), Stage::Final);
    let (answer, took) = answer(Hanging::after(1), "batch", "users", body).await;
    assert_eq!(answer.unwrap()["batchItemFailures"], failed_from("1")["batchItemFailures"]);
    assert!(took + LEAST_KEPT_BACK <= LEFT, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_larger_batch_keeps_more_back_for_its_answer() {
    let answered_after = async |count| {
        let numbers = tweets(count);
        let records: Vec<Record<'_>> = numbers.iter().map(|number| Record::text(number, TWEET)).collect();
        let (answer, took) = answer(Hanging::after(0), "batch", "tweets", event(&records)).await;
        assert_eq!(answer.unwrap(), failed_from("1"));
        took
    };
    let (few, many) = (answered_after(1).await, answered_after(2_000).await);
    assert!(many + Duration::from_millis(400) < few, "{few:?}, {many:?}");
}
