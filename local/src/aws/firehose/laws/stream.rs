//! A made-up stream, whose records become readable by and by.

use std::collections::BTreeMap;

use record_model::kpl::{Aggregator, Draft};

use crate::aws::stream::source::{Page, PageLimit, Place, SourceRecord, SourceShard};

/// A small generator of what happens by chance, the same again from the same seed.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }

    pub(super) fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

struct Shard {
    id: String,
    parents: Vec<String>,
    records: Vec<SourceRecord>,
    /// How many of them can be read yet.
    shown: usize,
    closed: bool,
}

pub(super) struct MadeUpStream {
    shards: Vec<Shard>,
    pub(super) version: u64,
    /// The labels of every user record, by shard and sequence number.
    pub(super) labels: BTreeMap<(String, u64), Vec<String>>,
}

impl MadeUpStream {
    /// A parent shard that is closed, its child, and one without relations.
    pub(super) fn new(chance: &mut Chance, records: u64) -> Self {
        let mut stream = Self { shards: Vec::new(), version: 1, labels: BTreeMap::new() };
        for (id, parents, closed) in
            [("a", vec![], true), ("b", vec!["a".to_owned()], false), ("c", vec![], false)]
        {
            let records = (1..=records).map(|number| stream.record(id, number, chance)).collect();
            stream.shards.push(Shard { id: id.to_owned(), parents, records, shown: 0, closed });
        }
        stream
    }

    /// A plain record, or an aggregate of several.
    fn record(&mut self, shard: &str, number: u64, chance: &mut Chance) -> SourceRecord {
        let subs = if chance.happens(30) { chance.below(4) + 1 } else { 0 };
        let labels: Vec<String> = (0..subs.max(1)).map(|sub| format!("{shard}-{number:04}-{sub};")).collect();
        let data = if subs == 0 { labels.concat().into_bytes() } else { aggregate(&labels) };
        self.labels.insert((shard.to_owned(), number), labels);
        let (sequence_number, partition_key) = (format!("{number:04}"), "k".to_owned());
        SourceRecord { sequence_number, partition_key, data: data.into(), arrived_at: 1_000 }
    }

    pub(super) fn show_more(&mut self, chance: &mut Chance) {
        let index = usize::try_from(chance.below(3)).unwrap();
        let more = usize::try_from(chance.below(10)).unwrap();
        let shard = &mut self.shards[index];
        shard.shown = (shard.shown + more).min(shard.records.len());
        self.version += 1;
    }

    pub(super) fn show_everything(&mut self) {
        for shard in &mut self.shards {
            shard.shown = shard.records.len();
        }
        self.version += 1;
    }

    /// The last sequence number of each shard, and whether the shard is closed.
    pub(super) fn ends(&self) -> Vec<(String, Option<String>, bool)> {
        let end = |shard: &Shard| {
            let last = shard.records.last().map(|record| record.sequence_number.clone());
            (shard.id.clone(), last, shard.closed)
        };
        self.shards.iter().map(end).collect()
    }

    pub(super) fn listed(&self, places: &BTreeMap<String, Place>) -> Vec<(SourceShard, Place)> {
        let listed = self.shards.iter().map(|shard| {
            let place = places.get(&shard.id).cloned().unwrap_or_default();
            (SourceShard { id: shard.id.clone(), parents: shard.parents.clone() }, place)
        });
        listed.collect()
    }

    /// Some of the records that can be read; none only where there are none.
    pub(super) fn page(&self, id: &str, after: Option<&str>, limit: PageLimit, chance: &mut Chance) -> Page {
        let most = usize::try_from(chance.below(limit.records as u64)).unwrap() + 1;
        let shard = self.shard(id);
        let passed =
            |record: &&SourceRecord| after.is_some_and(|after| record.sequence_number.as_str() <= after);
        let begin = shard.records.iter().take_while(passed).count();
        let end = (begin + most).min(shard.shown).max(begin);
        let records = shard.records[begin..end].to_vec();
        for parent in shard.parents.iter().filter(|_| !records.is_empty()) {
            let parent = self.shard(parent);
            assert_eq!(parent.shown, parent.records.len(), "a child is read before its parent's end");
        }
        Page { records, is_end: shard.closed && end == shard.records.len() }
    }

    fn shard(&self, id: &str) -> &Shard {
        self.shards.iter().find(|shard| shard.id == id).unwrap()
    }
}

fn aggregate(labels: &[String]) -> Vec<u8> {
    let mut aggregator = Aggregator::new(1 << 20);
    for label in labels {
        let draft = Draft { partition_key: "k", explicit_hash_key: None, data: label.as_bytes() };
        assert!(aggregator.push(&draft));
    }
    aggregator.finish().unwrap().data
}
