//! One invocation: it takes the lease, reads, puts, and saves how far it got.

use std::time::Duration;

use bytes::Bytes;
use edge::ingest::{Cursor, CursorFile, FeedLimits, FeedReport, Ingest, IngestSettings, Lease, Taken};
use edge::lambda::{Invocation, InvocationError};
use edge::metrics::Metrics;
use edge::put_records::{EngineSettings, RecordSink, ShardRate, SinkError, StopReason};
use edge::schema_source::load_schema;
use edge::sources::{Access, AnySource};
use edge::store::{ObjectStore, StoreError};
use record_model::Schema;
use tokio::time::{Instant, timeout_at};

use crate::answer::Answer;
use crate::error::ProducerError;
use crate::event::Event;
use crate::moments::{Moments, patience};
use crate::quarantine::BucketQuarantine;
use crate::saver::Saver;
use crate::settings::ProducerSettings;
use crate::start::{cursor_for, place};

/// The function: it has a stream to put to, a bucket for quarantine and cursors, and a way to other buckets.
pub struct Producer<K, S, O> {
    sink: K,
    store: S,
    open_bucket: O,
    settings: ProducerSettings,
}

/// What one invocation was asked to do, and when.
struct Task<'a> {
    event: Event,
    schema: Schema,
    moments: Moments,
    invocation: &'a Invocation,
    started: Instant,
}

/// Everything that is needed to read the first record.
struct Ready<K, S> {
    ingest: Ingest<K>,
    source: AnySource<S>,
    /// Where the run starts.
    cursor: Cursor,
}

impl<K, S, O> Producer<K, S, O>
where
    K: RecordSink + Clone + 'static,
    S: ObjectStore + 'static,
    O: Fn(&str) -> Result<S, StoreError>,
{
    /// Puts the parts together; nothing is sent yet.
    pub fn new(sink: K, store: S, open_bucket: O, settings: ProducerSettings) -> Self {
        Self { sink, store, open_bucket, settings }
    }

    /// Answers one invocation.
    pub async fn handle(&self, invocation: Invocation) -> Result<Bytes, InvocationError> {
        // The future is boxed, like the run inside it, since the compiler limits the nesting of one future.
        match Box::pin(self.run(&invocation)).await {
            Ok(answer) => match answer.to_json() {
                Ok(json) => Ok(json.into()),
                Err(error) => Err(InvocationError::new("answer", &error)),
            },
            Err(error) => Err(InvocationError::new(error.kind(), &error)),
        }
    }

    async fn run(&self, invocation: &Invocation) -> Result<Answer, ProducerError> {
        let moments = Moments::of(invocation, self.settings.deadline_margin)?;
        let (by, allowed_ms) = (moments.answer_by, moments.shares.saving.as_millis());
        let too_slow = |_| ProducerError::TooSlow {
            what: "the invocation",
            allowed_ms,
            advice: "raise DEADLINE_MARGIN_MS",
        };
        timeout_at(by, self.run_until(invocation, moments)).await.unwrap_or_else(|over| Err(too_slow(over)))
    }

    async fn run_until(&self, invocation: &Invocation, moments: Moments) -> Result<Answer, ProducerError> {
        let started = Instant::now();
        let event = Event::parse(&invocation.body)?;
        let schema = load_schema(&event.schema, &self.settings.aws).await?;
        let task = Task { event, schema, moments, invocation, started };
        let file = match self.take_lease(&task).await? {
            Taken::Ours(file) => *file,
            Taken::Others { owner } => return Ok(Answer::leased(&task.schema, owner)),
        };
        let ready = match self.open_in_time(&task, file.cursor()).await {
            Ok(ready) => ready,
            Err(error) => {
                let cursor = file.cursor().clone();
                file.release(&self.store, cursor).await?;
                return if error.asks_to_wait() { Ok(Answer::waiting(&task.schema)) } else { Err(error) };
            }
        };
        let shards = ready.ingest.open_shards();
        let report = self.put(&task, file, ready).await?;
        self.metrics(&task, &report, shards);
        outcome(&task, report, shards)
    }

    async fn take_lease(&self, task: &Task<'_>) -> Result<Taken, ProducerError> {
        let source = format!("{} to {}", task.event.source.name(), self.settings.stream);
        let lease = Lease {
            owner: task.invocation.request_id.clone(),
            expires_at_ms: task.moments.lease_expires_at_ms,
        };
        let now_ms = task.moments.now_ms;
        Ok(CursorFile::take(&self.store, task.schema.name(), &source, lease, now_ms).await?)
    }

    /// Opens the source and the stream. If that takes longer than the time for reading, it is of no use.
    async fn open_in_time(&self, task: &Task<'_>, saved: &Cursor) -> Result<Ready<K, S>, ProducerError> {
        let too_slow = ProducerError::TooSlow {
            what: "opening the source and the stream",
            allowed_ms: task.moments.shares.reading.as_millis(),
            advice: "give the function a longer timeout",
        };
        let opened = timeout_at(task.moments.stop_at, Box::pin(self.open(task, saved))).await;
        opened.unwrap_or(Err(too_slow))
    }

    /// Finds everything that can be wrong, before the first record is read.
    async fn open(&self, task: &Task<'_>, saved: &Cursor) -> Result<Ready<K, S>, ProducerError> {
        let Task { event, schema, moments, .. } = task;
        let settings = IngestSettings {
            packing: event.packing(),
            engine: self.engine(task, saved),
            max_record_bytes: self.settings.max_record_bytes,
            active_by: moments.stop_at,
        };
        let on_wait = |error: &SinkError| {
            tracing::warn!(error = error as &dyn std::error::Error, "waiting for the stream");
        };
        let ingest = Ingest::open(self.sink.clone(), schema, settings, &on_wait).await?;
        let access = Access {
            schema,
            now_ms: moments.now_ms,
            open_bucket: &self.open_bucket,
            secrets: &self.settings.secrets,
            trusted_roots: &self.settings.aws.trusted_roots,
        };
        let found = event.source.find(&access).await?;
        let cursor = cursor_for(&found, saved, event.on_change)?;
        Ok(Ready { ingest, source: found.open(&place(&cursor, event.on_change))?, cursor })
    }

    fn engine(&self, task: &Task<'_>, saved: &Cursor) -> EngineSettings {
        let Moments { shares, deadline, .. } = task.moments;
        let last_call = shares.sending.saturating_sub(shares.starting);
        let run = deadline.saturating_duration_since(Instant::now()).saturating_sub(last_call);
        let tried = Duration::from_millis(saved.tried_ms);
        EngineSettings {
            requests_in_flight: self.settings.requests_in_flight,
            patience: patience(self.settings.patience, tried, run),
            shard_rate: task.event.keep_shard_limits.then_some(ShardRate::KINESIS),
            deadline: Some(deadline),
            last_call,
            ..EngineSettings::default()
        }
    }

    async fn put(
        &self,
        task: &Task<'_>,
        file: CursorFile,
        ready: Ready<K, S>,
    ) -> Result<FeedReport, ProducerError> {
        let Ready { ingest, source, cursor } = ready;
        let version = cursor.source_version.clone();
        let source_name = task.event.source.name();
        let quarantine = BucketQuarantine {
            store: &self.store,
            data_set: task.schema.name(),
            source: &source_name,
            source_version: version.as_deref(),
            stream: &self.settings.stream,
        };
        let Moments { stop_at, aside_by, .. } = task.moments;
        let mut saver = Saver::new(&self.store, file, cursor, stop_at);
        let limits = FeedLimits {
            stop_at: Some(stop_at),
            aside_by: Some(aside_by),
            records_per_s: task.event.records_per_s,
            ..FeedLimits::default()
        };
        let report = Box::pin(ingest.run(source, &quarantine, &mut saver, limits)).await;
        saver.release(&report).await?;
        Ok(report)
    }

    fn metrics(&self, task: &Task<'_>, report: &FeedReport, shards: usize) {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let engine = &report.engine;
        Metrics::new("producer", task.schema.name())
            .count("records_read", count(report.read))
            .count("records_put", count(report.put))
            .count("records_quarantined", count(report.quarantined))
            .count("kinesis_records", count(engine.accepted))
            .count("kinesis_records_retried", count(engine.retried))
            .count("put_records_calls", count(engine.calls))
            .count("put_records_calls_failed", count(engine.failed_calls))
            .count("records_misplaced", count(engine.misplaced_records))
            .percent("skew", engine.skew(shards) * 100.0)
            .duration("duration", task.started.elapsed())
            .property("stream", self.settings.stream.as_str())
            .property("done", report.done)
            .invocation(task.invocation)
            .emit();
    }
}

/// The result of a run, once its cursor is saved.
fn outcome(task: &Task<'_>, mut report: FeedReport, shards: usize) -> Result<Answer, ProducerError> {
    if let Some(source) = report.error.take() {
        return Err(ProducerError::Feed { read: report.read, put: report.put, source });
    }
    let stopped = match report.engine.stopped.take() {
        Some(StopReason::Fatal(source)) => return Err(ProducerError::Stream(SinkError::Fatal(source))),
        stopped => stopped,
    };
    if report.read == 0 && !report.done && !report.asked_to_wait {
        return Err(ProducerError::NothingRead { reading_ms: task.moments.shares.reading.as_millis() });
    }
    if report.put + report.quarantined == 0 && report.read > 0 {
        let sending_ms = task.moments.shares.sending.as_millis();
        tracing::warn!(read = report.read, sending_ms, "the stream acknowledged no record in time");
    }
    Ok(Answer::of(&task.schema, &report, stopped.as_ref(), shards))
}
