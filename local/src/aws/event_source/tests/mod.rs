//! The mapping's shell over a stream in memory, scripted functions, and a clock that goes on by itself.

mod stream;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::document::Document;
use super::on_failure::OnFailure;
use super::{Mapping, MappingError, Ports};
use crate::aws::clock::{Clock, Moment};
use crate::aws::event::{Event, Observer};
use crate::aws::lambda::{Invocation, InvocationError, Invoke};
use crate::aws::stream::{PageLimit, Phase, StreamError, StreamSource};
use crate::pipeline::bucket::StorageError;
use stream::MemoryStream;
use template::{KinesisMapping, StartingPosition};

/// A function that does as it is told, and remembers its invocations.
struct Scripted {
    /// Whether it takes a record of this partition key and sequence number.
    #[allow(clippy::type_complexity, reason = "a test")]
    takes: Box<dyn Fn(&str, &str) -> bool + Send + Sync>,
    requests: Mutex<Vec<(String, serde_json::Value)>>,
}

/// A clock that is at the time that is awaited after some turns of the other tasks.
#[derive(Default)]
struct TurningClock(Arc<AtomicI64>);

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
struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Moment {
        0
    }

    fn sleep_until(&self, _: Moment) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

/// Ends after the other tasks had so many turns.
async fn turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// Remembers documents and events.
#[derive(Default)]
struct Remembers {
    documents: Mutex<Vec<Document>>,
    events: Mutex<Vec<Event>>,
}

impl Scripted {
    fn new(takes: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { takes: Box::new(takes), requests: Mutex::default() })
    }

    /// How often each sequence number came.
    fn invoked(&self) -> BTreeMap<u64, usize> {
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

fn settings() -> KinesisMapping {
    KinesisMapping {
        name: "F.Records".to_owned(),
        uuid: "uuid".to_owned(),
        function: "F".to_owned(),
        stream: "S".to_owned(),
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
struct Process {
    stream: Arc<MemoryStream>,
    phase: watch::Sender<Phase>,
    work: JoinHandle<Result<(), MappingError>>,
    remembers: Arc<Remembers>,
}

/// Whether a taker has passed every record that its stream holds now.
async fn is_drained(source: &dyn StreamSource) -> Result<bool, StreamError> {
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
    fn start(settings: KinesisMapping, stream: &Arc<MemoryStream>, function: &Arc<Scripted>) -> Self {
        Self::start_by(Arc::new(TurningClock::default()), settings, stream, function)
    }

    fn start_by(
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
    async fn kill(self) {
        self.work.abort();
        drop(self.work.await);
    }

    async fn drain(self) -> Arc<Remembers> {
        self.phase.send_replace(Phase::Draining);
        while !is_drained(&*self.stream).await.unwrap() {
            turns(10).await;
        }
        self.phase.send_replace(Phase::Stopped);
        self.work.await.unwrap().unwrap();
        self.remembers
    }
}

#[tokio::test]
async fn a_lane_in_retries_stops_none_of_its_neighbours() {
    let stream = MemoryStream::new(&["0"]);
    for number in 0..30_000_u64 {
        stream.put("0", number, &format!("key {}", number % 50));
    }
    let function = Scripted::new(|key, _| key != "key 7");
    let process = Process::start(
        KinesisMapping { batch_size: 100, parallelization_factor: 10, ..settings() },
        &stream,
        &function,
    );
    turns(20_000).await;
    let stuck = 7; // the first record of its lane that fails
    let invoked = function.invoked();
    let lanes_beside = invoked.keys().filter(|number| **number > 20_000).count();
    assert!(lanes_beside > 7_000, "{lanes_beside} records of the last 10,000");
    assert_eq!(
        stream.after("0").and_then(|after| after.parse().ok()).filter(|after: &u64| *after >= stuck),
        None
    );
    process.kill().await;
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_not_invoked_again_and_nothing_is_left_out() {
    for kill_after in [1, 7, 40, 200, 1_001] {
        let stream = MemoryStream::new(&["0"]);
        for number in 0..3_000_u64 {
            stream.put("0", number, &format!("key {}", number % 50));
        }
        let several = KinesisMapping { parallelization_factor: 4, ..settings() };
        // A lane that fails holds the place of the shard back, and the others are far ahead of it.
        let failing = Scripted::new(|key, number| key != "key 3" || number.parse::<u64>().unwrap() < 100);
        let process = Process::start(several.clone(), &stream, &failing);
        turns(kill_after).await;
        let remembers = Arc::clone(&process.remembers);
        process.kill().await;
        let acknowledged = acknowledged(&remembers);
        let well = Scripted::new(|_, _| true);
        let rest = Process::start(several, &stream, &well).drain().await;
        assert_eq!(acknowledged + self::acknowledged(&rest), 3_000, "killed after {kill_after} turns");
        assert!(well.invoked().values().all(|times| *times == 1));
    }
}

fn acknowledged(remembers: &Remembers) -> u64 {
    let count = |event: &Event| if let Event::Acknowledged { records, .. } = event { *records } else { 0 };
    remembers.events.lock().unwrap().iter().map(count).sum()
}

#[tokio::test]
async fn children_begin_when_their_parents_are_finished_in_this_process_or_an_earlier_one() {
    let stream = MemoryStream::new(&["0"]);
    (0..100).for_each(|number| stream.put("0", number, "key"));
    stream.split("0", &["1", "2"]);
    (100..110).for_each(|number| stream.put("1", number, "key"));
    let failing = Scripted::new(|_, number| number.parse::<u64>().unwrap() < 50);
    let process = Process::start(settings(), &stream, &failing);
    turns(20_000).await;
    process.kill().await;
    assert!(
        failing.invoked().keys().all(|number| *number < 100),
        "a child began before its parent was finished"
    );
    let well = Scripted::new(|_, _| true);
    let process = Process::start(settings(), &stream, &well);
    turns(20).await;
    process.kill().await;
    let rest = Scripted::new(|_, _| true);
    Process::start(settings(), &stream, &rest).drain().await;
    let invoked: Vec<u64> = well.invoked().keys().chain(rest.invoked().keys()).copied().collect();
    assert!((50..110).all(|number| invoked.contains(&number)), "{invoked:?}");
    assert!(stream.is_finished("0") && !stream.is_finished("1"));
}

#[tokio::test]
async fn a_window_goes_on_with_its_state_after_a_kill() {
    let stream = MemoryStream::new(&["0"]);
    (0..30).for_each(|number| stream.put("0", number, "key"));
    let windowed = KinesisMapping { tumbling_window: Some(Duration::from_mins(15)), ..settings() };
    let function = Scripted::new(|_, _| true);
    let process = Process::start_by(Arc::new(StandingClock), windowed.clone(), &stream, &function);
    turns(1_000).await;
    process.kill().await;
    (30..40).for_each(|number| stream.put("0", number, "key"));
    Process::start(windowed, &stream, &function).drain().await;
    let requests = function.requests.lock().unwrap();
    let (_, last) = requests.last().unwrap();
    assert_eq!((&last["isFinalInvokeForWindow"], &last["state"]["count"]), (&true.into(), &40.into()));
}

#[tokio::test]
async fn a_retry_keeps_its_request_id_and_the_document_names_it() {
    let stream = MemoryStream::new(&["0"]);
    stream.put("0", 1, "poison");
    let settings = KinesisMapping {
        maximum_retry_attempts: Some(2),
        on_failure: Some(template::OnFailure::Messages),
        ..settings()
    };
    let function = Scripted::new(|key, _| key != "poison");
    let remembers = Process::start(settings, &stream, &function).drain().await;
    let ids: Vec<String> = function.requests.lock().unwrap().iter().map(|(id, _)| id.clone()).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let documents = remembers.documents.lock().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&documents[0].without_payload()).unwrap();
    assert_eq!(document["requestContext"]["requestId"], ids[0].as_str());
    assert_eq!(document["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(document["responseContext"]["functionError"], serde_json::Value::Null);
    let kept = |event: &Event| matches!(event, Event::Discarded { kept: Some(_), records: 1, .. });
    assert!(remembers.events.lock().unwrap().iter().any(kept));
}

#[tokio::test]
async fn without_a_destination_what_is_discarded_is_lost_and_told() {
    let stream = MemoryStream::new(&["0"]);
    stream.put("0", 1, "poison");
    let settings = KinesisMapping { maximum_retry_attempts: Some(0), ..settings() };
    let function = Scripted::new(|_, _| false);
    let remembers = Process::start(settings, &stream, &function).drain().await;
    let lost = |event: &Event| matches!(event, Event::Discarded { kept: None, records: 1, .. });
    assert!(remembers.events.lock().unwrap().iter().any(lost));
}

#[tokio::test]
async fn a_stream_that_is_deleted_ends_its_mapping_in_peace() {
    let stream = MemoryStream::new(&["0"]);
    let function = Scripted::new(|_, _| true);
    let process = Process::start(settings(), &stream, &function);
    turns(10).await;
    stream.delete();
    assert!(process.work.await.unwrap().is_ok());
}
