//! The shards of a stream while they are read, and which of them may be read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::aws::kinesis_reader::Shard;

use super::calls::Place;
use super::failures::Failures;

/// One shard, and how far it has been read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) parents: Vec<String>,
    pub(super) state: State,
    /// Where a new iterator starts if the present one is lost.
    pub(super) place: Place,
    /// Consecutive failed calls.
    pub(super) failures: Failures,
}

/// What is next for a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Its parents are not at their end yet.
    Waits,
    /// An iterator must be taken, but not before this time.
    NeedsIterator(i64),
    /// Records must be read, but not before this time.
    Reads(i64, String),
    /// A call is under way.
    Asked,
    /// It has been read to its end, or is not read at all.
    Ended,
}

/// All shards that are known, by their ids.
#[derive(Debug, Default)]
pub(super) struct Shards(pub(super) BTreeMap<Arc<str>, Reading>);

impl Shards {
    /// Adds the shards of a listing. `place` says where a shard is read from, or that it is not read.
    pub(super) fn add(&mut self, listed: Vec<Shard>, place: impl Fn(&Shard) -> Option<Place>) {
        for shard in listed {
            if self.0.contains_key(shard.id.as_str()) {
                continue;
            }
            let place = place(&shard);
            let state = if place.is_some() { State::Waits } else { State::Ended };
            let reading = Reading {
                parents: shard.parents,
                state,
                place: place.unwrap_or(Place::Oldest),
                failures: Failures::default(),
            };
            self.0.insert(shard.id.into(), reading);
        }
    }

    /// Lets the shards begin whose parents are at their end. A parent that is not listed no longer holds
    /// records.
    pub(super) fn begin(&mut self, now_ms: i64) -> Vec<Arc<str>> {
        let unread: BTreeSet<&str> = self
            .0
            .iter()
            .filter(|(_, shard)| shard.state != State::Ended)
            .map(|(id, _)| id.as_ref())
            .collect();
        let may_begin: Vec<Arc<str>> = self
            .0
            .iter()
            .filter(|(_, shard)| shard.state == State::Waits)
            .filter(|(_, shard)| !shard.parents.iter().any(|parent| unread.contains(parent.as_str())))
            .map(|(id, _)| Arc::clone(id))
            .collect();
        for id in &may_begin {
            if let Some(shard) = self.0.get_mut(id) {
                shard.state = State::NeedsIterator(now_ms);
            }
        }
        may_begin
    }

    /// The shard whose turn is next, and when that is.
    pub(super) fn due(&self) -> Option<(i64, Arc<str>)> {
        let due = self.0.iter().filter_map(|(id, shard)| match &shard.state {
            State::NeedsIterator(at_ms) | State::Reads(at_ms, _) => Some((*at_ms, id)),
            _ => None,
        });
        due.min().map(|(at_ms, id)| (at_ms, Arc::clone(id)))
    }
}
