//! One invocation: take the lease, read, put, save how far.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use edge::aws::SecretError;
use edge::ingest::{
    Cursor, CursorError, CursorFile, FeedError, FeedLimits, FeedReport, Progress, Taken, feed,
};
use edge::lambda::{Invocation, InvocationError};
use edge::metrics::Metrics;
use edge::put_records::{
    Engine, EngineSettings, Packer, PackingError, RecordSink, ShardMap, ShardRate, SinkError, StopReason,
    StreamSummary, wait_until_active,
};
use edge::schema_source::{SchemaSourceError, load_schema};
use edge::sources::{Resume, SourceError};
use edge::store::{ObjectStore, StoreError};
use record_model::Schema;
use serde::Serialize;
use tokio::time::Instant;

use crate::event::{Event, EventError};
use crate::opened::{Means, Opened, open};
use crate::quarantine::BucketQuarantine;
use crate::settings::ProducerSettings;

/// A lease lasts this much longer than the invocation that holds it, for clocks that differ.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// How often the cursor is saved within a run.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// The function: a stream to put to, a bucket for quarantine and cursors, and a way to other buckets.
pub struct Producer<K, S, O> {
    sink: K,
    store: S,
    open_bucket: O,
    settings: ProducerSettings,
}

/// What an invocation answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The data set.
    pub schema: String,
    /// Records read from the source.
    pub read: u64,
    /// Records the stream acknowledged.
    pub put: u64,
    /// Records put aside.
    pub quarantined: u64,
    /// Whether the source is at its end; if not, invoke again.
    pub done: bool,
    /// Why it is not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Kinesis records the stream acknowledged.
    pub kinesis_records: u64,
    /// Kinesis records that were refused and sent again.
    pub retried: u64,
    /// The fullest shard's share against an even one.
    pub skew: f64,
}

/// Why an invocation failed. What was sent until then stays sent, and the cursor says how far.
#[derive(Debug, thiserror::Error)]
pub enum ProducerError {
    /// The event asks for nothing a producer does.
    #[error("event can't be used")]
    Event(#[from] EventError),
    /// There is no such schema.
    #[error("schema can't be used")]
    Schema(#[from] SchemaSourceError),
    /// The event's form of records contradicts itself.
    #[error("event can't be used")]
    Packing(#[from] PackingError),
    /// A bucket failed.
    #[error("bucket failed")]
    Store(#[from] StoreError),
    /// The cursor failed.
    #[error("cursor failed")]
    Cursor(#[from] CursorError),
    /// A secret the source needs is not to be had.
    #[error("secret failed")]
    Secret(#[from] SecretError),
    /// The source can't be opened.
    #[error("source failed")]
    Source(#[from] SourceError),
    /// The source is not the one the cursor counts in, and the event says to fail then.
    #[error("the source was written anew since the last run")]
    SourceReplaced,
    /// Records were read and something failed.
    #[error("stopped after {read} records read and {put} put")]
    Feed {
        /// Records read.
        read: u64,
        /// Records acknowledged.
        put: u64,
        /// Why.
        source: FeedError,
    },
    /// The stream can't be used.
    #[error("stream failed")]
    Stream(#[from] SinkError),
    /// Keys matter to this event and mean nothing to this stream.
    #[error("stream spreads records as it likes (AUTO), so keys, order, chunks and aggregates can't be kept")]
    KeysIgnored,
}

impl ProducerError {
    /// A short stable word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) | Self::Packing(_) => "bad_event",
            Self::Schema(_) => "bad_schema",
            Self::Store(_) => "bucket",
            Self::Cursor(_) => "cursor",
            Self::Secret(_) => "secret",
            Self::Source(_) | Self::SourceReplaced => "source",
            Self::Feed { .. } => "feed",
            Self::Stream(_) | Self::KeysIgnored => "stream",
        }
    }
}

impl<K, S, O> Producer<K, S, O>
where
    K: RecordSink + Clone + 'static,
    S: ObjectStore + 'static,
    O: Fn(&str) -> Result<S, StoreError>,
{
    /// Puts its parts together; nothing is sent yet.
    pub fn new(sink: K, store: S, open_bucket: O, settings: ProducerSettings) -> Self {
        Self { sink, store, open_bucket, settings }
    }

    /// Answers one invocation.
    pub async fn handle(&self, invocation: Invocation) -> Result<Bytes, InvocationError> {
        // Boxed, like the run inside: the compiler counts the levels of one future.
        match Box::pin(self.run(&invocation)).await {
            Ok(answer) => match serde_json::to_vec(&answer) {
                Ok(json) => Ok(json.into()),
                Err(error) => Err(InvocationError::new("answer", &error)),
            },
            Err(error) => Err(InvocationError::new(error.kind(), &error)),
        }
    }

    async fn run(&self, invocation: &Invocation) -> Result<Answer, ProducerError> {
        let started = Instant::now();
        let event = Event::parse(&invocation.body)?;
        let schema = load_schema(&event.schema, &self.settings.aws).await?;
        let time = Time::of(invocation, self.settings.deadline_margin);
        let name = format!("{} to {}", event.source.name(), self.settings.stream);
        let (store, owner, until) = (&self.store, &invocation.request_id, time.lease_expires_at_ms);
        let taken = CursorFile::take(store, schema.name(), &name, owner, time.now_ms, until).await?;
        let file = match taken {
            Taken::Ours(file) => *file,
            Taken::Others { owner } => return Ok(Answer::leased(&schema, owner)),
        };
        let opened = match Box::pin(self.open(&event, &schema, file.cursor(), &time)).await {
            Ok(opened) => opened,
            Err(error) => {
                let cursor = file.cursor().clone();
                file.release(&self.store, cursor).await?;
                return Err(error);
            }
        };
        let (mut report, shards) = self.feed(&event, &schema, file, opened, &time).await?;
        self.metrics(&schema, &report, shards, started, invocation);
        if let Some(source) = report.error.take() {
            return Err(ProducerError::Feed { read: report.read, put: report.put, source });
        }
        match report.engine.stopped.take() {
            Some(StopReason::Fatal(source)) => Err(ProducerError::Stream(SinkError::Fatal(source))),
            stopped => Ok(Answer::of(&schema, &report, stopped.as_ref(), shards)),
        }
    }

    /// Everything that can be wrong is found here, before the first record is read.
    async fn open(
        &self,
        event: &Event,
        schema: &Schema,
        cursor: &Cursor,
        time: &Time,
    ) -> Result<Ready<S>, ProducerError> {
        let summary = self.summary(time).await?;
        if summary.ignores_keys && event.keys_matter() {
            return Err(ProducerError::KeysIgnored);
        }
        let record_bytes = self.settings.max_record_bytes.unwrap_or(summary.max_record_bytes);
        let packer = Packer::new(event.packing(), schema.clone(), record_bytes)?;
        let means = Means {
            schema,
            now_ms: time.now_ms,
            open_bucket: &self.open_bucket,
            secrets: &self.settings.secrets,
        };
        let opened = open(event, cursor, &means).await?;
        Ok(Ready { opened, packer, record_bytes })
    }

    /// What the stream says of itself; documented defaults where the function may not ask.
    async fn summary(&self, time: &Time) -> Result<StreamSummary, ProducerError> {
        match wait_until_active(&self.sink, time.stop_at).await {
            Err(SinkError::Fatal(error)) if error.to_string().starts_with("AccessDenied") => {
                tracing::warn!(
                    error = error.as_ref(),
                    "stream can't be described, taking the default limits"
                );
                let max_record_bytes = EngineSettings::default().record_bytes;
                Ok(StreamSummary {
                    takes_records: true,
                    max_record_bytes,
                    ignores_keys: false,
                    open_shards: 0,
                })
            }
            found => Ok(found?),
        }
    }

    async fn feed(
        &self,
        event: &Event,
        schema: &Schema,
        file: CursorFile,
        ready: Ready<S>,
        time: &Time,
    ) -> Result<(FeedReport, usize), ProducerError> {
        let Ready { opened: Opened { source, cursor }, packer, record_bytes } = ready;
        let shards = self.shards().await;
        let open_shards = shards.shards().len();
        let settings = EngineSettings {
            record_bytes,
            requests_in_flight: self.settings.requests_in_flight,
            patience: self.settings.patience,
            order_per_key: event.order_per_key,
            shard_rate: event.keep_shard_limits.then_some(ShardRate::KINESIS),
            deadline: Some(time.deadline),
            ..EngineSettings::default()
        };
        let engine = Engine::new(self.sink.clone(), settings, shards);
        let version = cursor.source_version.clone();
        let source_name = event.source.name();
        let mut quarantine = BucketQuarantine {
            store: &self.store,
            data_set: schema.name(),
            source: &source_name,
            source_version: version.as_deref(),
            stream: &self.settings.stream,
        };
        let mut saver = Saver { store: &self.store, file, cursor, saved_at: Instant::now(), lost: None };
        let records_per_s = event.records_per_s;
        let limits = FeedLimits { stop_at: Some(time.stop_at), records_per_s, ..FeedLimits::default() };
        let report = Box::pin(feed(source, packer, engine, &mut quarantine, &mut saver, limits)).await;
        saver.release(&report).await?;
        Ok((report, open_shards))
    }

    /// Without a map nothing is foreseen, and all is sent all the same.
    async fn shards(&self) -> ShardMap {
        self.sink.shards().await.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "shards can't be listed");
            ShardMap::default()
        })
    }

    fn metrics(
        &self,
        schema: &Schema,
        report: &FeedReport,
        shards: usize,
        started: Instant,
        invocation: &Invocation,
    ) {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let engine = &report.engine;
        Metrics::new("producer", schema.name())
            .count("records_read", count(report.read))
            .count("records_put", count(report.put))
            .count("records_quarantined", count(report.quarantined))
            .count("kinesis_records", count(engine.accepted))
            .count("kinesis_records_retried", count(engine.retried))
            .count("put_records_calls", count(engine.calls))
            .count("put_records_calls_failed", count(engine.failed_calls))
            .count("records_misplaced", count(engine.misplaced_records))
            .percent("skew", engine.skew(shards) * 100.0)
            .duration("duration", started.elapsed())
            .property("stream", self.settings.stream.as_str())
            .property("done", report.done)
            .invocation(invocation)
            .emit();
    }
}

/// All that is needed to read the first record.
struct Ready<S> {
    opened: Opened<S>,
    packer: Packer,
    record_bytes: usize,
}

/// The moments of one invocation.
struct Time {
    now_ms: i64,
    lease_expires_at_ms: i64,
    /// No record is read after this.
    stop_at: Instant,
    /// No request is on its way after this.
    deadline: Instant,
}

impl Time {
    fn of(invocation: &Invocation, margin: Duration) -> Self {
        let now = SystemTime::now();
        let left = invocation.deadline.duration_since(now).unwrap_or_default();
        let usable = left.saturating_sub(margin);
        Self {
            now_ms: since_epoch_ms(now),
            lease_expires_at_ms: since_epoch_ms(invocation.deadline + LEASE_MARGIN),
            // The last records need time to be acknowledged, refused and sent again.
            stop_at: Instant::now() + usable.saturating_sub(margin),
            deadline: Instant::now() + usable,
        }
    }
}

fn since_epoch_ms(time: SystemTime) -> i64 {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// Saves the cursor from time to time.
struct Saver<'a, S> {
    store: &'a S,
    file: CursorFile,
    cursor: Cursor,
    saved_at: Instant,
    lost: Option<CursorError>,
}

impl<S: ObjectStore> Progress for Saver<'_, S> {
    async fn at(&mut self, _read: u64, resume: Resume) {
        if self.saved_at.elapsed() < SAVE_EVERY || self.lost.is_some() {
            return;
        }
        self.saved_at = Instant::now();
        let cursor = Cursor { resume, done: false, ..self.cursor.clone() };
        match self.file.save(self.store, cursor).await {
            Err(lost @ CursorError::Lost { .. }) => self.lost = Some(lost),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cursor not saved, later again");
            }
            Ok(()) => {}
        }
    }
}

impl<S: ObjectStore> Saver<'_, S> {
    async fn release(self, report: &FeedReport) -> Result<(), CursorError> {
        if let Some(lost) = self.lost {
            return Err(lost);
        }
        let resume = report.resume.clone().unwrap_or_else(|| self.cursor.resume.clone());
        let cursor = Cursor { resume, done: report.done, ..self.cursor };
        self.file.release(self.store, cursor).await
    }
}

impl Answer {
    fn of(schema: &Schema, report: &FeedReport, stopped: Option<&StopReason>, shards: usize) -> Self {
        let early = if report.asked_to_wait { "the source asks to wait" } else { "deadline" };
        let reason = stopped.map_or(early, StopReason::as_str);
        Self {
            schema: schema.name().to_owned(),
            read: report.read,
            put: report.put,
            quarantined: report.quarantined,
            done: report.done,
            reason: (!report.done).then(|| reason.to_owned()),
            kinesis_records: report.engine.accepted,
            retried: report.engine.retried,
            skew: report.engine.skew(shards),
        }
    }

    fn leased(schema: &Schema, owner: Option<String>) -> Self {
        let owner = owner.unwrap_or_else(|| "another invocation".to_owned());
        Self {
            schema: schema.name().to_owned(),
            read: 0,
            put: 0,
            quarantined: 0,
            done: false,
            reason: Some(format!("leased by {owner}")),
            kinesis_records: 0,
            retried: 0,
            skew: 1.0,
        }
    }
}
