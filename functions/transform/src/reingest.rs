//! Puts records for which the answer has no room back on the stream from which they came. Delivery is at
//! least once, so this is only for a stream that has no other consumer.
//!
//! A record goes back in a hop frame, which the decoder takes off and counts, so that it can't go round for
//! ever. Once the stream has it, it is answered as dropped. A record that the stream does not accept is
//! answered as failed.

use bytes::Bytes;
use edge::lambda::events::FirehoseRecord;
use edge::put_records::{Engine, EngineSettings, Entry, RecordSink, ShardMap};
use record_model::hop;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;
use tokio::time::Instant;

/// Time reserved, before the invocation's deadline, for sending the answer.
const DEADLINE_MARGIN: Duration = Duration::from_secs(2);

/// How often a record may go back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HopLimit {
    max_hops: u8,
}

/// A record that may go back to its stream.
#[derive(Debug)]
pub(crate) struct PutBack {
    /// Its place in the event.
    pub(crate) index: usize,
    /// Where it stands in the answer as failed.
    pub(crate) answer_entry: Range<usize>,
    /// Length of its documents.
    pub(crate) document_bytes: usize,
    /// The record in its hop frame, with its own partition key.
    pub(crate) frame: Entry,
}

impl HopLimit {
    pub(crate) fn new(max_hops: u8) -> Self {
        Self { max_hops }
    }

    /// The record for its stream, unless it has been put back often enough.
    pub(crate) fn put_back(self, record: &FirehoseRecord<'_>, payload: &[u8], hops: u8) -> Option<Entry> {
        if hops >= self.max_hops {
            return None;
        }
        let mut frame = Vec::with_capacity(payload.len() + hop::OVERHEAD_BYTES);
        hop::write(hops + 1, payload, &mut frame).ok()?;
        Some(Entry::new(record.position()?.partition_key.text(), Bytes::from(frame)))
    }
}

/// The stream to which records go back. Its client is made when the first one does.
pub struct Reingest<S> {
    connect: Box<dyn Fn() -> S>,
    sink: OnceCell<S>,
}

impl<S: RecordSink + Clone + 'static> Reingest<S> {
    /// Makes a way back that connects by calling `connect`.
    pub fn new(connect: impl Fn() -> S + 'static) -> Self {
        Self { connect: Box::new(connect), sink: OnceCell::new() }
    }

    /// Puts records back, and returns the indices of those that the stream accepted.
    pub(crate) async fn put(&self, left_out: &[PutBack], time_left: Duration) -> HashSet<usize> {
        let sink = self.sink.get_or_init(|| (self.connect)()).clone();
        let time_left = time_left.saturating_sub(DEADLINE_MARGIN);
        let settings = EngineSettings {
            patience: time_left,
            deadline: Some(Instant::now() + time_left),
            ..EngineSettings::default()
        };
        let engine = Engine::new(sink, settings, ShardMap::default());
        let mut taken = HashSet::with_capacity(left_out.len());
        for (position, PutBack { index, frame, .. }) in (0..).zip(left_out) {
            if engine.push(frame.clone().at(position)).await.is_ok() {
                taken.insert(*index);
            }
        }
        for unsent in engine.finish().await.unsent {
            let index =
                usize::try_from(unsent.entry.position).ok().and_then(|position| left_out.get(position));
            index.map(|put_back| taken.remove(&put_back.index));
        }
        taken
    }
}
