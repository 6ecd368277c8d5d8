//! The open shards of a stream, by which the shard of a record is predicted.

use record_model::keys::HashKeyRange;

/// A shard that takes records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenShard {
    /// The shard's id, such as `shardId-000000000001`.
    pub id: String,
    /// The hash keys whose records it takes.
    pub range: HashKeyRange,
}

/// The open shards of a stream at one moment, ordered by the start of their ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShardMap {
    shards: Vec<OpenShard>,
}

impl ShardMap {
    /// Takes shards in any order.
    pub fn new(mut shards: Vec<OpenShard>) -> Self {
        shards.sort_by_key(|shard| shard.range.start);
        Self { shards }
    }

    /// The shards by the start of their ranges.
    pub fn shards(&self) -> &[OpenShard] {
        &self.shards
    }

    /// Returns the index in [`shards`](Self::shards) of the shard that takes a hash key; `None` if the map
    /// has a gap there, which can happen when it was read during a reshard.
    pub fn index_of(&self, hash_key: u128) -> Option<usize> {
        let after = self.shards.partition_point(|shard| shard.range.start <= hash_key);
        let index = after.checked_sub(1)?;
        self.shards.get(index).filter(|shard| shard.range.contains(hash_key)).map(|_| index)
    }

    /// Returns the id of the shard that takes a hash key.
    pub fn id_of(&self, hash_key: u128) -> Option<&str> {
        self.index_of(hash_key).and_then(|index| self.shards.get(index)).map(|shard| shard.id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_belongs_to_the_range_that_holds_it_and_to_none_in_a_gap() {
        let shard = |id: &str, start, end| OpenShard { id: id.into(), range: HashKeyRange { start, end } };
        let map = ShardMap::new(vec![shard("b", 10, 19), shard("a", 0, 8), shard("c", 20, u128::MAX)]);
        assert_eq!(map.id_of(0), Some("a"));
        assert_eq!(map.id_of(8), Some("a"));
        assert_eq!(map.id_of(9), None);
        assert_eq!(map.id_of(19), Some("b"));
        assert_eq!(map.id_of(u128::MAX), Some("c"));
        assert_eq!(ShardMap::default().id_of(0), None);
    }
}
