//! A stream in memory, for tests, with real shards and with refusals on demand.

use std::sync::{Mutex, MutexGuard, PoisonError};

use record_model::keys::even_ranges;

use super::{
    Entry, EntryOutcome, MAX_ENTRIES, MAX_REQUEST_BYTES, OpenShard, RecordSink, Refusal, ShardMap, SinkError,
    StreamSummary,
};

/// What goes wrong in one call of an [`InMemorySink`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkFault {
    /// The call fails and stores nothing.
    Unavailable,
    /// The call fails, and no other call would succeed.
    Fatal,
    /// The entries at these places are refused, the others stored.
    Refuse(Vec<usize>),
}

type Faults = dyn FnMut(&[Entry]) -> Option<SinkFault> + Send;

/// A stream in memory that holds every caller to the limits of `PutRecords`. Without shards it is not active
/// yet.
#[derive(Default)]
pub struct InMemorySink {
    inner: Mutex<Inner>,
}

struct Inner {
    max_record_bytes: usize,
    ignores_keys: bool,
    shards: ShardMap,
    stored: Vec<Vec<Entry>>,
    calls: usize,
    faults: Option<Box<Faults>>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            max_record_bytes: 1 << 20,
            ignores_keys: false,
            shards: ShardMap::default(),
            stored: Vec::new(),
            calls: 0,
            faults: None,
        }
    }
}

impl InMemorySink {
    /// Makes a stream of `shards` even shards on which every call succeeds.
    pub fn with_shards(shards: u32) -> Self {
        let sink = Self::default();
        sink.reshard(shards);
        sink
    }

    /// From now on, records go to `shards` new shards. Stored records stay.
    pub fn reshard(&self, shards: u32) {
        let mut inner = self.lock();
        let first = inner.stored.len();
        let open = even_ranges(shards).into_iter().enumerate();
        let open = open.map(|(at, range)| OpenShard { id: shard_id(first + at), range });
        inner.shards = ShardMap::new(open.collect());
        let all = first + shards as usize;
        inner.stored.resize(all, Vec::new());
    }

    /// From now on, asks `faults` before each call.
    pub fn set_faults(&self, faults: impl FnMut(&[Entry]) -> Option<SinkFault> + Send + 'static) {
        self.lock().faults = Some(Box::new(faults));
    }

    /// From now on, a record with its key may have this many bytes.
    pub fn set_max_record_bytes(&self, bytes: usize) {
        self.lock().max_record_bytes = bytes;
    }

    /// From now on, the stream says that it chooses the shard of each record itself.
    pub fn set_ignores_keys(&self) {
        self.lock().ignores_keys = true;
    }

    /// Returns everything stored: the entries of each shard in the order of their arrival, closed shards
    /// first.
    pub fn stored(&self) -> Vec<Vec<Entry>> {
        self.lock().stored.clone()
    }

    /// Returns the number of calls so far.
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shard_id(at: usize) -> String {
    format!("shardId-{at:012}")
}

impl Inner {
    fn store(&mut self, entry: &Entry) -> Option<EntryOutcome> {
        let open = self.shards.shards().len();
        let at = self.stored.len().checked_sub(open)? + self.shards.index_of(entry.hash_key())?;
        self.stored.get_mut(at)?.push(entry.clone());
        Some(EntryOutcome::Accepted { shard_id: shard_id(at) })
    }
}

impl RecordSink for InMemorySink {
    async fn put(&self, entries: &[Entry]) -> Result<Vec<EntryOutcome>, SinkError> {
        let mut inner = self.lock();
        inner.calls += 1;
        let bytes: usize = entries.iter().map(Entry::bytes).sum();
        let unfit = entries.iter().find_map(|entry| entry.check(inner.max_record_bytes).err());
        if let Some(unfit) = unfit {
            return Err(SinkError::Invalid(unfit.into()));
        }
        if entries.is_empty() || entries.len() > MAX_ENTRIES || bytes > MAX_REQUEST_BYTES {
            let found = format!("{} entries of {bytes} bytes", entries.len());
            return Err(SinkError::Invalid(found.into()));
        }
        let refused = match inner.faults.as_mut().and_then(|faults| faults(entries)) {
            Some(SinkFault::Unavailable) => return Err(SinkError::Unavailable("injected fault".into())),
            Some(SinkFault::Fatal) => return Err(SinkError::Fatal("injected fault".into())),
            Some(SinkFault::Refuse(refused)) => refused,
            None => Vec::new(),
        };
        let outcome = |(at, entry)| {
            let stored = if refused.contains(&at) { None } else { inner.store(entry) };
            stored.unwrap_or(EntryOutcome::Refused(Refusal::Throttled))
        };
        Ok(entries.iter().enumerate().map(outcome).collect())
    }

    async fn shards(&self) -> Result<ShardMap, SinkError> {
        Ok(self.lock().shards.clone())
    }

    async fn summary(&self) -> Result<StreamSummary, SinkError> {
        let inner = self.lock();
        let open_shards = inner.shards.shards().len();
        let (max_record_bytes, ignores_keys) = (inner.max_record_bytes, inner.ignores_keys);
        Ok(StreamSummary {
            takes_records: open_shards > 0,
            max_record_bytes,
            ignores_keys,
            open_shards,
            identity: None,
        })
    }
}

/// An `Arc` of a stream is a stream.
impl<S: RecordSink> RecordSink for std::sync::Arc<S> {
    async fn put(&self, entries: &[Entry]) -> Result<Vec<EntryOutcome>, SinkError> {
        S::put(self, entries).await
    }
    async fn shards(&self) -> Result<ShardMap, SinkError> {
        S::shards(self).await
    }
    async fn summary(&self) -> Result<StreamSummary, SinkError> {
        S::summary(self).await
    }
}
