//! The store against a model of it: one list of records a shard, and how far a taker is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt;
use proptest::prelude::*;

use super::taker::Taker;
use super::*;
use crate::aws::stream::{PageLimit, Place, StreamSource};

const STREAM: &str = "s";
const NOW: Now = Now(1_800_000_000_000);

#[derive(Debug, Clone)]
enum Operation {
    Put(Vec<(u128, Vec<u8>)>),
    Split(prop::sample::Index),
    Merge(prop::sample::Index),
    Scale(u32),
    Take {
        shard: prop::sample::Index,
        records: usize,
    },
    /// The process ends and begins again, after a part of a record was left behind a shard's last one.
    Restart {
        shard: prop::sample::Index,
        torn: Vec<u8>,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    let index = any::<prop::sample::Index>;
    let entry = (any::<u128>(), prop::collection::vec(any::<u8>(), 0..40));
    let large = (any::<u128>(), Just(vec![7; 70_000]));
    let entries = prop::collection::vec(prop_oneof![9 => entry, 1 => large], 1..20);
    prop_oneof![
        6 => entries.prop_map(Operation::Put),
        1 => index().prop_map(Operation::Split),
        1 => index().prop_map(Operation::Merge),
        1 => (1u32..5).prop_map(Operation::Scale),
        4 => (index(), 1usize..9).prop_map(|(shard, records)| Operation::Take { shard, records }),
        2 => (index(), prop::collection::vec(any::<u8>(), 0..30))
            .prop_map(|(shard, torn)| Operation::Restart { shard, torn }),
    ]
}

struct Shard {
    records: Vec<(String, Vec<u8>)>,
    passed: usize,
    finished: bool,
}

/// The store, and what it should hold.
struct World {
    folder: tempfile::TempDir,
    store: Arc<StreamStore>,
    stream: Arc<Stream>,
    taker: Taker,
    shards: BTreeMap<u32, Shard>,
    put_now: u64,
}

fn open(folder: &Path) -> (Arc<StreamStore>, Arc<Stream>, Taker) {
    let store = StreamStore::open(folder).unwrap();
    let new = new_stream(2);
    let stream = match store.create(&new, NOW).unwrap() {
        Some(stream) => stream,
        None => store.stream(STREAM).unwrap(),
    };
    let taker = store.taker(STREAM, "mapping/of F", Start::TrimHorizon).unwrap();
    (store, stream, taker)
}

fn new_stream(shards: u32) -> NewStream {
    NewStream { name: STREAM.to_owned(), shards, settings: Settings::default(), tags: BTreeMap::new() }
}

fn id(shard: u32) -> String {
    format!("shardId-{shard:012}")
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, stream, taker) = open(folder.path());
        let mut world = Self { folder, store, stream, taker, shards: BTreeMap::new(), put_now: 0 };
        world.learn_shards();
        world
    }

    fn learn_shards(&mut self) {
        for shard in self.stream.description().shards {
            self.shards.entry(shard.index).or_insert(Shard {
                records: Vec::new(),
                passed: 0,
                finished: false,
            });
        }
    }

    fn open_shards(&self) -> Vec<super::Shard> {
        let mut open: Vec<_> = self.stream.description().open_shards().cloned().collect();
        open.sort_by_key(|shard| shard.first_hash);
        open
    }

    fn any_shard(&self, index: prop::sample::Index) -> u32 {
        *index.get(&self.shards.keys().copied().collect::<Vec<_>>())
    }

    fn act(&mut self, operation: Operation) {
        match operation {
            Operation::Put(entries) => self.put(&entries),
            Operation::Split(at) => {
                let shard = at.get(&self.open_shards()).clone();
                let middle = shard.first_hash + (shard.last_hash - shard.first_hash) / 2 + 1;
                self.stream.split(shard.index, middle, NOW).unwrap();
            }
            Operation::Merge(at) => {
                let open = self.open_shards();
                if let [lower, upper, ..] = &open[at.index(open.len())..] {
                    self.stream.merge(lower.index, upper.index, NOW).unwrap();
                }
            }
            Operation::Scale(shards) => self.stream.scale(shards, NOW).unwrap(),
            Operation::Take { shard, records } => self.take(self.any_shard(shard), records),
            Operation::Restart { shard, torn } => self.restart(self.any_shard(shard), &torn),
        }
        self.learn_shards();
    }

    fn put(&mut self, entries: &[(u128, Vec<u8>)]) {
        let put: Vec<_> = entries
            .iter()
            .map(|(hash_key, data)| Entry { hash_key: *hash_key, partition_key: "k", data })
            .collect();
        let outcome = self.stream.put(&put, NOW).unwrap();
        assert!(outcome.error.is_none());
        for ((hash_key, data), written) in entries.iter().zip(outcome.written) {
            let written = written.unwrap();
            let shard = self.stream.route(*hash_key).unwrap();
            assert_eq!(&*written.shard, id(shard));
            self.shards.get_mut(&shard).unwrap().records.push((written.number.to_string(), data.clone()));
            self.put_now += 1;
        }
    }

    /// Reads on from the taker's place, and passes what came.
    fn take(&mut self, shard: u32, records: usize) {
        let (taker, id) = (self.taker.clone(), id(shard));
        let model = self.shards.get_mut(&shard).unwrap();
        let place = taker.place(&id).unwrap();
        let last = model.passed.checked_sub(1).map(|last| model.records[last].0.clone());
        assert_eq!(place.after, last);
        let page = taker.page(&id, place.after.as_deref(), PageLimit { records, bytes: 1 << 20 }).unwrap();
        let expected = model.records.iter().skip(model.passed).take(records);
        let found = page.records.iter().map(|record| (record.sequence_number.clone(), record.data.to_vec()));
        assert_eq!(found.collect::<Vec<_>>(), expected.cloned().collect::<Vec<_>>());
        model.passed += page.records.len();
        model.finished |= page.is_end;
        let note = Some(model.passed.to_string());
        let after = page.records.last().map(|record| record.sequence_number.clone()).or(place.after);
        taker.keep(&id, Place { after, finished: model.finished, note }).unwrap();
    }

    fn restart(&mut self, shard: u32, torn: &[u8]) {
        if let Some(segment) = last_segment(&self.folder.path().join(STREAM).join(id(shard))) {
            OpenOptions::new().append(true).open(segment).unwrap().write_all(torn).unwrap();
        }
        (self.store, self.stream, self.taker) = open(self.folder.path());
        self.put_now = 0;
    }

    /// All that must hold at any time.
    fn check(&self) {
        let counts = self.store.counts();
        for (shard, model) in &self.shards {
            let limit = Limit { records: usize::MAX, bytes: usize::MAX };
            let from = self.stream.position(*shard, Start::TrimHorizon).unwrap().unwrap();
            let found = self.stream.read(*shard, from, limit).unwrap();
            assert!(
                found
                    .records
                    .iter()
                    .map(|record| &record.data[..])
                    .eq(model.records.iter().map(|(_, data)| &data[..]))
            );
            let count = counts.iter().find(|count| *count.shard == *id(*shard)).unwrap();
            assert_eq!(count.put, model.records.len() as u64);
            assert_eq!(count.waiting["mapping/of F"], (model.records.len() - model.passed) as u64);
            assert!(model.records.is_sorted_by(|(one, _), (next, _)| one < next));
        }
        assert_eq!(counts.iter().map(|count| count.put_now).sum::<u64>(), self.put_now);
        let numbers: BTreeSet<_> =
            self.shards.values().flat_map(|shard| &shard.records).map(|(number, _)| number).collect();
        assert_eq!(numbers.len(), self.shards.values().map(|shard| shard.records.len()).sum::<usize>());
        let description = self.stream.description();
        let is_passed = |(index, shard): (&u32, &Shard)| {
            let is_closed = description.shard(*index).unwrap().closed.is_some();
            shard.passed == shard.records.len() && (!is_closed || shard.finished)
        };
        let is_drained = self.shards.iter().all(is_passed);
        assert_eq!(self.store.is_drained(&BTreeSet::new()), is_drained);
        assert_eq!(self.store.drained(&BTreeSet::new()).now_or_never().is_some(), is_drained);
    }
}

fn last_segment(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_acknowledged_is_lost_reordered_or_numbered_twice(
        operations in prop::collection::vec(operation(), 1..40),
    ) {
        let mut world = World::new();
        for operation in operations {
            world.act(operation);
            world.check();
        }
    }
}
