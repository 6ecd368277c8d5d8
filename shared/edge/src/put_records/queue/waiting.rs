//! Entries that are not acknowledged yet, singly and as requests.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::put_records::{Entry, UnsentReason};

/// An entry that is not acknowledged yet.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(super) entry: Entry,
    pub(super) state: State,
}

/// What the queue knows about an entry.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) ordinal: u64,
    pub(super) hash_key: u128,
    /// The key by which order is kept: the partition key, even if a hash key overrides it.
    pub(super) order_key: u128,
    pub(super) since: Instant,
    pub(super) not_before: Instant,
    /// When it was first part of a request.
    pub(super) first_tried: Option<Instant>,
    pub(super) tries: u32,
    /// Why the last try failed.
    pub(super) failed: Option<UnsentReason>,
    /// The most entries of a request that contains this one. It is halved each time a request is found
    /// invalid.
    pub(super) request_entries: usize,
}

impl State {
    /// How long it has been tried.
    pub(super) fn tried_for(&self, now: Instant) -> Duration {
        self.first_tried.map_or(Duration::ZERO, |first| now.duration_since(first))
    }

    /// Whether it has been tried for this long.
    pub(super) fn outlasts(&self, patience: Duration, now: Instant) -> bool {
        self.first_tried.is_some_and(|first| now >= first + patience)
    }
}

/// A request: its entries, which the sink reads, and what the queue knows about each.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) entries: Arc<Vec<Entry>>,
    pub(super) states: Vec<State>,
}

impl Batch {
    pub(super) fn new(waiting: Vec<Waiting>) -> Self {
        let (entries, states) = waiting.into_iter().map(|Waiting { entry, state }| (entry, state)).unzip();
        Self { entries: Arc::new(entries), states }
    }

    /// Its entries as they waited. They are copied only if an abandoned request still reads them.
    pub(crate) fn into_waiting(self) -> impl DoubleEndedIterator<Item = Waiting> {
        let entries = Arc::unwrap_or_clone(self.entries);
        entries.into_iter().zip(self.states).map(|(entry, state)| Waiting { entry, state })
    }
}
