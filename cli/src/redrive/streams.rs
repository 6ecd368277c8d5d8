//! Puts records on their streams again.

use std::collections::HashMap;

use edge::aws::{AwsSettings, KinesisSink};
use edge::logging::chain;
use edge::put_records::{Engine, EngineSettings, EngineStopped, Entry, RecordSink as _, ShardMap};

use crate::aws::endpoint;

/// What became of the records of one step.
#[derive(Debug, Default)]
pub(super) struct PutAgain {
    /// The records that are not on the stream: their places in the step, each with the reason.
    pub(super) failed: Vec<(usize, String)>,
    /// The number of requests that failed as a whole and were sent again. The stream may have their records twice.
    pub(super) uncertain_calls: u64,
}

/// The streams that records go back to. Each is connected to when it is first needed.
pub(super) struct Streams<'a> {
    aws: &'a AwsSettings,
    known: HashMap<String, Stream>,
}

struct Stream {
    sink: KinesisSink,
    max_record_bytes: usize,
}

impl<'a> Streams<'a> {
    pub(super) fn new(aws: &'a AwsSettings) -> Self {
        Self { aws, known: HashMap::new() }
    }

    /// Asks for a stream once, so that a missing one is reported before anything is noted on its records.
    pub(super) async fn check(&mut self, name: &str) -> Result<(), String> {
        if self.known.contains_key(name) {
            return Ok(());
        }
        let sink = KinesisSink::connect(name, self.aws);
        let summary = sink.summary().await.map_err(|error| {
            format!(
                "stream {name:?} at {} can't be put to: {}; `kinflow streams list` shows those that are there",
                endpoint(self.aws),
                chain(&error)
            )
        })?;
        self.known.insert(name.to_owned(), Stream { sink, max_record_bytes: summary.max_record_bytes });
        Ok(())
    }

    /// Puts records, and waits until each is acknowledged or has failed.
    pub(super) async fn put(&self, name: &str, entries: impl IntoIterator<Item = Entry>) -> PutAgain {
        let mut outcome = PutAgain::default();
        let Some(stream) = self.known.get(name) else { return outcome };
        let settings = EngineSettings { record_bytes: stream.max_record_bytes, ..EngineSettings::default() };
        let engine = Engine::new(stream.sink.clone(), settings, ShardMap::default());
        for (index, entry) in entries.into_iter().enumerate() {
            if let Err(error) = engine.push(entry.at(index as u64)).await {
                let told = match error {
                    EngineStopped::Entry(error) => error.to_string(),
                    EngineStopped::Stopped => "the stream can't be written to".to_owned(),
                };
                outcome.failed.push((index, told));
            }
        }
        let report = engine.finish().await;
        outcome.uncertain_calls = report.failed_calls;
        for unsent in report.unsent {
            let index = usize::try_from(unsent.entry.position).unwrap_or(usize::MAX);
            outcome.failed.push((index, unsent.reason.as_str().to_owned()));
        }
        outcome
    }
}
