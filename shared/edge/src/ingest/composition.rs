//! Composes the way from a source to a stream: the stream's limits and shards, the packer, the engine and the
//! run.

use record_model::Schema;
use tokio::time::Instant;

use super::{Checkpointer, Feed, FeedLimits, FeedReport, Quarantine, feed};
use crate::put_records::{
    Engine, EngineSettings, Packer, Packing, PackingError, RecordSink, ShardMap, SinkError, StreamSummary,
    wait_until_active,
};
use crate::sources::Source;

/// How records are put.
#[derive(Debug, Clone)]
pub struct IngestSettings {
    /// The form that records take in the stream.
    pub packing: Packing,
    /// The engine's settings. What is opened determines its record limit and its order.
    pub engine: EngineSettings,
    /// The most bytes of a record with its key; if unset, the stream's own limit.
    pub max_record_bytes: Option<usize>,
    /// How long to wait for a stream that is being created or is out of reach.
    pub active_by: Instant,
}

/// Why nothing can be put. No record was read.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The stream can't be used.
    #[error(transparent)]
    Stream(#[from] SinkError),
    /// The form of records contradicts itself.
    #[error(transparent)]
    Packing(#[from] PackingError),
    /// The form of records needs keys, but this stream ignores them.
    #[error(
        "stream chooses the shard of each record itself (AUTO), \
         so keys, order, chunks and aggregates can't be kept"
    )]
    KeysIgnored,
}

/// A stream that was found ready to take records. Several sources can be put to it, each by an [`Ingest`] of its
/// own, without asking the stream again.
#[derive(Debug, Clone)]
pub struct ReadyStream<K> {
    sink: K,
    summary: StreamSummary,
    shards: ShardMap,
}

impl<K: RecordSink> ReadyStream<K> {
    /// Waits until the stream takes records, by `active_by` at the latest. `on_wait` is told once if the stream must
    /// be waited for, and why.
    pub async fn wait(
        sink: K,
        active_by: Instant,
        on_wait: &(dyn Fn(&SinkError) + Sync),
    ) -> Result<Self, SinkError> {
        let summary = summary(&sink, active_by, on_wait).await?;
        let shards = shards(&sink).await;
        Ok(Self { sink, summary, shards })
    }
}

/// The way to a stream that is ready to take records.
pub struct Ingest<K> {
    stream: ReadyStream<K>,
    packer: Packer,
    engine: EngineSettings,
}

impl<K: RecordSink + 'static> Ingest<K> {
    /// Checks everything that can be wrong before the first record is read. `on_wait` is told once if the
    /// stream must be waited for, and why.
    pub async fn open(
        sink: K,
        schema: &Schema,
        settings: IngestSettings,
        on_wait: &(dyn Fn(&SinkError) + Sync),
    ) -> Result<Self, IngestError> {
        let stream = ReadyStream::wait(sink, settings.active_by, on_wait).await?;
        Self::to(stream, schema, settings)
    }

    /// Checks the settings against what a stream takes that was found ready already.
    pub fn to(
        stream: ReadyStream<K>,
        schema: &Schema,
        settings: IngestSettings,
    ) -> Result<Self, IngestError> {
        let IngestSettings { packing, engine, max_record_bytes, active_by: _ } = settings;
        if stream.summary.ignores_keys && packing.keys_matter() {
            return Err(IngestError::KeysIgnored);
        }
        let record_bytes = max_record_bytes.unwrap_or(stream.summary.max_record_bytes);
        let order_per_key = packing.order_per_key;
        let packer = Packer::new(packing, schema.clone(), record_bytes)?;
        let engine = EngineSettings { record_bytes, order_per_key, ..engine };
        Ok(Self { stream, packer, engine })
    }

    /// Returns what the stream says about itself.
    pub fn stream(&self) -> &StreamSummary {
        &self.stream.summary
    }

    /// Returns the number of shards that take records, or 0 if they could not be listed.
    pub fn open_shards(&self) -> usize {
        self.stream.shards.shards().len()
    }

    /// Puts what `source` has until it ends or a limit is reached.
    pub async fn run<S: Source, Q: Quarantine, P: Checkpointer>(
        self,
        source: S,
        quarantine: &Q,
        checkpointer: &mut P,
        limits: FeedLimits,
    ) -> FeedReport {
        let Self { stream: ReadyStream { sink, shards, .. }, packer, engine } = self;
        let engine = Engine::new(sink, engine, shards);
        feed(source, Feed { packer, engine, quarantine, checkpointer, limits }).await
    }
}

/// What the stream says about itself, or the documented defaults if the caller may not ask.
async fn summary<K: RecordSink>(
    sink: &K,
    active_by: Instant,
    on_wait: &(dyn Fn(&SinkError) + Sync),
) -> Result<StreamSummary, SinkError> {
    match wait_until_active(sink, active_by, on_wait).await {
        Err(SinkError::Denied(error)) => {
            tracing::warn!(error = error.as_ref(), "stream can't be described, taking the default limits");
            Ok(StreamSummary {
                takes_records: true,
                max_record_bytes: EngineSettings::default().record_bytes,
                ignores_keys: false,
                open_shards: 0,
                identity: None,
            })
        }
        found => found,
    }
}

/// Without a map of the shards nothing is predicted, but everything is sent all the same.
async fn shards<K: RecordSink>(sink: &K) -> ShardMap {
    sink.shards().await.unwrap_or_else(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "shards can't be listed");
        ShardMap::default()
    })
}
