//! A stream of three shards, a bucket, and a function between them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use edge::lambda::{Invocation, InvocationError};
use edge::put_records::InMemorySink;
use edge::settings::Settings;
use edge::store::{Attributes, InMemoryStore, ObjectStore, StoreError};
use producer::{Producer, ProducerSettings};
use serde_json::{Value, json};

use super::slow::{Latency, Slow};

/// A stream of three shards, a bucket, and a function between them.
pub(crate) struct World {
    pub(crate) sink: Arc<InMemorySink>,
    pub(crate) bucket: Arc<InMemoryStore>,
    /// How long each operation of the stream and of the bucket takes.
    pub(crate) latency: Latency,
    /// The function's own variables.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            sink: Arc::new(InMemorySink::with_shards(3)),
            bucket: Arc::default(),
            latency: Arc::new(|_| Duration::ZERO),
            variables: vec![("DEADLINE_MARGIN_MS", "100".to_owned())],
        }
    }

    pub(crate) async fn with_file(key: &str, body: impl Into<Bytes>) -> Self {
        let world = Self::new();
        world.write(key, body).await;
        world
    }

    async fn write(&self, key: &str, body: impl Into<Bytes>) {
        self.bucket.create(key, body.into(), &Attributes::default()).await.unwrap();
    }

    pub(crate) async fn invoke(&self, event: &Value) -> Result<Value, InvocationError> {
        self.invoke_for(event, Duration::from_mins(1), "request").await
    }

    pub(crate) async fn invoke_for(
        &self,
        event: &Value,
        time: Duration,
        id: &str,
    ) -> Result<Value, InvocationError> {
        self.handle(invocation(event, SystemTime::now() + time, id)).await
    }

    pub(crate) async fn handle(&self, invocation: Invocation) -> Result<Value, InvocationError> {
        let mut variables = vec![("STREAM_NAME", "stream"), ("OUTPUT_BUCKET", "bucket")];
        variables.extend(self.variables.iter().map(|(name, value)| (*name, value.as_str())));
        let settings = ProducerSettings::read(&mut Settings::from_map(variables));
        let store = Slow::new(&self.bucket, &self.latency);
        let open_bucket = |_: &str| Ok::<_, StoreError>(store.clone());
        let sink = Slow::new(&self.sink, &self.latency);
        let producer = Producer::new(sink, store.clone(), open_bucket, settings);
        let answer = producer.handle(invocation).await?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    /// Payloads in the stream, sorted.
    pub(crate) fn payloads(&self) -> Vec<String> {
        let text = |entry: &edge::put_records::Entry| String::from_utf8(entry.data.to_vec()).unwrap();
        let mut all: Vec<String> = self.sink.stored().iter().flatten().map(text).collect();
        all.sort();
        all
    }

    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        self.bucket.objects().into_keys().filter(|key| key.starts_with(prefix)).collect()
    }

    /// Where the only cursor stands.
    pub(crate) fn position(&self) -> u64 {
        let objects = self.bucket.objects();
        let cursor = objects.iter().find(|(key, _)| key.starts_with("state/")).map(|(_, object)| object);
        let cursor = cursor.map(|object| serde_json::from_slice::<Value>(&object.body).unwrap());
        cursor.map_or(0, |cursor| cursor["cursor"]["resume"]["position"].as_u64().unwrap())
    }
}

pub(crate) fn invocation(event: &Value, deadline: SystemTime, id: &str) -> Invocation {
    Invocation {
        body: event.to_string().into(),
        request_id: id.to_owned(),
        deadline,
        function_arn: String::new(),
        trace_id: None,
        cold_start: false,
    }
}

/// Runs on paused time, where waiting costs nothing.
pub(crate) fn paused<F: Future>(run: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(run)
}

pub(crate) fn csv_event(key: &str) -> Value {
    json!({"schema": "users", "source": {"type": "s3", "bucket": "bucket", "key": key, "format": "csv"}})
}

pub(crate) fn users_csv(count: usize, line_end: &str) -> String {
    let row = |n: usize| format!("First{n},Last{n},{},female", n % 100);
    let rows: Vec<String> = (0..count).map(row).collect();
    format!("first,last,age,gender{line_end}{}{line_end}", rows.join(line_end))
}
