//! Finds where the records of a stream are kept: in objects by what they cover, in quarantine, and in failures.
//!
//! Memory grows by about 300 bytes for each object and failure, and not with the number of records.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;

use edge::aws::S3Store;
use edge::store::{ObjectStore as _, StoreError, list_all};
use futures::TryStreamExt as _;
use record_model::keys::SequenceNumber;
use record_model::layout::{EnrichedKey, QuarantineKey, RecordId};
use record_model::{Content, Decoder, Limits};
use serde::Deserialize;

use crate::failures::{By, Content as Failed, FilterArguments, Looked};
use crate::place::Bucket;
use crate::redrive::coverage::Ranges;
use crate::redrive::{Notes, State};

/// The number of objects whose metadata is requested at the same time.
const AT_ONCE: usize = 64;
/// The largest size of a decompressed object, in bytes.
const MAX_OBJECT_BYTES: usize = 512 << 20;

/// What is kept of a stream.
#[derive(Default)]
pub(super) struct Kept {
    shards: BTreeMap<String, ShardKept>,
    pub(super) objects: u64,
}

/// What is kept of one shard.
#[derive(Default)]
pub(super) struct ShardKept {
    objects: Vec<Object>,
    /// The records in quarantine: their places in the aggregate, by sequence number. `None` stands for a whole record.
    quarantine: HashMap<SequenceNumber, Vec<Option<u64>>>,
    given_up: Ranges,
    /// The highest sequence number that is known to be kept.
    pub(super) last: Option<SequenceNumber>,
}

struct Object {
    first: SequenceNumber,
    last: SequenceNumber,
    key: String,
    store: S3Store,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    id: &'a str,
}

/// The number of lines of each record, by its sequence number and its place in an aggregate.
pub(super) type Lines = HashMap<(SequenceNumber, u64), u32>;

impl Kept {
    pub(super) fn shard(&mut self, shard_id: &str) -> &mut ShardKept {
        self.shards.entry(shard_id.to_owned()).or_default()
    }

    /// Adds the objects of a bucket that cover records of the stream.
    pub(super) async fn add_objects(
        &mut self,
        bucket: &Bucket,
        stream: &str,
        since_ms: i64,
    ) -> Result<(), StoreError> {
        let store = &bucket.store;
        let prefix = if bucket.prefix.is_empty() { "enriched/" } else { &bucket.prefix };
        let objects = list_all(store, prefix).try_filter(|listed| {
            let is_of_stream = EnrichedKey::parse(&listed.key).is_some_and(|key| key.first.stream == stream);
            std::future::ready(is_of_stream && listed.modified_at_ms >= since_ms)
        });
        let heads = objects.map_ok(|listed| async move {
            Ok::<_, StoreError>((store.head(&listed.key).await?, listed.key))
        });
        let mut heads = pin!(heads.try_buffer_unordered(AT_ONCE));
        while let Some((head, key)) = heads.try_next().await? {
            let metadata = head.map(|head| head.attributes.metadata).unwrap_or_default();
            let number = |name: &str| metadata.get(name)?.parse::<SequenceNumber>().ok();
            let first = number(EnrichedKey::FIRST_SEQUENCE_NUMBER);
            let last = number(EnrichedKey::LAST_SEQUENCE_NUMBER);
            let shard_id = EnrichedKey::parse(&key).map(|key| key.first.shard_id.to_owned());
            let (Some(first), Some(last), Some(shard_id)) = (first, last, shard_id) else { continue };
            let shard = self.shard(&shard_id);
            shard.reach(&last);
            shard.objects.push(Object { first, last, key, store: store.clone() });
            self.objects += 1;
        }
        Ok(())
    }

    /// Adds the records in a bucket's quarantine, which are known by their keys.
    pub(super) async fn add_quarantine(&mut self, bucket: &Bucket, stream: &str) -> Result<(), StoreError> {
        let mut keys = pin!(list_all(&bucket.store, "quarantine/"));
        while let Some(listed) = keys.try_next().await? {
            let Some(QuarantineKey::Stream { record, sub_sequence_number, .. }) =
                QuarantineKey::parse(&listed.key)
            else {
                continue;
            };
            let Ok(number) = record.sequence_number.parse::<SequenceNumber>() else { continue };
            if record.stream == stream {
                let shard = self.shard(record.shard_id);
                shard.reach(&number);
                shard.quarantine.entry(number).or_default().push(sub_sequence_number);
            }
        }
        Ok(())
    }

    /// Adds batches that were given up and were not redriven.
    pub(super) fn add_given_up(
        &mut self,
        looked: &Looked,
        stream: &str,
        notes: &Notes,
    ) -> Result<(), String> {
        let items =
            looked.items.as_ref().map_err(|error| format!("{} can't be read: {error}", looked.place))?;
        for item in items {
            let Failed::Batch(given_up) = &item.content else { continue };
            if given_up.stream() != stream || notes.state(&item.name()) == Some(&State::Done) {
                continue;
            }
            let batch = &given_up.batch;
            let numbers = (batch.start_sequence_number.parse(), batch.end_sequence_number.parse());
            if let (Ok(first), Ok(last)) = numbers {
                let shard = self.shard(&batch.shard_id);
                shard.reach(&last);
                shard.given_up.add(first, last);
            }
        }
        Ok(())
    }

    /// Sorts what was added. Call it once everything is added.
    pub(super) fn sort(&mut self) {
        for shard in self.shards.values_mut() {
            shard.objects.sort_by(|a, b| a.first.cmp(&b.first));
            shard.given_up.join();
        }
    }
}

impl ShardKept {
    fn reach(&mut self, number: &SequenceNumber) {
        if self.last.as_ref().is_none_or(|last| last < number) {
            self.last = Some(number.clone());
        }
    }

    pub(super) fn is_given_up(&self, number: &SequenceNumber) -> bool {
        self.given_up.has(number)
    }

    /// The number of copies in quarantine of one record of an aggregate, or of a whole record.
    pub(super) fn copies(&self, number: &SequenceNumber, sub: Option<u64>) -> u32 {
        let copies = self
            .quarantine
            .get(number)
            .map_or(0, |subs| subs.iter().filter(|copy| copy.is_none() || **copy == sub).count());
        u32::try_from(copies).unwrap_or(u32::MAX)
    }

    /// Whether an object covers the record.
    pub(super) fn is_covered(&self, number: &SequenceNumber) -> bool {
        self.around(number, number).any(|object| object.first <= *number && *number <= object.last)
    }

    /// Reads the lines of every object that may have records between two numbers.
    pub(super) async fn lines(
        &self,
        (first, last): (&SequenceNumber, &SequenceNumber),
    ) -> Result<Lines, StoreError> {
        let mut lines = Lines::new();
        for object in self.around(first, last) {
            if let Some(stored) = object.store.get(&object.key).await? {
                count(&stored.body, (first, last), &mut lines);
            }
        }
        Ok(lines)
    }

    /// The objects that begin before or at `last` and end at or after `first`.
    fn around(&self, first: &SequenceNumber, last: &SequenceNumber) -> impl Iterator<Item = &Object> {
        let end = self.objects.partition_point(|object| object.first <= *last);
        self.objects.get(..end).unwrap_or_default().iter().filter(move |object| object.last >= *first)
    }
}

/// Counts the lines of an object. An object that can't be decompressed has none, so that its records count as missing.
fn count(body: &[u8], (first, last): (&SequenceNumber, &SequenceNumber), lines: &mut Lines) {
    let limits =
        Limits { record_bytes_out: MAX_OBJECT_BYTES, batch_bytes_out: MAX_OBJECT_BYTES, ..Limits::default() };
    let opened = Decoder::new(limits).decode(body, &mut |object| {
        let Ok(Content::Payload(text)) = object.content else { return };
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Ok(Line { id }) = serde_json::from_slice::<Line<'_>>(line) else { continue };
            let Some(id) = RecordId::parse(id) else { continue };
            let Ok(number) = id.sequence_number.parse::<SequenceNumber>() else { continue };
            if (first..=last).contains(&&number) {
                *lines.entry((number, id.sub_sequence_number)).or_default() += 1;
            }
        }
    });
    if opened.is_err() {
        eprintln!("an object can't be decompressed, so its records count as missing");
    }
}

/// A filter for batches that were given up at any time.
pub(super) fn every_given_up() -> FilterArguments {
    FilterArguments { reason: None, since: None, function: Some(By::GivenUp), data_set: None }
}
