//! The streams of all flows. The files of one stream share its connections, and what it said about itself.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edge::aws::{AwsSettings, KinesisSink};
use edge::ingest::ReadyStream;
use edge::logging::chain;
use edge::put_records::SinkError;
use tokio::time::Instant;

use super::World;
use crate::aws::endpoint;

/// How long one attempt waits for a stream to become active.
const ACTIVE_WITHIN: Duration = Duration::from_secs(10);
/// How long a stream is believed. `DescribeStreamSummary` allows 20 calls a second for a whole account, and a folder may
/// have thousands of files.
const BELIEVED: Duration = Duration::from_mins(1);

/// The streams by their names.
pub(super) struct Streams {
    aws: AwsSettings,
    streams: Mutex<BTreeMap<String, Arc<Stream>>>,
}

struct Stream {
    sink: KinesisSink,
    /// When it was asked, and what it said. One file asks and the others wait for its answer.
    ready: tokio::sync::Mutex<Option<(Instant, ReadyStream<KinesisSink>)>>,
}

impl Streams {
    pub(super) fn of(aws: AwsSettings) -> Self {
        Self { aws, streams: Mutex::default() }
    }

    /// Waits until a stream takes records, unless the command is stopped before. The error names the stream.
    pub(super) async fn ready(&self, name: &str, world: &World) -> Result<ReadyStream<KinesisSink>, String> {
        let stream = self.stream(name);
        let mut ready = stream.ready.lock().await;
        if let Some((_, known)) = ready.as_ref().filter(|(asked, _)| asked.elapsed() < BELIEVED) {
            return Ok(known.clone());
        }
        let place = self.place(name);
        let on_wait = |error: &SinkError| world.rates.say(&format!("waiting for {place}: {}", chain(error)));
        let found = tokio::select! {
            found = ReadyStream::wait(stream.sink.clone(), Instant::now() + ACTIVE_WITHIN, &on_wait) => found,
            () = stopped(world) => return Err("stopped".to_owned()),
        };
        let found = found.map_err(|error| format!("{place} can't be put to: {}", chain(&error)))?;
        *ready = Some((Instant::now(), found.clone()));
        Ok(found)
    }

    /// Asks the stream again next time, because a put to it failed.
    pub(super) async fn forget(&self, name: &str) {
        *self.stream(name).ready.lock().await = None;
    }

    /// The words for a stream in messages.
    pub(super) fn place(&self, name: &str) -> String {
        format!("stream {name:?} at {}", endpoint(&self.aws))
    }

    fn stream(&self, name: &str) -> Arc<Stream> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let connect = || {
            let sink = KinesisSink::connect(name, &self.aws);
            Arc::new(Stream { sink, ready: tokio::sync::Mutex::default() })
        };
        Arc::clone(streams.entry(name.to_owned()).or_insert_with(connect))
    }
}

/// Waits until the command is stopped.
async fn stopped(world: &World) {
    while !world.stop.flag.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
