//! How old the oldest record is that a taker has yet to pass: its iterator age.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::StreamStore;
use super::lock::{lock, read};
use super::log::Limit;
use super::stream::{Log, Stream};
use crate::aws::stream::StreamError;

/// One record, whatever its size.
const ONE: Limit = Limit { records: 1, bytes: 0 };

impl StreamStore {
    /// When the oldest record arrived that each taker has yet to pass, in milliseconds since 1970, by stream and taker.
    /// Those that wait for nothing are left out. Reads a piece of a file for each shard in which something waits.
    pub(crate) fn oldest_waiting(&self) -> Result<BTreeMap<(String, String), u64>, StreamError> {
        let mut oldest = BTreeMap::new();
        for stream in self.live() {
            for (taker, arrived_ms) in stream.oldest_waiting()? {
                oldest.insert((stream.name.to_string(), taker), arrived_ms);
            }
        }
        Ok(oldest)
    }
}

impl Stream {
    /// Whether each taker has passed a record, by the taker's name.
    pub(crate) fn passed(&self, shard: u32, counter: u64) -> BTreeMap<String, bool> {
        let takers = lock(&self.takers);
        takers.iter().map(|(name, places)| (name.clone(), places.next(shard) > counter)).collect()
    }

    fn oldest_waiting(&self) -> Result<BTreeMap<String, u64>, StreamError> {
        let logs: Vec<Arc<Log>> = read(&self.state).logs.values().cloned().collect();
        let takers: Vec<_> =
            lock(&self.takers).iter().map(|(name, places)| (name.clone(), Arc::clone(places))).collect();
        let mut oldest: BTreeMap<String, u64> = BTreeMap::new();
        for (taker, places) in takers {
            for log in &logs {
                let (first, end) = {
                    let records = lock(&log.records);
                    (places.next(log.index).max(records.oldest()), records.end())
                };
                if first >= end {
                    continue;
                }
                let found = self.read(log.index, first, ONE)?;
                if let Some(record) = found.records.first() {
                    let known = oldest.entry(taker.clone()).or_insert(u64::MAX);
                    *known = record.arrived_ms.min(*known);
                }
            }
        }
        Ok(oldest)
    }
}
