//! How unevenly keys fall on shards.

use super::{HashKeyRange, shard_of};

/// Records per shard for a set of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skew {
    /// Records that fall on each shard, in the order of the ranges.
    pub records_per_shard: Vec<u64>,
    /// Records that fall on no range: not zero only where the ranges leave a gap.
    pub unplaced: u64,
}

impl Skew {
    /// The fullest shard's share against an even one: 1.0 is even, the number of shards is all on one.
    /// 1.0 where there is nothing to spread.
    #[allow(clippy::cast_precision_loss, reason = "a ratio to be read by people")]
    pub fn factor(&self) -> f64 {
        let placed: u64 = self.records_per_shard.iter().sum();
        let fullest = self.records_per_shard.iter().max().copied().unwrap_or(0);
        if placed == 0 {
            return 1.0;
        }
        fullest as f64 * self.records_per_shard.len() as f64 / placed as f64
    }
}

/// Counts on which shard each hash key falls.
pub fn skew(ranges: &[HashKeyRange], hash_keys: impl IntoIterator<Item = u128>) -> Skew {
    let mut skew = Skew { records_per_shard: vec![0; ranges.len()], unplaced: 0 };
    for hash_key in hash_keys {
        let shard = shard_of(ranges, hash_key).and_then(|at| skew.records_per_shard.get_mut(at));
        *shard.unwrap_or(&mut skew.unplaced) += 1;
    }
    skew
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{even_ranges, hash_key};

    #[test]
    fn row_numbers_as_partition_keys_are_spread_evenly() {
        let keys = (1..=7_584).map(|row| hash_key(&row.to_string()));
        let skew = skew(&even_ranges(4), keys);
        assert_eq!(skew.records_per_shard.iter().sum::<u64>(), 7_584);
        assert_eq!(skew.unplaced, 0);
        assert!(skew.factor() < 1.1, "{skew:?}");
    }

    #[test]
    fn row_numbers_as_explicit_hash_keys_all_fall_on_the_first_shard() {
        let skew = skew(&even_ranges(4), 1..=7_584);
        assert_eq!(skew.records_per_shard, [7_584, 0, 0, 0]);
        assert!((skew.factor() - 4.0).abs() < f64::EPSILON);
    }

    #[test]
    fn nothing_to_spread_is_even() {
        assert!((skew(&even_ranges(4), []).factor() - 1.0).abs() < f64::EPSILON);
        assert!((skew(&[], [1, 2]).factor() - 1.0).abs() < f64::EPSILON);
        assert_eq!(skew(&[], [1, 2]).unplaced, 2);
    }
}
