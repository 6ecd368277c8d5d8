//! Splits and merges shards. Parents end and children begin in one step.

use super::description::{Closed, Description, Shard};

/// Why shards can't be split or merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReshardError {
    /// There is no such shard.
    #[error("shard {0} does not exist")]
    NoShard(u32),
    /// It was split or merged before.
    #[error("shard {0} is closed")]
    Closed(u32),
    /// The ranges of the two shards are not adjacent.
    #[error("shards {0} and {1} are not neighbours")]
    NotAdjacent(u32, u32),
    /// One of the two children would be empty.
    #[error("hash key {0} does not split the shard")]
    HashKey(u128),
}

/// Shards that are opened and closed at the same time.
pub(super) struct Reshard<'a, E: Fn(u32) -> u64> {
    pub(super) description: &'a mut Description,
    pub(super) now_ms: u64,
    /// The counter behind the last record of a shard.
    pub(super) end_of: E,
}

impl<E: Fn(u32) -> u64> Reshard<'_, E> {
    /// Splits a shard, of which the second child begins at `hash_key`.
    pub(super) fn split(&mut self, index: u32, hash_key: u128) -> Result<[u32; 2], ReshardError> {
        let parent = self.open(index)?;
        if hash_key <= parent.first_hash || hash_key > parent.last_hash {
            return Err(ReshardError::HashKey(hash_key));
        }
        let start = self.close(index);
        let first = self.child(vec![index], (parent.first_hash, hash_key - 1), start);
        let second = self.child(vec![index], (hash_key, parent.last_hash), start);
        Ok([first, second])
    }

    /// Merges two neighbours, the lower one first.
    pub(super) fn merge(&mut self, index: u32, adjacent: u32) -> Result<u32, ReshardError> {
        let (lower, upper) = (self.open(index)?, self.open(adjacent)?);
        if lower.last_hash.checked_add(1) != Some(upper.first_hash) {
            return Err(ReshardError::NotAdjacent(index, adjacent));
        }
        let start = self.close(index).max(self.close(adjacent));
        Ok(self.child(vec![index, adjacent], (lower.first_hash, upper.last_hash), start))
    }

    /// Splits and merges until this many open shards have even ranges.
    pub(super) fn scale(&mut self, shards: u32) -> Result<(), ReshardError> {
        let ranges: Vec<_> = even_ranges(shards).collect();
        for (first_hash, _) in &ranges {
            let whole = |shard: &&Shard| shard.holds(*first_hash) && shard.first_hash != *first_hash;
            let cut = self.description.open_shards().find(whole).map(|shard| shard.index);
            if let Some(index) = cut {
                self.split(index, *first_hash)?;
            }
        }
        for (first_hash, last_hash) in ranges {
            self.join(first_hash, last_hash)?;
        }
        Ok(())
    }

    /// Merges the open shards of a range into one.
    fn join(&mut self, first_hash: u128, last_hash: u128) -> Result<(), ReshardError> {
        let within = |shard: &&Shard| shard.first_hash >= first_hash && shard.last_hash <= last_hash;
        let mut pieces: Vec<_> = self.description.open_shards().filter(within).collect();
        pieces.sort_by_key(|shard| shard.first_hash);
        let pieces: Vec<_> = pieces.into_iter().map(|shard| shard.index).collect();
        let mut pieces = pieces.into_iter();
        let Some(mut joined) = pieces.next() else { return Ok(()) };
        for piece in pieces {
            joined = self.merge(joined, piece)?;
        }
        Ok(())
    }

    fn open(&self, index: u32) -> Result<Shard, ReshardError> {
        let shard = self.description.shard(index).ok_or(ReshardError::NoShard(index))?;
        if shard.closed.is_some() { Err(ReshardError::Closed(index)) } else { Ok(shard.clone()) }
    }

    /// Ends a shard. Returns a counter at which its children may begin.
    fn close(&mut self, index: u32) -> u64 {
        let start = self.description.shard(index).map_or(0, |shard| shard.start);
        let end = (self.end_of)(index).max(start);
        for shard in self.description.shards.iter_mut().filter(|shard| shard.index == index) {
            shard.closed = Some(Closed { at_ms: self.now_ms, end });
        }
        end + 1
    }

    fn child(&mut self, parents: Vec<u32>, (first_hash, last_hash): (u128, u128), start: u64) -> u32 {
        let index = self.description.shards.last().map_or(0, |shard| shard.index + 1);
        let opened_ms = self.now_ms;
        self.description.shards.push(Shard {
            index,
            parents,
            first_hash,
            last_hash,
            opened_ms,
            start,
            closed: None,
        });
        index
    }
}

/// The first shards of a stream.
pub(super) fn first_shards(shards: u32, now_ms: u64) -> Vec<Shard> {
    let shard = |(index, (first_hash, last_hash))| Shard {
        index,
        parents: Vec::new(),
        first_hash,
        last_hash,
        opened_ms: now_ms,
        // This leaves a number for a place before the first record.
        start: 1,
        closed: None,
    };
    (0..).zip(even_ranges(shards)).map(shard).collect()
}

/// All hash keys in this many parts, divided as Kinesis divides them: the last one takes the remainder.
fn even_ranges(parts: u32) -> impl Iterator<Item = (u128, u128)> {
    // This is 2^128 / parts, which for one part does not fit in 128 bits.
    let parts = u128::from(parts.max(1));
    let width = u128::MAX / parts + u128::from(u128::MAX % parts == parts - 1 && parts > 1);
    (0..parts).map(move |part| {
        let first = part * width;
        (first, if part == parts - 1 { u128::MAX } else { first + (width - 1) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::kinesis::store::description::Settings;
    use crate::aws::kinesis::store::number::Origin;
    use proptest::prelude::*;

    fn described(shards: u32) -> Description {
        Description {
            name: "s".to_owned(),
            origin: Origin::new(1),
            settings: Settings::default(),
            tags: std::collections::BTreeMap::default(),
            consumers: std::collections::BTreeMap::default(),
            shards: first_shards(shards, 1),
            provided_shards: None,
        }
    }

    /// The ranges of the open shards in order, which must cover every hash key once.
    fn covered(description: &Description) -> Vec<(u128, u128)> {
        let mut ranges: Vec<_> =
            description.open_shards().map(|shard| (shard.first_hash, shard.last_hash)).collect();
        ranges.sort_unstable();
        assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (0, u128::MAX));
        assert!(ranges.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{ranges:?}");
        ranges
    }

    #[test]
    fn four_shards_divide_the_keys_as_kinesis_does() {
        let quarter = 1u128 << 126;
        let ranges: Vec<_> = even_ranges(4).collect();
        assert_eq!(ranges[1], (quarter, 2 * quarter - 1));
        assert_eq!(ranges[3], (3 * quarter, u128::MAX));
        assert_eq!(even_ranges(1).collect::<Vec<_>>(), [(0, u128::MAX)]);
    }

    proptest! {
        #[test]
        fn any_scaling_covers_every_key_once_and_begins_children_behind_their_parents(
            counts in prop::collection::vec(1u32..12, 1..6), first in 1u32..6,
        ) {
            let mut description = described(first);
            for count in counts {
                let mut reshard = Reshard { description: &mut description, now_ms: 2, end_of: |index| u64::from(index) * 7 };
                reshard.scale(count).unwrap();
                prop_assert_eq!(covered(&description), even_ranges(count).collect::<Vec<_>>());
            }
            for child in &description.shards {
                for parent in &child.parents {
                    let end = description.shard(*parent).unwrap().closed.unwrap().end;
                    prop_assert!(child.start > end);
                }
            }
        }
    }

    #[test]
    fn what_is_no_pair_of_neighbours_or_no_split_is_refused() {
        let mut description = described(3);
        let mut reshard = Reshard { description: &mut description, now_ms: 2, end_of: |_| 0 };
        assert_eq!(reshard.merge(0, 2), Err(ReshardError::NotAdjacent(0, 2)));
        assert_eq!(reshard.merge(1, 0), Err(ReshardError::NotAdjacent(1, 0)));
        assert_eq!(reshard.split(0, 0), Err(ReshardError::HashKey(0)));
        assert_eq!(reshard.split(9, 5), Err(ReshardError::NoShard(9)));
        assert_eq!(reshard.split(0, 5), Ok([3, 4]));
        assert_eq!(reshard.split(0, 3), Err(ReshardError::Closed(0)));
    }
}
