//! Finds out which records of a shard are stored, from the metadata of the objects that cover them.

use std::collections::BTreeMap;
use std::future::ready;
use std::pin::pin;

use edge::aws::S3Store;
use edge::lambda::events::ToScan;
use edge::store::{ObjectStore as _, StoreError, list_all};
use futures::TryStreamExt as _;
use record_model::keys::SequenceNumber;
use record_model::layout::{EnrichedKey, LedgerKey};

/// The number of objects whose metadata is requested at the same time.
const AT_ONCE: usize = 64;
/// How far the clocks of Kinesis and S3 may differ, in milliseconds. An object is newer than the records that it
/// covers.
const CLOCKS_MS: i64 = 3_600_000;

/// Ranges of covered sequence numbers, from their first numbers to their last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ranges(BTreeMap<SequenceNumber, SequenceNumber>);

/// What is known of one shard.
#[derive(Debug)]
pub(super) struct Coverage {
    of: ToScan,
    decided: Option<SequenceNumber>,
    since_ms: i64,
    ranges: Ranges,
}

impl Ranges {
    /// Adds a range, which may overlap others.
    pub(crate) fn add(&mut self, first: SequenceNumber, last: SequenceNumber) {
        if last < first {
            return;
        }
        let longest = self.0.get(&first).is_none_or(|known| *known < last);
        if longest {
            self.0.insert(first, last);
        }
    }

    /// Joins ranges that overlap, so that a number is found in one lookup.
    pub(crate) fn join(&mut self) {
        let mut joined: BTreeMap<SequenceNumber, SequenceNumber> = BTreeMap::new();
        for (first, last) in std::mem::take(&mut self.0) {
            match joined.last_entry() {
                Some(mut before) if *before.get() >= first => {
                    if *before.get() < last {
                        before.insert(last);
                    }
                }
                _ => drop(joined.insert(first, last)),
            }
        }
        self.0 = joined;
    }

    /// Whether a range contains the number. Call [`Ranges::join`] first.
    pub(crate) fn has(&self, number: &SequenceNumber) -> bool {
        self.0.range(..=number.clone()).next_back().is_some_and(|(_, last)| last >= number)
    }
}

impl Coverage {
    /// Reads the metadata of every object of the shard and epoch that is not older than the first record in question.
    /// It takes one request for each thousand objects of the data set, and one for each object that may count.
    pub(super) async fn scan(store: &S3Store, of: ToScan, since_ms: i64) -> Result<Self, StoreError> {
        let prefix = EnrichedKey::prefix(&of.data_set);
        let may_count = |key: &str| {
            EnrichedKey::parse(key).is_some_and(|key| {
                (key.first.stream, key.first.shard_id) == (&*of.stream, &*of.shard_id)
                    && LedgerKey::epoch_of_object(key.epoch) == of.epoch
            })
        };
        let objects = list_all(store, &prefix).try_filter(|listed| {
            ready(listed.modified_at_ms >= since_ms - CLOCKS_MS && may_count(&listed.key))
        });
        let heads = objects.map_ok(|listed| async move { store.head(&listed.key).await });
        let mut heads = pin!(heads.try_buffer_unordered(AT_ONCE));
        let mut ranges = Ranges::default();
        while let Some(head) = heads.try_next().await? {
            let metadata = head.map(|head| head.attributes.metadata).unwrap_or_default();
            let number = |name: &str| metadata.get(name).and_then(|number| number.parse().ok());
            let first = number(EnrichedKey::FIRST_SEQUENCE_NUMBER);
            let last = number(EnrichedKey::LAST_SEQUENCE_NUMBER);
            if let (Some(first), Some(last)) = (first, last) {
                ranges.add(first, last);
            }
        }
        ranges.join();
        let decided = of.decided.parse().ok();
        Ok(Self { of: of.clone(), decided, since_ms, ranges })
    }

    /// Whether this still says which records are stored of a batch that ends with `last` and began to arrive at
    /// `since_ms`.
    /// Only redrives change what was decided before, so it is valid until another redrive fills a slot.
    pub(super) fn still_tells(&self, of: &ToScan, last: &SequenceNumber, since_ms: i64) -> bool {
        let same = ToScan { decided: String::new(), ..of.clone() }
            == ToScan { decided: String::new(), ..self.of.clone() };
        same && self.decided.as_ref().is_some_and(|decided| last <= decided) && self.since_ms <= since_ms
    }

    /// The number of redrive slots that were filled when the objects were read.
    pub(super) fn redriven(&self) -> u64 {
        self.of.redriven
    }

    pub(super) fn has(&self, number: &SequenceNumber) -> bool {
        self.ranges.has(number)
    }

    /// Notes that this redrive has filled the next slot with these records.
    pub(super) fn filled(&mut self, first: SequenceNumber, last: SequenceNumber) {
        self.of.redriven += 1;
        self.ranges.add(first, last);
        self.ranges.join();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(number: u32) -> SequenceNumber {
        number.to_string().parse().unwrap()
    }

    proptest! {
        #[test]
        fn a_number_is_covered_where_one_of_the_ranges_has_it(
            ranges in prop::collection::vec((0..40_u32, 0..12_u32), 0..12), asked in 0..60_u32,
        ) {
            let mut covered = Ranges::default();
            for (first, length) in &ranges {
                covered.add(number(*first), number(first + length));
            }
            covered.join();
            let expected = ranges.iter().any(|(first, length)| (*first..=first + length).contains(&asked));
            prop_assert_eq!(covered.has(&number(asked)), expected);
        }
    }

    #[test]
    fn a_look_tells_of_what_was_decided_then_until_somebody_redrives() {
        let of = ToScan {
            bucket: "b".to_owned(),
            data_set: "tweets".to_owned(),
            epoch: "0".to_owned(),
            stream: "s".to_owned(),
            shard_id: "shard".to_owned(),
            decided: "9".to_owned(),
            redriven: 3,
        };
        let mut coverage =
            Coverage { of: of.clone(), decided: Some(number(9)), since_ms: 5, ranges: Ranges::default() };
        let later = ToScan { decided: "20".to_owned(), ..of.clone() };
        assert!(coverage.still_tells(&later, &number(9), 5));
        assert!(!coverage.still_tells(&later, &number(10), 5), "it was not decided yet");
        assert!(!coverage.still_tells(&later, &number(9), 4), "older objects were not looked at");
        assert!(!coverage.still_tells(&ToScan { redriven: 4, ..of.clone() }, &number(9), 5));
        coverage.filled(number(2), number(3));
        assert!(coverage.still_tells(&ToScan { redriven: 4, ..of }, &number(9), 5));
        assert!(coverage.has(&number(3)) && !coverage.has(&number(4)));
    }
}
