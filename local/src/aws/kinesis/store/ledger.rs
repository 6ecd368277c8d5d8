//! What was put and what has not been taken yet, of every stream at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::StreamStore;
use super::lock::{lock, write};
use super::places::Places;
use super::stream::{Log, State, Stream};
use crate::aws::event::Name;

/// A shard's count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShardCount {
    pub(crate) stream: Name,
    pub(crate) shard: Name,
    /// Records ever put.
    pub(crate) put: u64,
    /// How many records were put since this process began.
    pub(crate) put_now: u64,
    /// How many of the stored records each taker has not passed.
    pub(crate) waiting: BTreeMap<String, u64>,
}

impl StreamStore {
    /// The count of every shard of every stream. Puts wait in the meantime, so that all counts belong to one
    /// moment.
    pub(crate) fn counts(&self) -> Vec<ShardCount> {
        let streams = self.live();
        let held: Vec<_> = streams.iter().map(|stream| write(&stream.state)).collect();
        streams.iter().zip(&held).flat_map(|(stream, state)| stream.counts(state)).collect()
    }

    /// What the streams that were deleted since this process began held at that moment.
    pub(crate) fn deleted(&self) -> Vec<ShardCount> {
        lock(&self.deleted).clone()
    }

    /// Whether, at one moment, every taker of every stream but these has passed every record and has finished
    /// every closed shard.
    pub(crate) fn is_drained(&self, but: &BTreeSet<String>) -> bool {
        let streams = self.live();
        let held: Vec<_> = streams.iter().map(|stream| write(&stream.state)).collect();
        streams.iter().zip(&held).all(|(stream, state)| stream.is_drained(state, but))
    }

    /// Ends once [`StreamStore::is_drained`] holds.
    pub(crate) async fn drained(&self, but: &BTreeSet<String>) {
        let mut passed = self.passed.subscribe();
        loop {
            passed.borrow_and_update();
            if self.is_drained(but) || passed.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Stream {
    pub(super) fn counts(&self, state: &State) -> Vec<ShardCount> {
        let takers = lock(&self.takers);
        let logs = state.logs.values().filter(|_| !state.is_deleted);
        let count = |log: &Arc<Log>| {
            let records = lock(&log.records);
            let start = state.description.shard(log.index).map_or(0, |shard| shard.start);
            let waiting = |next: u64| records.end().saturating_sub(next.max(records.oldest()));
            ShardCount {
                stream: self.name.clone(),
                shard: log.id.clone(),
                put: records.next() - start,
                put_now: records.next() - records.next_at_open(),
                waiting: takers
                    .iter()
                    .map(|(taker, places)| (taker.clone(), waiting(places.next(log.index))))
                    .collect(),
            }
        };
        logs.map(count).collect()
    }

    fn is_drained(&self, state: &State, but: &BTreeSet<String>) -> bool {
        let takers = lock(&self.takers);
        let has_passed = |places: &Places, log: &Log| {
            let is_closed = state.description.shard(log.index).is_some_and(|shard| shard.closed.is_some());
            let (oldest, end) = {
                let records = lock(&log.records);
                (records.oldest(), records.end())
            };
            places.next(log.index).max(oldest) >= end && (!is_closed || places.place(log.index).finished)
        };
        let counts = || takers.iter().filter(|(taker, _)| !but.contains(*taker)).map(|(_, places)| places);
        let is_passed = |log: &Arc<Log>| counts().all(|places| has_passed(places, log));
        state.is_deleted || state.logs.values().all(is_passed)
    }
}
