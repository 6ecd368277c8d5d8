//! Entries that are not acknowledged yet, apart and as requests.

use std::sync::Arc;

use tokio::time::Instant;

use super::Entry;

/// An entry that is not acknowledged yet.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) entry: Entry,
    pub(super) state: State,
}

/// What the queue knows of an entry.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) ordinal: u64,
    pub(super) hash_key: u128,
    /// What order is kept by: the partition key, whatever hash key overrides it.
    pub(super) order_key: u128,
    pub(super) since: Instant,
    pub(super) not_before: Instant,
    /// Known from the first try on.
    pub(super) give_up_at: Option<Instant>,
    pub(super) tries: u32,
    /// Most entries of a request with this one: halved each time a request is found invalid.
    pub(super) company: usize,
}

/// A request: its entries, for the sink to read, and what the queue knows of each.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) entries: Arc<Vec<Entry>>,
    pub(super) states: Vec<State>,
}

impl Batch {
    pub(super) fn new(waiting: Vec<Waiting>) -> Self {
        let (entries, states) = waiting.into_iter().map(|Waiting { entry, state }| (entry, state)).unzip();
        Self { entries: Arc::new(entries), states }
    }

    /// Its entries as they waited. Copies them only while a request that was abandoned still reads them.
    pub(super) fn into_waiting(self) -> impl DoubleEndedIterator<Item = Waiting> {
        let entries = Arc::unwrap_or_clone(self.entries);
        entries.into_iter().zip(self.states).map(|(entry, state)| Waiting { entry, state })
    }
}
