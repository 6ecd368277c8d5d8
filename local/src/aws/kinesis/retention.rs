//! A bound on memory that loses nothing: what every live reader is past goes, then writers wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ferrokinesis::sequence::shard_ix_to_hex;

use super::streams::{Streams, now_ms};

/// Records are dropped, and then refused, from here on.
const MAX_RETAINED_BYTES: u64 = 128 << 20;
/// Dropping goes on until this much is left, so that it is not done for every put.
const RETAINED_BYTES_AFTER: u64 = 96 << 20;
/// What a record takes beside its data and key: the store's own key, and its place in the tree.
const OVERHEAD_BYTES: u64 = 200;
/// An iterator lives so long; a reader that was not seen for longer has to ask for a new one.
const READER_LIFETIME_MS: u64 = 300_000;
const DROPPED_AT_ONCE: usize = 1000;

/// Where each shard is being read. A reader is an iterator that was handed out and not yet exchanged for its next.
#[derive(Default)]
pub(super) struct Readers(Mutex<HashMap<Shard, Vec<Reader>>>);

type Shard = (String, i64);

struct Reader {
    sequence_number: String,
    seen_ms: u64,
}

impl Readers {
    /// Notes that an iterator was exchanged for its next. No `from`: a new reader. No `to`: the shard is at its end.
    pub(super) fn moved(&self, stream: &str, shard_index: i64, from: Option<&str>, to: Option<&str>) {
        self.moved_at(stream, shard_index, from, to, now_ms());
    }

    fn moved_at(&self, stream: &str, shard_index: i64, from: Option<&str>, to: Option<&str>, seen_ms: u64) {
        let mut shards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let readers = shards.entry((stream.to_owned(), shard_index)).or_default();
        if let Some(old) = readers.iter().position(|reader| Some(reader.sequence_number.as_str()) == from) {
            readers.swap_remove(old);
        }
        readers.retain(|reader| reader.seen_ms.saturating_add(READER_LIFETIME_MS) > seen_ms);
        readers.extend(to.map(|to| Reader { sequence_number: to.to_owned(), seen_ms }));
    }

    /// For each shard with a live reader, the place all of them have reached.
    fn reached(&self, now_ms: u64) -> Vec<(Shard, String)> {
        let mut shards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shards.retain(|_, readers| {
            readers.retain(|reader| reader.seen_ms.saturating_add(READER_LIFETIME_MS) > now_ms);
            !readers.is_empty()
        });
        let slowest = |readers: &Vec<Reader>| {
            readers
                .iter()
                .map(|reader| &reader.sequence_number)
                .min_by_key(|number| (number.len(), *number))
                .cloned()
        };
        shards.iter().filter_map(|(shard, readers)| Some((shard.clone(), slowest(readers)?))).collect()
    }
}

impl Streams {
    /// Why a put is throttled.
    pub(super) const FULL: &str = "the endpoint's memory is full of records that no reader has come past";

    /// Whether records may come in. Makes room first where it can.
    pub(super) async fn has_room(&self) -> bool {
        if self.retained_bytes() < MAX_RETAINED_BYTES {
            return true;
        }
        for ((stream, shard_index), reached) in self.readers.reached(now_ms()) {
            self.drop_before(&stream, shard_index, &reached).await;
        }
        self.retained_bytes() < MAX_RETAINED_BYTES
    }

    fn retained_bytes(&self) -> u64 {
        let metrics = self.store.metrics();
        metrics.retained_bytes().saturating_add(metrics.retained_records().saturating_mul(OVERHEAD_BYTES))
    }

    async fn drop_before(&self, stream: &str, shard_index: i64, reached: &str) {
        let shard = shard_ix_to_hex(shard_index);
        let (from, to) = (format!("{shard}/"), format!("{shard}/{reached}"));
        while self.retained_bytes() > RETAINED_BYTES_AFTER {
            let oldest = self.store.get_records_range_limited(stream, &from, &to, DROPPED_AT_ONCE).await;
            if oldest.is_empty() {
                return;
            }
            let keys: Vec<_> = oldest.into_iter().map(|(key, _)| key).collect();
            self.store.delete_record_keys(stream, &keys).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_live_reader_holds_a_shards_records() {
        let readers = Readers::default();
        readers.moved_at("s", 0, None, Some("100"), 0);
        readers.moved_at("s", 0, None, Some("100"), 0);
        readers.moved_at("s", 0, Some("100"), Some("300"), 10);
        assert_eq!(readers.reached(20), [(("s".to_owned(), 0), "100".to_owned())]);
        readers.moved_at("s", 0, Some("100"), Some("200"), 30);
        assert_eq!(readers.reached(40), [(("s".to_owned(), 0), "200".to_owned())]);
    }

    #[test]
    fn a_reader_that_stays_away_longer_than_an_iterator_lives_holds_nothing() {
        let readers = Readers::default();
        readers.moved_at("s", 0, None, Some("100"), 0);
        readers.moved_at("s", 0, None, Some("900"), 200_000);
        assert_eq!(readers.reached(300_001), [(("s".to_owned(), 0), "900".to_owned())]);
        assert_eq!(readers.reached(500_001), []);
    }

    #[test]
    fn a_retry_of_the_same_iterator_holds_what_it_may_still_be_after() {
        let readers = Readers::default();
        readers.moved_at("s", 1, None, Some("100"), 0);
        readers.moved_at("s", 1, Some("100"), Some("200"), 1);
        readers.moved_at("s", 1, Some("100"), Some("200"), 2); // its first answer was lost
        readers.moved_at("s", 1, Some("200"), Some("400"), 3);
        assert_eq!(readers.reached(4), [(("s".to_owned(), 1), "200".to_owned())]);
    }
}
