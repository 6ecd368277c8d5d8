//! Puts records: for each shard, numbers are taken and the records are written in one step.

use std::collections::BTreeMap;
use std::sync::Arc;

use record_model::kpl;

use super::Now;
use super::frame::Draft;
use super::lock::{lock, read};
use super::number::{Place, SequenceNumber};
use super::stream::{Log, State, Stream};
use crate::aws::event::{Event, Name, fingerprint};
use crate::aws::stream::StreamError;

/// An aggregate with more user records than this is not taken apart.
const MAX_USER_RECORDS: usize = 1_000_000;

/// A record to be put.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) hash_key: u128,
    pub(crate) partition_key: &'a str,
    pub(crate) data: &'a [u8],
}

/// Where a record was written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) shard: Name,
    pub(crate) number: SequenceNumber,
}

/// The result for each entry, in order. `None` means that it was not written, because of the error.
#[derive(Debug, Default)]
pub(crate) struct PutOutcome {
    pub(crate) written: Vec<Option<Written>>,
    pub(crate) error: Option<StreamError>,
}

impl Stream {
    /// The index of the open shard that takes a hash key.
    pub(crate) fn route(&self, hash_key: u128) -> Option<u32> {
        read(&self.state).route(hash_key).map(|log| log.index)
    }

    /// Writes records. What is returned as written survives the process: a kill loses nothing, but a power
    /// cut may.
    pub(crate) fn put(&self, entries: &[Entry<'_>], now: Now) -> Result<PutOutcome, StreamError> {
        let state = read(&self.state);
        if state.is_deleted {
            return Err(self.not_found());
        }
        let mut outcome = PutOutcome { written: vec![None; entries.len()], error: None };
        for (_, (log, indexes)) in by_shard(&state, entries) {
            if let Err(error) = self.append(&state, (&log, &indexes), (entries, now), &mut outcome) {
                outcome.error = Some(error);
            }
        }
        drop(state);
        if outcome.written.iter().any(Option::is_some) {
            self.changed();
        }
        Ok(outcome)
    }

    /// Tells of entries that were not taken; of none it tells nothing.
    pub(crate) fn tell_refused<'a>(&self, entries: impl Iterator<Item = &'a Entry<'a>>, code: &'static str) {
        let records: Vec<u64> = entries.map(|entry| fingerprint(entry.partition_key, entry.data)).collect();
        if !records.is_empty() {
            self.tell(Event::PutRefused { stream: Arc::clone(&self.name), records, code });
        }
    }

    fn append(
        &self,
        state: &State,
        (log, indexes): (&Log, &[usize]),
        (entries, now): (&[Entry<'_>], Now),
        outcome: &mut PutOutcome,
    ) -> Result<(), StreamError> {
        let entries = indexes.iter().filter_map(|index| entries.get(*index));
        let drafts: Vec<_> =
            entries.map(|Entry { partition_key, data, .. }| Draft { partition_key, data }).collect();
        let is_encrypted = state.description.settings.key.is_some();
        let mut records = lock(&log.records);
        let first = records.append(&drafts, now.0, is_encrypted).map_err(self.storage())?;
        self.tell(Event::Put {
            stream: Arc::clone(&self.name),
            shard: Arc::clone(&log.id),
            records: drafts.len() as u64,
            user_records: drafts.iter().map(|draft| user_records(draft.data)).sum(),
            bytes: drafts.iter().map(|draft| draft.data.len() as u64).sum(),
        });
        drop(records);
        for (counter, index) in (first..).zip(indexes) {
            let number = state.description.origin.number(Place { shard: log.index, counter });
            if let Some(written) = outcome.written.get_mut(*index) {
                *written = Some(Written { shard: Arc::clone(&log.id), number });
            }
        }
        Ok(())
    }
}

impl State {
    fn route(&self, hash_key: u128) -> Option<&Arc<Log>> {
        self.routes.range(hash_key..).next().map(|(_, log)| log)
    }
}

/// How many user records a record contains. As in the libraries that take aggregates apart, a record that is
/// not an intact aggregate is one.
fn user_records(data: &[u8]) -> u64 {
    match kpl::user_records(data, MAX_USER_RECORDS) {
        Ok(Some(records)) => records.len() as u64,
        Ok(None) | Err(_) => 1,
    }
}

/// The indexes of the entries of each shard, in order.
fn by_shard(state: &State, entries: &[Entry<'_>]) -> BTreeMap<u32, (Arc<Log>, Vec<usize>)> {
    let mut shards = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if let Some(log) = state.route(entry.hash_key) {
            let (_, indexes) = shards.entry(log.index).or_insert_with(|| (Arc::clone(log), Vec::new()));
            indexes.push(index);
        }
    }
    shards
}
