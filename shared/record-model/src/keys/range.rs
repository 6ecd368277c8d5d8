//! Shards as ranges of hash keys.

/// The hash keys of one shard, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HashKeyRange {
    /// `StartingHashKey`.
    pub start: u128,
    /// `EndingHashKey`.
    pub end: u128,
}

impl HashKeyRange {
    /// The whole key space, the range of a stream's only shard.
    pub const ALL: Self = Self { start: 0, end: u128::MAX };

    /// Whether a record with this hash key goes to the shard.
    pub fn contains(&self, hash_key: u128) -> bool {
        (self.start..=self.end).contains(&hash_key)
    }
}

/// The ranges that `CreateStream` and `UpdateShardCount` give to `shards` shards; empty for 0.
pub fn even_ranges(shards: u32) -> Vec<HashKeyRange> {
    let shards = u128::from(shards);
    // The width is 2^128 / shards, rounded down; for one shard it is one more than a u128 can hold.
    let width = if shards.is_power_of_two() {
        (u128::MAX / shards.max(1)).wrapping_add(1)
    } else {
        u128::MAX / shards.max(1)
    };
    let start = |shard: u128| width.wrapping_mul(shard);
    let end = |shard: u128| if shard + 1 == shards { u128::MAX } else { start(shard + 1) - 1 };
    (0..shards).map(|shard| HashKeyRange { start: start(shard), end: end(shard) }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::hash_key;

    proptest! {
        #[test]
        fn even_ranges_cover_every_key_once(shards in 1_u32..5_000, key: u128) {
            let ranges = even_ranges(shards);
            prop_assert_eq!(ranges.len(), shards as usize);
            prop_assert_eq!(ranges[0].start, 0);
            prop_assert_eq!(ranges[ranges.len() - 1].end, u128::MAX);
            for pair in ranges.windows(2) {
                prop_assert_eq!(pair[0].end + 1, pair[1].start);
            }
            prop_assert_eq!(ranges.iter().filter(|range| range.contains(key)).count(), 1);
        }
    }

    #[test]
    fn three_shards_are_what_the_service_makes_of_them() {
        let starts: Vec<String> = even_ranges(3).iter().map(|range| range.start.to_string()).collect();
        assert_eq!(
            starts,
            ["0", "113427455640312821154458202477256070485", "226854911280625642308916404954512140970"]
        );
    }

    #[test]
    fn four_shards_are_quarters() {
        let quarter = 1_u128 << 126;
        let starts: Vec<u128> = even_ranges(4).iter().map(|range| range.start).collect();
        assert_eq!(starts, [0, quarter, 2 * quarter, 3 * quarter]);
    }

    #[test]
    fn one_shard_has_everything_and_no_shard_nothing() {
        assert_eq!(even_ranges(1), [HashKeyRange::ALL]);
        assert_eq!(even_ranges(0), []);
    }

    #[test]
    fn the_first_numbered_keys_fall_on_the_last_of_four_shards() {
        let ranges = even_ranges(4);
        let shard_of = |key| ranges.iter().position(|range| range.contains(hash_key(key)));
        assert_eq!(["1", "2", "3"].map(shard_of), [Some(3); 3]); // MD5 c4…, c8…, ec…
    }
}
