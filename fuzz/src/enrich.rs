//! Any records through the consumer into a bucket in memory: each becomes the lines, or the copies in
//! quarantine, that the decoder and the schema require, and a second attempt at the same batch writes the
//! same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use crate::inputs::{kinesis_event, number_of, records};
use bytes::Bytes;
use consumer::{Consumer, ConsumerSettings, LocalEnricher};
use edge::lambda::Invocation;
use edge::settings::Settings;
use edge::store::InMemoryStore;
use record_model::{Content, Decoder, Limits, RecordContext, Schema, Written};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

const SCHEMAS: [&str; 3] = ["crime", "tweets", "users"];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());

type Fuzzed = Consumer<Arc<InMemoryStore>, LocalEnricher>;

/// Checks the law on one input, and panics where it does not hold.
pub fn law(input: &[u8]) {
    let Some((kind, input)) = input.split_first() else { return };
    let schema = Schema::built_in(SCHEMAS[usize::from(*kind) % SCHEMAS.len()]).expect("a built-in schema");
    let records = records(input);
    let bucket = Arc::new(InMemoryStore::new());
    let consumer = consumer_of(&schema, &bucket);
    let body = Bytes::from(kinesis_event(&records));
    let first = attempt(&consumer, &body, &bucket, "first");
    let second = attempt(&consumer, &body, &bucket, "second");
    assert_eq!(first, second);
    let expected: Vec<Expected> =
        records.iter().enumerate().map(|(at, data)| expected(&schema, at, data)).collect();
    check(&first, &expected);
}

fn consumer_of(schema: &Schema, bucket: &Arc<InMemoryStore>) -> Fuzzed {
    let variables = [("SCHEMA", schema.name()), ("OUTPUT_BUCKET", "bucket"), ("WORKERS", "1")];
    let mut environment = Settings::from_map(variables);
    let settings = ConsumerSettings::read(&mut environment);
    environment.finish().expect("good settings");
    Consumer::new(Arc::clone(bucket), LocalEnricher::new(5), schema.clone(), settings).with_clock(now_ms)
}

/// Later each time: of two attempts that began at once neither could give way.
fn now_ms() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(1_767_323_045_000);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// What is in the bucket after an attempt, by key and without compression.
fn attempt(
    consumer: &Fuzzed,
    body: &Bytes,
    bucket: &InMemoryStore,
    request_id: &str,
) -> BTreeMap<String, Vec<u8>> {
    let invocation = Invocation {
        body: body.clone(),
        request_id: request_id.to_owned(),
        deadline: SystemTime::now() + Duration::from_mins(1),
        function_arn: String::new(),
        trace_id: None,
        cold_start: false,
    };
    let (answer, _) = RUNTIME.block_on(consumer.answer(&invocation)).expect("an event is answered");
    assert_eq!(answer, r#"{"batchItemFailures":[]}"#, "nothing here is a passing trouble");
    bucket.objects().into_iter().map(|(key, object)| (key, plain(&object.body))).collect()
}

fn plain(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let decoded = Decoder::new(Limits { depth: 1, ..Limits::default() }).decode(body, &mut |record| {
        if let Ok(Content::Payload(payload)) = record.content {
            plain.extend_from_slice(payload);
        }
    });
    // Pieces of messages are kept as they came, whatever is inside.
    if decoded.is_ok() { plain } else { body.to_vec() }
}

/// What has to become of one record.
#[derive(Default)]
struct Expected {
    lines: Vec<String>,
    quarantined: Vec<String>,
    has_pieces: bool,
}

fn expected(schema: &Schema, index: usize, data: &[u8]) -> Expected {
    let mut expected = Expected::default();
    let number = number_of(index);
    let context = RecordContext { ingested_at_ms: 1_767_323_045_500, ..RecordContext::default() };
    let decoded = Decoder::new(Limits::default()).decode(data, &mut |record| {
        let place = record.sub_sequence_number.map(|sub| format!("-{sub}")).unwrap_or_default();
        let written = match record.content {
            Ok(Content::Payload(payload)) => schema
                .open(payload)
                .and_then(|mut opened| opened.text_of().map(drop))
                .and_then(|()| schema.write_typed_json(payload, &context, &mut Vec::new()))
                .ok(),
            Ok(Content::Chunk(_)) => {
                expected.has_pieces = true;
                Some(Written::Dropped)
            }
            Err(_) => None,
        };
        let sub = record.sub_sequence_number.unwrap_or(0);
        match written {
            Some(Written::Typed | Written::Mended) => {
                expected.lines.push(format!("stream:shardId-000000000006:{number}:{sub}"));
            }
            Some(Written::Dropped) => {}
            None => expected.quarantined.push(format!("{number}{place}.json")),
        }
    });
    match decoded {
        Ok(()) => expected,
        Err(_) => Expected { quarantined: vec![format!("{number}.json")], ..Expected::default() },
    }
}

fn check(objects: &BTreeMap<String, Vec<u8>>, expected: &[Expected]) {
    let (enriched, _): (Vec<_>, Vec<_>) = objects.iter().partition(|(key, _)| key.starts_with("enriched/"));
    let [(_, lines)] = enriched[..] else { panic!("one batch is one object, not {}", enriched.len()) };
    let ids = lines.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let line: Value = serde_json::from_slice(line).expect("a line is JSON");
        line["id"].as_str().expect("with an id").to_owned()
    });
    let ids: Vec<String> = ids.collect();
    let quarantined = objects.keys().filter(|key| key.starts_with("quarantine/"));
    let quarantined: Vec<&str> = quarantined.filter_map(|key| key.rsplit('/').next()).collect();
    for (index, record) in expected.iter().enumerate() {
        let own = |name: &&str| name.contains(&number_of(index));
        for name in &record.quarantined {
            assert!(quarantined.iter().any(|key| key.ends_with(name.as_str())), "{name} in {quarantined:?}");
        }
        if !record.has_pieces {
            let ids: Vec<&str> = ids.iter().map(String::as_str).filter(own).collect();
            assert_eq!(ids, record.lines);
            assert_eq!(quarantined.iter().copied().filter(own).count(), record.quarantined.len());
        }
    }
    if expected.iter().all(|record| !record.has_pieces) {
        let in_order = expected.iter().flat_map(|record| &record.lines);
        assert!(ids.iter().eq(in_order));
    }
}
