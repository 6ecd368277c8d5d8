//! The aggregates that are still open, one for each shard, since all records of an aggregate must go to the
//! same shard.

use record_model::keys;
use record_model::kpl::{Aggregator, Draft};

use super::entry;
use crate::put_records::key::{Key, random_key};
use crate::put_records::{Entry, ShardMap};

/// Aggregates are closed at this many bytes, as the KPL does. One for each shard is held in memory.
const AGGREGATE_BYTES: usize = 50 << 10;

/// The open aggregates, by shard index.
#[derive(Default)]
pub(super) struct Aggregates(Vec<OpenAggregate>);

struct OpenAggregate {
    aggregator: Aggregator,
    first_position: u64,
    /// A key that leads to this shard, for records that may have any key.
    any_key: String,
}

impl Aggregates {
    /// Makes one aggregate for each shard, of records of up to this many bytes.
    pub(super) fn of(shards: &ShardMap, record_bytes: usize) -> Self {
        let bytes = AGGREGATE_BYTES.min(record_bytes);
        let open = |shard| OpenAggregate {
            aggregator: Aggregator::new(bytes),
            first_position: 0,
            any_key: key_of_shard(shards, shard),
        };
        Self((0..shards.shards().len()).map(open).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Chooses a random shard, and a key of it for records that may go anywhere. All records of an aggregate
    /// share this key, since a table with as many keys as records would be most of the aggregate.
    pub(super) fn random(&self) -> (Key, usize) {
        let shard = fastrand::usize(..self.0.len());
        let partition_key = self.0.get(shard).map_or_else(String::new, |open| open.any_key.clone());
        (Key { partition_key, explicit_hash_key: None }, shard)
    }

    /// Takes a record in; `false` if its shard has no aggregate, or if it fits in none.
    pub(super) fn push(
        &mut self,
        shard: Option<usize>,
        draft: &Draft<'_>,
        position: u64,
        out: &mut Vec<Entry>,
    ) -> bool {
        let open = shard.and_then(|shard| self.0.get_mut(shard));
        open.is_some_and(|open| open.push(draft, position, out))
    }

    /// Appends every aggregate that is not empty.
    pub(super) fn flush(&mut self, out: &mut Vec<Entry>) {
        for open in &mut self.0 {
            open.close(out);
        }
    }

    /// The first source position in them.
    pub(super) fn oldest_position(&self) -> Option<u64> {
        let open = self.0.iter().filter(|open| open.aggregator.user_records() > 0);
        open.map(|open| open.first_position).min()
    }
}

impl OpenAggregate {
    /// Takes a record in, and first closes the aggregate if it is full; `false` if the record fits in no
    /// aggregate.
    fn push(&mut self, draft: &Draft<'_>, position: u64, out: &mut Vec<Entry>) -> bool {
        if !self.aggregator.push(draft) {
            self.close(out);
            if !self.aggregator.push(draft) {
                return false;
            }
        }
        if self.aggregator.user_records() == 1 {
            self.first_position = position;
        }
        true
    }

    fn close(&mut self, out: &mut Vec<Entry>) {
        let Some(aggregated) = self.aggregator.finish() else { return };
        let hash_key = aggregated.explicit_hash_key.as_deref().and_then(keys::parse_hash_key);
        let key = Key { partition_key: aggregated.partition_key, explicit_hash_key: hash_key };
        let records = u32::try_from(aggregated.user_records).unwrap_or(u32::MAX);
        out.push(entry(key, aggregated.data, self.first_position, records));
    }
}

/// Finds a random key that leads to a shard. On average this takes as many attempts as there are shards.
fn key_of_shard(shards: &ShardMap, shard: usize) -> String {
    let tries = 64 * shards.shards().len();
    let mut keys = (0..tries).map(|_| random_key().partition_key);
    keys.find(|key| shards.index_of(keys::hash_key(key)) == Some(shard)).unwrap_or_default()
}
