//! The handler as Lambda sees it: one event in, one answer out, objects in the bucket.

pub(crate) mod event;
mod hanging;
mod memory;
mod reported;
mod windows;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use consumer::{Consumer, ConsumerSettings, LocalEnricher};
use edge::lambda::{Invocation, InvocationError};
use edge::settings::Settings;
use edge::store::{InMemoryStore, StoreFault};
use record_model::{Content, Decoder, Limits, Schema};
use serde_json::{Value, json};

use event::{Record, event};

const TWEET: &str = r#"{"id_str":"1149719180314316800","created_at":"Fri Jul 12 16:36:27 +0000 2019","lang":"en",
    "full_text":"A wonderful &amp; happy day at the data conference 🎉","user":{"id_str":"7","screen_name":"ada"}}"#;

struct Fixture {
    bucket: Arc<InMemoryStore>,
    consumer: Consumer<Arc<InMemoryStore>, LocalEnricher>,
}

impl Fixture {
    fn new(schema: &str, variables: &[(&str, &str)]) -> Self {
        Self::of(Schema::built_in(schema).unwrap(), variables)
    }

    fn of(schema: Schema, variables: &[(&str, &str)]) -> Self {
        let required = [("SCHEMA", schema.name()), ("OUTPUT_BUCKET", "bucket")];
        let mut environment = Settings::from_map(required.iter().chain(variables).copied());
        let settings = ConsumerSettings::read(&mut environment);
        environment.finish().unwrap();
        let bucket = Arc::new(InMemoryStore::new());
        let consumer = Consumer::new(Arc::clone(&bucket), LocalEnricher::new(3), schema, settings);
        Self { bucket, consumer }
    }

    async fn answer(&self, body: String) -> Value {
        self.answer_within(body, Duration::from_mins(1)).await
    }

    async fn answer_within(&self, body: String, left: Duration) -> Value {
        self.try_answer(body, left).await.unwrap()
    }

    async fn try_answer(&self, body: String, left: Duration) -> Result<Value, InvocationError> {
        let invocation = Invocation {
            body: Bytes::from(body),
            request_id: "request".to_owned(),
            deadline: SystemTime::now() + left,
            function_arn: String::new(),
            trace_id: None,
            cold_start: false,
        };
        let (answer, _) = self.consumer.answer(&invocation).await?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    /// Every object's content without compression, by key.
    fn objects(&self) -> BTreeMap<String, String> {
        let objects = self.bucket.objects();
        objects.into_iter().map(|(key, object)| (key, plain(&object.body))).collect()
    }
}

fn plain(body: &[u8]) -> String {
    let mut plain = Vec::new();
    Decoder::new(Limits { record_bytes_out: 1 << 30, batch_bytes_out: 1 << 30, ..Limits::default() })
        .decode(body, &mut |record| match record.content {
            Ok(Content::Payload(payload)) => plain.extend_from_slice(payload),
            other => panic!("{other:?}"),
        })
        .unwrap();
    String::from_utf8(plain).unwrap()
}

fn failed_from(sequence_number: &str) -> Value {
    json!({ "batchItemFailures": [{ "itemIdentifier": sequence_number }] })
}

fn success() -> Value {
    json!({ "batchItemFailures": [] })
}

#[tokio::test]
async fn the_output_line_has_the_documented_form() {
    let fixture = Fixture::new("tweets", &[]);
    let answer = fixture.answer(event(&[Record::text("495", TWEET)])).await;
    assert_eq!(answer, success());
    let objects = fixture.objects();
    let key = "enriched/tweets/dt=2026-01-02/hour=03/stream-shardId-000000000006-495.ndjson.gz";
    let mut line: Value = serde_json::from_str(&objects[key]).unwrap();
    // What the models say changes with the models; that it is there, and its form, do not.
    assert!(line["sentiment"]["score"].as_f64().is_some_and(|score| score > 0.0), "{line}");
    for keyword in line["keywords"].as_array().unwrap() {
        assert!(keyword["term"].is_string() && keyword["score"].is_number(), "{keyword}");
    }
    assert_eq!(line["models"], text::MODELS);
    line["sentiment"]["score"] = json!("a number");
    line["keywords"] = json!("terms with scores");
    line["models"] = json!("versions");
    let expected: Value = serde_json::from_str(include_str!("../../fixtures/line.json")).unwrap();
    assert_eq!(line, expected, "{}", objects[key]);
}

#[tokio::test]
async fn the_object_says_what_it_holds() {
    let fixture = Fixture::new("tweets", &[("COMPRESSION", "zstd"), ("COMPRESSION_LEVEL", "3")]);
    let records = [Record::text("495", TWEET), Record::text("496", TWEET)];
    fixture.answer(event(&records)).await;
    let objects = fixture.bucket.objects();
    let key = "enriched/tweets/dt=2026-01-02/hour=03/stream-shardId-000000000006-495.ndjson.zst";
    let metadata = &objects[key].head.attributes.metadata;
    for (name, value) in [
        ("first-sequence-number", "495"),
        ("last-sequence-number", "496"),
        ("records", "2"),
        ("lines", "2"),
        ("schema", "tweets"),
        ("models", text::MODELS),
    ] {
        assert_eq!(metadata[name], value, "{name}");
    }
}

#[tokio::test]
async fn a_poison_record_goes_to_quarantine_and_costs_its_neighbours_nothing() {
    let fixture = Fixture::new("tweets", &[]);
    let records = [
        Record::text("1", TWEET),
        Record::text("2", "no tweet"),
        Record::base64("3", "%%%"),
        Record::bytes("4", &[0x1F, 0x8B, 8, 0]),
        Record::text("5", TWEET),
    ];
    assert_eq!(fixture.answer(event(&records)).await, success());
    let objects = fixture.objects();
    let (enriched, quarantine): (Vec<_>, Vec<_>) =
        objects.iter().partition(|(key, _)| key.starts_with("enriched/"));
    assert_eq!(enriched.iter().map(|(_, lines)| lines.lines().count()).sum::<usize>(), 2);
    let kinds: Vec<Value> = quarantine
        .iter()
        .map(|(_, copy)| serde_json::from_str::<Value>(copy).unwrap()["reason"]["kind"].clone())
        .collect();
    assert_eq!(kinds, ["not_json", "bad_base64", "damaged"]);
    let first: Value = serde_json::from_str(quarantine[0].1).unwrap();
    assert_eq!(first["payload_base64"], "bm8gdHdlZXQ=");
    assert_eq!(first["id"], "stream:shardId-000000000006:2:0");
}

#[tokio::test]
async fn the_first_record_that_can_t_be_stored_is_reported_and_what_lies_before_it_is_written() {
    let fixture = Fixture::new("tweets", &[]);
    fixture.bucket.set_faults(|_, key| key.contains("quarantine/").then_some(StoreFault::Refused));
    let records = [Record::text("1", TWEET), Record::text("2", "poison"), Record::text("3", TWEET)];
    assert_eq!(fixture.answer(event(&records)).await, failed_from("2"));
    let objects = fixture.objects();
    assert_eq!(objects.values().map(|lines| lines.lines().count()).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_bucket_that_fails_fails_the_batch_from_its_first_record() {
    let fixture = Fixture::new("tweets", &[]);
    fixture.bucket.set_faults(|_, _| Some(StoreFault::Refused));
    assert_eq!(fixture.answer(event(&[Record::text("1", TWEET)])).await, failed_from("1"));
}

#[tokio::test]
async fn no_record_is_begun_within_the_margin_before_the_deadline() {
    let fixture = Fixture::new("tweets", &[("DEADLINE_MARGIN_MS", "5000")]);
    let records = [Record::text("1", TWEET), Record::text("2", TWEET)];
    assert_eq!(fixture.answer_within(event(&records), Duration::from_secs(4)).await, failed_from("1"));
    assert!(fixture.objects().is_empty());
}

#[tokio::test]
async fn any_number_of_workers_writes_the_same_lines() {
    let numbers: Vec<String> = (1000..1300).map(|number| number.to_string()).collect();
    let records: Vec<Record<'_>> = numbers.iter().map(|number| Record::text(number, TWEET)).collect();
    let mut outputs = Vec::new();
    for workers in ["1", "2", "5"] {
        let fixture = Fixture::new("tweets", &[("WORKERS", workers)]);
        fixture.answer(event(&records)).await;
        outputs.push(fixture.objects());
    }
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
}

#[tokio::test]
async fn an_event_of_another_service_is_an_error_and_no_answer() {
    let fixture = Fixture::new("users", &[]);
    let invocation = Invocation {
        body: Bytes::from_static(b"{\"records\":[]}"),
        request_id: "request".to_owned(),
        deadline: SystemTime::now() + Duration::from_mins(1),
        function_arn: String::new(),
        trace_id: None,
        cold_start: false,
    };
    let refused = fixture.consumer.answer(&invocation).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.kind(), "bad_event");
}
