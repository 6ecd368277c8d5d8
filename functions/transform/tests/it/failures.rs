//! What is kept of failed records, so that they can be replayed.
use super::made_up;

use bytes::Bytes;
use edge::lambda::Invocation;
use edge::put_records::InMemorySink;
use edge::store::{InMemoryStore, StoreFault};
use made_up::{crime_row, event, read_answer, record, stream_record};
use record_model::Schema;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use transform::{Failures, Reingest, Transform, TransformSettings};

struct Scene {
    store: Arc<InMemoryStore>,
    connections: Arc<AtomicUsize>,
    transform: Transform<Arc<InMemorySink>, Arc<InMemoryStore>>,
}

impl Scene {
    fn new() -> Self {
        let (store, connections) = (Arc::new(InMemoryStore::default()), Arc::new(AtomicUsize::new(0)));
        let failures = {
            let (store, connections) = (Arc::clone(&store), Arc::clone(&connections));
            Failures::new(move || {
                connections.fetch_add(1, Ordering::Relaxed);
                Ok(Arc::clone(&store))
            })
        };
        let settings = TransformSettings::for_schema("crime");
        let reingest = Reingest::new(|| Arc::new(InMemorySink::with_shards(1)));
        let schema = Schema::built_in("crime").unwrap();
        let transform = Transform::new(schema, &settings, reingest, Some(failures)).unwrap();
        Self { store, connections, transform }
    }

    /// The results, in order.
    async fn handle(&self, records: &[Value]) -> Vec<String> {
        let invocation = Invocation {
            body: Bytes::from(event(records)),
            request_id: "req".to_owned(),
            deadline: SystemTime::now() + Duration::from_mins(1),
            function_arn: String::new(),
            trace_id: None,
            cold_start: true,
        };
        let answer = self.transform.handle(invocation).await.unwrap();
        read_answer(&answer).into_iter().map(|answer| answer.result).collect()
    }

    fn kept(&self) -> Vec<(String, Vec<Value>)> {
        let read = |body: &[u8]| {
            let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
        };
        self.store.objects().into_iter().map(|(key, object)| (key, read(&object.body))).collect()
    }
}

#[tokio::test]
async fn a_failed_record_is_kept_once_with_its_bytes_position_and_reason() {
    let scene = Scene::new();
    let bad = stream_record("7", b"2006/01/01 00:00:00|A ST|3rd|3C|1115|THEFT|2404|38.5|-121.4|");
    let records = [stream_record("6", &crime_row(0)), bad.clone()];
    for _retry in 0..2 {
        assert_eq!(scene.handle(&records).await, ["Ok", "ProcessingFailed"]);
    }
    let kept = scene.kept();
    let [(key, lines)] = kept.as_slice() else { panic!("{} objects", kept.len()) };
    assert!(
        key.starts_with("failed/crime/reasons/dt=")
            && key.ends_with("/00000000-0000-4000-8000-000000000001.ndjson"),
        "{key}"
    );
    let [line] = lines.as_slice() else { panic!("{} lines", lines.len()) };
    assert_eq!(line["payload_base64"], bad["data"]);
    assert_eq!(line["sequence_number"], bad["kinesisRecordMetadata"]["sequenceNumber"]);
    assert_eq!(line["shard_id"], bad["kinesisRecordMetadata"]["shardId"]);
    assert_eq!(line["partition_key"], bad["kinesisRecordMetadata"]["partitionKey"]);
    assert_eq!(
        (&line["reason"]["kind"], &line["reason"]["field"]),
        (&json!("not_integer"), &json!("district"))
    );
    assert!(!line["reason"]["message"].as_str().unwrap().contains("3rd"), "the reason shows no value");
}

#[tokio::test]
async fn without_a_failure_no_client_is_made_and_nothing_is_written() {
    let scene = Scene::new();
    assert_eq!(scene.handle(&[record("1", &crime_row(0))]).await, ["Ok"]);
    assert_eq!(scene.connections.load(Ordering::Relaxed), 0);
    assert!(scene.kept().is_empty());
}

#[tokio::test]
async fn a_bucket_that_fails_changes_no_answer() {
    let scene = Scene::new();
    scene.store.set_faults(|_, _| Some(StoreFault::Refused));
    assert_eq!(
        scene.handle(&[record("1", b"no row"), record("2", &crime_row(0))]).await,
        ["ProcessingFailed", "Ok"]
    );
}
