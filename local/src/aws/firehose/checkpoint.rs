//! How far a delivery stream is in one shard: the last stream record up to which everything has ended.

use std::collections::VecDeque;
use std::sync::Arc;

/// The stream record from which a user record came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    /// The shard's index among those of the delivery stream.
    pub(super) shard: usize,
    /// How many records of the shard were read before it.
    pub(super) ordinal: u64,
}

/// The records of one shard that are under way, in the order in which they were read.
#[derive(Debug, Default)]
pub(super) struct Checkpoint {
    under_way: VecDeque<Entry>,
    /// Of the first record under way.
    first: u64,
}

#[derive(Debug)]
struct Entry {
    sequence_number: Arc<str>,
    /// How many of its user records have not ended.
    awaited: u64,
}

/// How far the place may advance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advance {
    /// The last record of which everything has ended, and before which everything has ended.
    pub(super) after: Arc<str>,
    /// How many stream records that is more than before.
    pub(super) records: u64,
}

impl Checkpoint {
    /// The ordinal of the record that is entered next.
    pub(super) fn next(&self) -> u64 {
        self.first + self.under_way.len() as u64
    }

    /// Adds a record of which this many ends are awaited.
    pub(super) fn enter(&mut self, sequence_number: Arc<str>, awaited: u64) {
        self.under_way.push_back(Entry { sequence_number, awaited });
    }

    /// Some user records of a record have ended: they were written, or dropped on purpose.
    pub(super) fn end(&mut self, ordinal: u64, ends: u64) {
        let index = usize::try_from(ordinal.saturating_sub(self.first)).unwrap_or(usize::MAX);
        if let Some(entry) = self.under_way.get_mut(index) {
            entry.awaited = entry.awaited.saturating_sub(ends);
        }
    }

    /// Removes the records that have ended, up to the first that has not.
    pub(super) fn advance(&mut self) -> Option<Advance> {
        let mut advance: Option<Advance> = None;
        while let Some(entry) = self.under_way.pop_front_if(|entry| entry.awaited == 0) {
            self.first += 1;
            let records = advance.map_or(0, |advance| advance.records) + 1;
            advance = Some(Advance { after: entry.sequence_number, records });
        }
        advance
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_place_is_passed_only_when_everything_before_it_has_ended(
            awaited in prop::collection::vec(0_u64..4, 1..30),
            order in prop::collection::vec(any::<prop::sample::Index>(), 1..90),
        ) {
            let mut checkpoint = Checkpoint::default();
            for (number, ends) in awaited.iter().enumerate() {
                prop_assert_eq!(checkpoint.next(), number as u64);
                checkpoint.enter(number.to_string().into(), *ends);
            }
            let (mut left, mut passed) = (awaited.clone(), 0);
            for index in order {
                let number = index.index(left.len());
                if left[number] > 0 {
                    left[number] -= 1;
                    checkpoint.end(number as u64, 1);
                }
                let expected = left.iter().take_while(|left| **left == 0).count() as u64;
                let advance = checkpoint.advance();
                let more = advance.as_ref().map_or(0, |advance| advance.records);
                prop_assert_eq!(passed + more, expected);
                if let Some(advance) = advance {
                    prop_assert_eq!(advance.after.to_string(), (expected - 1).to_string());
                }
                passed = expected;
            }
            prop_assert_eq!(checkpoint.is_empty(), passed == awaited.len() as u64);
        }
    }
}
