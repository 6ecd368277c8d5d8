//! A process that runs a mapping, with everything around it in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::document::Document;
use super::super::on_failure::OnFailure;
use super::super::{Mapping, MappingError, Ports};
use super::stream::MemoryStream;
use crate::aws::clock::{Clock, Moment};
use crate::aws::event::{Event, Observer};
use crate::aws::lambda::{Invocation, InvocationError, Invoke};
use crate::aws::stream::{PageLimit, Phase, StreamError, StreamSource};
use crate::pipeline::bucket::StorageError;
use template::{KinesisMapping, StartingPosition};

/// A function that does as it is told, and remembers its invocations.
pub(super) struct Scripted {
    /// Whether it takes a record of this partition key and sequence number.
    #[allow(clippy::type_complexity, reason = "a test")]
    takes: Box<dyn Fn(&str, &str) -> bool + Send + Sync>,
    pub(super) requests: Mutex<Vec<(String, serde_json::Value)>>,
}

/// A clock that is at the time that is awaited after some turns of the other tasks.
#[derive(Default)]
pub(super) struct TurningClock(Arc<AtomicI64>);

impl Clock for TurningClock {
    fn now(&self) -> Moment {
        self.0.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, at: Moment) -> BoxFuture<'static, ()> {
        let now = Arc::clone(&self.0);
        Box::pin(async move {
            turns(20).await;
            now.fetch_max(at, Ordering::Relaxed);
        })
    }
}

/// A clock that never goes on, so that no window is over.
pub(super) struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Moment {
        0
    }

    fn sleep_until(&self, _: Moment) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

/// Ends after the other tasks had so many turns.
pub(super) async fn turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// Remembers documents and events.
#[derive(Default)]
pub(super) struct Remembers {
    pub(super) documents: Mutex<Vec<Document>>,
    pub(super) events: Mutex<Vec<Event>>,
}

impl Scripted {
    pub(super) fn new(takes: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { takes: Box::new(takes), requests: Mutex::default() })
    }

    /// How often each sequence number came.
    pub(super) fn invoked(&self) -> BTreeMap<u64, usize> {
        let mut times = BTreeMap::new();
        for (_, event) in self.requests.lock().unwrap().iter() {
            for record in event["Records"].as_array().unwrap() {
                let number = record["kinesis"]["sequenceNumber"].as_str().unwrap().parse().unwrap();
                *times.entry(number).or_default() += 1;
            }
        }
        times
    }
}

impl Invoke for Scripted {
    fn name(&self) -> &'static str {
        "F"
    }

    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Bytes, InvocationError>> {
        Box::pin(async move {
            turns(5).await;
            let event: serde_json::Value = serde_json::from_slice(&invocation.event).unwrap();
            self.requests.lock().unwrap().push((invocation.request_id, event.clone()));
            let text =
                |record: &serde_json::Value, name: &str| record["kinesis"][name].as_str().unwrap().to_owned();
            let failed =
                event["Records"].as_array().unwrap().iter().find(|record| {
                    !(self.takes)(&text(record, "partitionKey"), &text(record, "sequenceNumber"))
                });
            let failures: Vec<serde_json::Value> = failed
                .map(|record| serde_json::json!({"itemIdentifier": text(record, "sequenceNumber")}))
                .into_iter()
                .collect();
            let count = event["state"]["count"].as_u64().unwrap_or(0);
            let count = count + event["Records"].as_array().unwrap().len() as u64;
            let answer = serde_json::json!({"batchItemFailures": failures, "state": {"count": count}});
            Ok(Bytes::from(answer.to_string()))
        })
    }
}

impl OnFailure for Remembers {
    fn keep(&self, document: Document) -> BoxFuture<'_, Result<String, StorageError>> {
        self.documents.lock().unwrap().push(document);
        Box::pin(async { Ok("kept".to_owned()) })
    }
}

impl Observer for Remembers {
    fn on(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }
}

pub(super) fn settings() -> KinesisMapping {
    KinesisMapping {
        name: "F.Records".to_owned(),
        uuid: "uuid".to_owned(),
        function: "F".to_owned(),
        stream: "S".to_owned(),
        consumer: None,
        starting_position: StartingPosition::TrimHorizon,
        batch_size: 10,
        batching_window: Duration::ZERO,
        parallelization_factor: 1,
        maximum_retry_attempts: None,
        maximum_record_age: None,
        bisect_on_error: false,
        report_batch_item_failures: true,
        tumbling_window: None,
        on_failure: None,
    }
}

/// A process that runs the mapping.
pub(super) struct Process {
    stream: Arc<MemoryStream>,
    phase: watch::Sender<Phase>,
    pub(super) work: JoinHandle<Result<(), MappingError>>,
    pub(super) remembers: Arc<Remembers>,
}

/// Whether a taker has passed every record that its stream holds now.
pub(super) async fn is_drained(source: &dyn StreamSource) -> Result<bool, StreamError> {
    for shard in source.shards().await? {
        let place = source.place(&shard.id)?;
        if place.finished {
            continue;
        }
        let limit = PageLimit { records: 1, bytes: 1 };
        let page = source.read(&shard.id, place.after.as_deref(), limit).await?;
        if page.is_end || !page.records.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Process {
    pub(super) fn start(
        settings: KinesisMapping,
        stream: &Arc<MemoryStream>,
        function: &Arc<Scripted>,
    ) -> Self {
        Self::start_by(Arc::new(TurningClock::default()), settings, stream, function)
    }

    pub(super) fn start_by(
        clock: Arc<dyn Clock>,
        settings: KinesisMapping,
        stream: &Arc<MemoryStream>,
        function: &Arc<Scripted>,
    ) -> Self {
        let remembers = Arc::new(Remembers::default());
        let ports = Ports {
            source: Arc::clone(stream) as _,
            function: Arc::clone(function) as _,
            on_failure: settings.on_failure.is_some().then(|| Arc::clone(&remembers) as _),
            clock,
            observer: Arc::clone(&remembers) as _,
        };
        let mapping = Arc::new(Mapping::new(settings, ports));
        let phase = watch::Sender::new(Phase::Running);
        let work = tokio::spawn(Arc::clone(&mapping).run(phase.subscribe()));
        Self { stream: Arc::clone(stream), phase, work, remembers }
    }

    /// Ends it as `kill -9` does, or after it has done what there is.
    pub(super) async fn kill(self) {
        self.work.abort();
        drop(self.work.await);
    }

    pub(super) async fn drain(self) -> Arc<Remembers> {
        self.phase.send_replace(Phase::Draining);
        while !is_drained(&*self.stream).await.unwrap() {
            turns(10).await;
        }
        self.phase.send_replace(Phase::Stopped);
        self.work.await.unwrap().unwrap();
        self.remembers
    }
}
