//! The objects that are being collected: the records for each place, joined unchanged.
//!
//! An object is written once it holds `SizeInMBs` (1 to 128 MB) or its first record has waited
//! `IntervalInSeconds` (0 to 900 s), "whichever happens first":
//! <https://docs.aws.amazon.com/firehose/latest/dev/buffering-hints.html>. With dynamic partitioning each set
//! of partition keys has a separate buffer:
//! <https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html>.

use std::collections::BTreeMap;

use super::checkpoint::Origin;
use super::settings::BufferRules;
use crate::aws::clock::Moment;
use crate::aws::event::Held;

/// What is kept of a stream record whose user records are in a buffer.
const ORIGIN_BYTES: usize = size_of::<(Origin, u64)>();

/// Where an object goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Under the prefix, with these partition keys, of which there are none without dynamic partitioning.
    Partition(BTreeMap<String, String>),
    /// Under the error prefix, with this kind of error.
    Errors(&'static str),
}

/// One record on its way to a buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) origin: Origin,
    pub(super) arrived_at: Moment,
    pub(super) data: &'a [u8],
    /// Code and message of the failure, if it failed.
    pub(super) failure: Option<(&'static str, &'a str)>,
}

/// An object that is being collected.
#[derive(Debug)]
pub(super) struct ObjectBuffer {
    pub(super) bytes: Vec<u8>,
    /// Arrival of the oldest record.
    pub(super) oldest: Moment,
    pub(super) records: u64,
    /// The stream records from which its records came, with how many came from each.
    pub(super) origins: Vec<(Origin, u64)>,
    /// Records and first message of each error code.
    pub(super) failures: BTreeMap<&'static str, (u64, String)>,
    opened: Moment,
}

impl ObjectBuffer {
    fn opened(now: Moment) -> Self {
        Self {
            bytes: Vec::new(),
            oldest: Moment::MAX,
            records: 0,
            origins: Vec::new(),
            failures: BTreeMap::new(),
            opened: now,
        }
    }

    /// How much memory it holds.
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.len() + self.origins.len() * ORIGIN_BYTES
    }

    fn push(&mut self, entry: Entry<'_>, rules: &BufferRules) {
        // Captured from AWS: the delimiter of `AppendDelimiterToRecord` is put between records, and not after
        // the last. An error line already has its end.
        let delimiter = rules.delimiter.as_ref().filter(|_| self.records > 0 && entry.failure.is_none());
        self.bytes.extend_from_slice(delimiter.map_or(&[], AsRef::as_ref));
        self.bytes.extend_from_slice(entry.data);
        self.oldest = self.oldest.min(entry.arrived_at);
        self.records += 1;
        match self.origins.last_mut().filter(|(origin, _)| *origin == entry.origin) {
            Some((_, records)) => *records += 1,
            None => self.origins.push((entry.origin, 1)),
        }
        if let Some((code, message)) = entry.failure {
            self.failures.entry(code).or_insert_with(|| (0, message.to_owned())).0 += 1;
        }
    }
}

/// The open buffers of one bucket.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    open: BTreeMap<Place, ObjectBuffer>,
    held_bytes: usize,
}

impl Buffers {
    /// Takes a record in, and returns an object that is then full.
    #[expect(clippy::needless_pass_by_value, reason = "what is taken in is used up")]
    pub(super) fn push(
        &mut self,
        now: Moment,
        place: Place,
        entry: Entry<'_>,
        rules: &BufferRules,
    ) -> Option<(Place, ObjectBuffer)> {
        let buffer = self.open.entry(place.clone()).or_insert_with(|| ObjectBuffer::opened(now));
        let before = buffer.held_bytes();
        buffer.push(entry, rules);
        self.held_bytes += buffer.held_bytes() - before;
        if buffer.bytes.len() < rules.bytes {
            return None;
        }
        self.take(&place)
    }

    /// The latest time at which the next object is written.
    pub(super) fn due(&self, rules: &BufferRules) -> Option<Moment> {
        self.open.values().map(|buffer| buffer.opened.saturating_add(rules.interval_ms)).min()
    }

    /// The objects whose interval is over.
    pub(super) fn take_due(&mut self, now: Moment, rules: &BufferRules) -> Vec<(Place, ObjectBuffer)> {
        self.take_where(|buffer| buffer.opened.saturating_add(rules.interval_ms) <= now)
    }

    pub(super) fn take_all(&mut self) -> Vec<(Place, ObjectBuffer)> {
        self.take_where(|_| true)
    }

    pub(super) fn take_largest(&mut self) -> Option<(Place, ObjectBuffer)> {
        let largest = self.open.iter().max_by_key(|(_, buffer)| buffer.held_bytes())?.0.clone();
        self.take(&largest)
    }

    /// Whether the buffer of this partition is open, or may be opened without more than `limit` active
    /// partitions.
    pub(super) fn has_room_for(&self, place: &Place, limit: usize) -> bool {
        let partitions = || self.open.keys().filter(|place| matches!(place, Place::Partition(_))).count();
        self.open.contains_key(place) || self.open.len() < limit || partitions() < limit
    }

    /// What is in the objects in the making, all together.
    pub(super) fn held(&self, rules: &BufferRules) -> Held {
        Held {
            open: self.open.len(),
            records: self.open.values().map(|buffer| buffer.records).sum(),
            bytes: self.open.values().map(|buffer| buffer.bytes.len()).sum(),
            due: self.due(rules),
            ..Held::default()
        }
    }

    /// How much memory the buffers hold.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    fn take_where(&mut self, is_taken: impl Fn(&ObjectBuffer) -> bool) -> Vec<(Place, ObjectBuffer)> {
        let places: Vec<Place> =
            self.open.iter().filter(|(_, buffer)| is_taken(buffer)).map(|(place, _)| place.clone()).collect();
        places.iter().filter_map(|place| self.take(place)).collect()
    }

    fn take(&mut self, place: &Place) -> Option<(Place, ObjectBuffer)> {
        let (place, buffer) = self.open.remove_entry(place)?;
        self.held_bytes -= buffer.held_bytes();
        Some((place, buffer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INTERVAL: Moment = 300_000;

    fn partition(number: u64) -> Place {
        Place::Partition(BTreeMap::from([("k".to_owned(), number.to_string())]))
    }

    fn entry(ordinal: u64, data: &[u8]) -> Entry<'_> {
        Entry { origin: Origin { shard: 0, ordinal }, arrived_at: 0, data, failure: None }
    }

    proptest! {
        #[test]
        fn an_object_holds_its_size_and_its_records_in_their_order(
            records in prop::collection::vec((0_u64..3, 1_usize..400), 1..80),
            size in 100_usize..1_500,
        ) {
            let rules = BufferRules { bytes: size, interval_ms: INTERVAL, delimiter: None };
            let (mut buffers, mut full) = (Buffers::default(), Vec::new());
            for (ordinal, (place, bytes)) in (0_u64..).zip(&records) {
                let data = vec![u8::try_from(ordinal).unwrap(); *bytes];
                full.extend(buffers.push(0, partition(*place), entry(ordinal, &data), &rules));
            }
            for (_, object) in &full {
                prop_assert!(object.bytes.len() >= size);
                let last = object.bytes.iter().rev().take_while(|byte| Some(*byte) == object.bytes.last());
                prop_assert!(object.bytes.len() - last.count() < size, "it was full before its last record");
            }
            full.extend(buffers.take_all());
            prop_assert_eq!(buffers.held_bytes(), 0);
            for place in 0..3 {
                let written = full.iter().filter(|(of, _)| *of == partition(place));
                let written: Vec<u8> = written.flat_map(|(_, object)| object.bytes.clone()).collect();
                let expected = (0_u8..).zip(&records).filter(|(_, (of, _))| *of == place);
                let expected: Vec<u8> =
                    expected.flat_map(|(ordinal, (_, bytes))| vec![ordinal; *bytes]).collect();
                prop_assert_eq!(written, expected);
            }
        }

        #[test]
        fn an_object_is_written_when_its_first_record_has_waited_the_interval(later in 1_i64..INTERVAL) {
            let rules = BufferRules { bytes: 1 << 20, interval_ms: INTERVAL, delimiter: None };
            let mut buffers = Buffers::default();
            buffers.push(10, partition(0), entry(0, b"a"), &rules);
            buffers.push(10 + later, partition(0), entry(1, b"b"), &rules);
            buffers.push(10 + later, partition(1), entry(2, b"c"), &rules);
            prop_assert_eq!(buffers.due(&rules), Some(10 + INTERVAL));
            prop_assert!(buffers.take_due(9 + INTERVAL, &rules).is_empty());
            let written = buffers.take_due(10 + INTERVAL, &rules);
            prop_assert_eq!(written.len(), 1);
            prop_assert_eq!(&written[0].1.bytes, b"ab");
        }
    }

    #[test]
    fn a_delimiter_is_between_the_records_and_not_behind_the_last() {
        let rules =
            BufferRules { bytes: 1 << 20, interval_ms: INTERVAL, delimiter: Some(b"\n".as_slice().into()) };
        let mut buffers = Buffers::default();
        for (ordinal, data) in (0..).zip([b"".as_slice(), b"a", b"b"]) {
            buffers.push(0, partition(0), entry(ordinal, data), &rules);
        }
        assert_eq!(buffers.take_all()[0].1.bytes, b"\na\nb");
        for ordinal in 0..2 {
            let failure = Some(("code", "message"));
            let line = Entry { failure, ..entry(ordinal, b"{}\n") };
            buffers.push(0, Place::Errors("processing-failed"), line, &rules);
        }
        assert_eq!(buffers.take_all()[0].1.bytes, b"{}\n{}\n", "an error line ends by itself");
    }

    #[test]
    fn error_objects_take_no_partition_from_the_others() {
        let rules = BufferRules { bytes: 1 << 20, interval_ms: INTERVAL, delimiter: None };
        let mut buffers = Buffers::default();
        buffers.push(0, Place::Errors("processing-failed"), entry(0, b"e"), &rules);
        buffers.push(0, partition(0), entry(1, b"a"), &rules);
        assert!(buffers.has_room_for(&partition(1), 2));
        buffers.push(0, partition(1), entry(2, b"b"), &rules);
        assert!(!buffers.has_room_for(&partition(2), 2));
        assert!(buffers.has_room_for(&partition(1), 2), "an active partition stays active");
    }
}
