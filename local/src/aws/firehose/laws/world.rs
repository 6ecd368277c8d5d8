//! What is around a delivery stream, made up: a stream, a function, a bucket and a clock, in an order by chance.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge::store::StoreError;
use record_model::kpl::{Aggregator, Draft};
use serde_json::{Value, json};

use crate::aws::clock::Moment;
use crate::aws::event::Event;
use crate::aws::firehose::delivery::{Action, Delivery, Errand, Input};
use crate::aws::firehose::destination::DestinationError;
use crate::aws::firehose::transform::Unanswered;
use crate::aws::firehose::writes::{Kind, Object};
use crate::aws::stream::source::{Page, PageLimit, Place, SourceRecord, SourceShard};

/// A small generator of what happens by chance, the same again from the same seed.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// How often things go wrong, in percent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faults {
    pub(super) invocation: u64,
    pub(super) record: u64,
    pub(super) write: u64,
    /// Time goes on while something is under way.
    pub(super) late: u64,
}

struct ShardOfWorld {
    id: String,
    parents: Vec<String>,
    records: Vec<SourceRecord>,
    /// How many of them can be read yet.
    shown: usize,
    closed: bool,
}

pub(super) struct World {
    pub(super) now: Moment,
    pub(super) chance: Chance,
    pub(super) faults: Faults,
    shards: Vec<ShardOfWorld>,
    version: u64,
    pub(super) places: BTreeMap<String, Place>,
    pending: Vec<Errand>,
    wake: Option<Moment>,
    /// The labels of every user record, by shard and sequence number.
    pub(super) labels: BTreeMap<(String, u64), Vec<String>>,
    pub(super) objects: Vec<(String, Vec<u8>)>,
    /// The user records that were delivered, that failed, and that were dropped, as often as that was so.
    pub(super) ends: [Vec<String>; 3],
    ended: BTreeSet<String>,
    pub(super) backed_up: Vec<String>,
    /// What the answer that is being taken in drops, unless it comes too late.
    dropped: Vec<String>,
    invocation_ids: BTreeSet<String>,
    pub(super) events: Vec<Event>,
    pub(super) most_held: usize,
    pub(super) has_backup: bool,
}

impl World {
    /// A parent shard that is closed, its child, and one without relations.
    pub(super) fn new(seed: u64, records: u64, faults: Faults) -> Self {
        let mut world = Self {
            now: 1_000,
            chance: Chance(seed),
            faults,
            shards: Vec::new(),
            version: 1,
            places: BTreeMap::new(),
            pending: Vec::new(),
            wake: None,
            labels: BTreeMap::new(),
            objects: Vec::new(),
            ends: Default::default(),
            ended: BTreeSet::new(),
            backed_up: Vec::new(),
            dropped: Vec::new(),
            invocation_ids: BTreeSet::new(),
            events: Vec::new(),
            most_held: 0,
            has_backup: false,
        };
        for (id, parents, closed) in
            [("a", vec![], true), ("b", vec!["a".to_owned()], false), ("c", vec![], false)]
        {
            let records = (1..=records).map(|number| world.record(id, number)).collect();
            world.shards.push(ShardOfWorld { id: id.to_owned(), parents, records, shown: 0, closed });
        }
        world
    }

    /// A plain record, or an aggregate of several.
    fn record(&mut self, shard: &str, number: u64) -> SourceRecord {
        let subs = if self.chance.happens(30) { self.chance.below(4) + 1 } else { 0 };
        let labels: Vec<String> = (0..subs.max(1)).map(|sub| format!("{shard}-{number:04}-{sub};")).collect();
        let data = if subs == 0 {
            labels.concat().into_bytes()
        } else {
            let mut aggregator = Aggregator::new(1 << 20);
            for label in &labels {
                let draft = Draft { partition_key: "k", explicit_hash_key: None, data: label.as_bytes() };
                assert!(aggregator.push(&draft));
            }
            aggregator.finish().unwrap().data
        };
        self.labels.insert((shard.to_owned(), number), labels);
        let (sequence_number, partition_key) = (format!("{number:04}"), "k".to_owned());
        SourceRecord { sequence_number, partition_key, data: data.into(), arrived_at: self.now }
    }

    /// A delivery stream begins, with nothing of an earlier one under way.
    pub(super) fn begin(&mut self, delivery: &mut Delivery) {
        (self.pending, self.wake) = (Vec::new(), None);
        self.step(delivery, Input::Begin);
    }

    /// So many things happen, in any order; less where there is nothing that could.
    pub(super) fn happen(&mut self, delivery: &mut Delivery, things: usize) {
        for _ in 0..things {
            if self.chance.happens(20) {
                self.show_more();
            } else if !self.happen_once(delivery) {
                return;
            }
        }
    }

    /// Everything is shown, nothing goes wrong any more, and the delivery stream is told to drain.
    pub(super) fn drain(&mut self, delivery: &mut Delivery) {
        self.faults = Faults { invocation: 0, write: 0, late: 0, ..self.faults };
        for shard in &mut self.shards {
            shard.shown = shard.records.len();
        }
        self.version += 1;
        self.step(delivery, Input::Drain);
        for _ in 0..100_000 {
            if !self.happen_once(delivery) {
                return;
            }
        }
        panic!("it never ends");
    }

    /// Whether every record of the stream was passed.
    pub(super) fn is_passed(&self) -> bool {
        let place = |shard: &ShardOfWorld| self.places.get(&shard.id).cloned().unwrap_or_default();
        self.shards.iter().all(|shard| {
            let last = shard.records.last().map(|record| record.sequence_number.clone());
            place(shard).after == last && place(shard).finished == shard.closed
        })
    }

    fn show_more(&mut self) {
        let index = usize::try_from(self.chance.below(3)).unwrap();
        let more = usize::try_from(self.chance.below(10)).unwrap();
        let shard = &mut self.shards[index];
        shard.shown = (shard.shown + more).min(shard.records.len());
        self.version += 1;
    }

    /// One errand comes back, or the time comes that was waited for.
    fn happen_once(&mut self, delivery: &mut Delivery) -> bool {
        let version = self.version;
        let can_end = |errand: &Errand| !matches!(errand, Errand::Watch { seen } if *seen == version);
        let can: Vec<usize> =
            (0..self.pending.len()).filter(|index| can_end(&self.pending[*index])).collect();
        let wakes = self.wake.is_some() && (can.is_empty() || self.chance.happens(self.faults.late));
        let input = if wakes {
            self.now = self.now.max(self.wake.unwrap());
            Input::Woke
        } else if can.is_empty() {
            return false;
        } else {
            let chosen = usize::try_from(self.chance.below(can.len() as u64)).unwrap();
            let errand = self.pending.swap_remove(can[chosen]);
            self.now += 1;
            self.run(errand)
        };
        self.step(delivery, input);
        true
    }

    fn step(&mut self, delivery: &mut Delivery, input: Input) {
        let mut actions = Vec::new();
        delivery.step(self.now, input, &mut actions).unwrap();
        self.most_held = self.most_held.max(delivery.held_bytes());
        for action in actions {
            match action {
                Action::Do(errand) => self.take(errand),
                Action::WakeAt(at) => self.wake = at,
                Action::Tell(event) => self.note(event),
                Action::End => panic!("the stream is there"),
            }
        }
    }

    fn note(&mut self, event: Event) {
        if let Event::Dropped { records, .. } = &event {
            assert_eq!(*records, self.dropped.len() as u64);
            self.ended.extend(self.dropped.iter().cloned());
            self.ends[2].append(&mut self.dropped);
        }
        self.events.push(event);
    }

    fn take(&mut self, errand: Errand) {
        if let Errand::Invoke { invocation, .. } = &errand {
            let event: Value = serde_json::from_slice(&invocation.event).unwrap();
            let id = event["invocationId"].as_str().unwrap().to_owned();
            assert!(self.invocation_ids.insert(id), "an invocation id comes twice");
        }
        self.pending.push(errand);
    }

    fn run(&mut self, errand: Errand) -> Input {
        match errand {
            Errand::ListShards => Input::Shards(self.listed()),
            Errand::Watch { .. } => Input::Changed(self.version),
            Errand::Read { shard, id, after, limit } => {
                Input::Read { shard, page: self.page(&id, after.as_deref(), limit) }
            }
            Errand::Invoke { shard, number, invocation } => {
                let answer = self.answer(&invocation.event);
                Input::Answered { shard, invocation: number, answer }
            }
            Errand::Write { number, object } => Input::Written { object: number, result: self.write(object) },
            Errand::Pass { shard, id, place } => {
                self.pass(&id, place);
                Input::Passed { shard }
            }
        }
    }

    fn listed(&self) -> Vec<(SourceShard, Place)> {
        let place = |id: &str| self.places.get(id).cloned().unwrap_or_default();
        let listed = self.shards.iter().map(|shard| {
            (SourceShard { id: shard.id.clone(), parents: shard.parents.clone() }, place(&shard.id))
        });
        listed.collect()
    }

    fn page(&mut self, id: &str, after: Option<&str>, limit: PageLimit) -> Page {
        let most = usize::try_from(self.chance.below(limit.records as u64)).unwrap() + 1;
        let shard = self.shards.iter().find(|shard| shard.id == id).unwrap();
        let passed =
            |record: &&SourceRecord| after.is_some_and(|after| record.sequence_number.as_str() <= after);
        let begin = shard.records.iter().take_while(passed).count();
        let end = (begin + most).min(shard.shown).max(begin);
        let records = shard.records[begin..end].to_vec();
        if let Some(parent) = shard.parents.first().filter(|_| !records.is_empty()) {
            let parent = self.shards.iter().find(|shard| shard.id == *parent).unwrap();
            assert_eq!(parent.shown, parent.records.len(), "a child is read before its parent's end");
        }
        Page { records, is_end: shard.closed && end == shard.records.len() }
    }

    /// What the function makes of an event.
    fn answer(&mut self, event: &[u8]) -> Result<bytes::Bytes, Unanswered> {
        if self.chance.happens(self.faults.invocation) {
            if self.chance.happens(50) {
                return Ok(bytes::Bytes::from_static(b"null"));
            }
            return Err(Unanswered { code: "Lambda.FunctionError", message: "made up".to_owned() });
        }
        self.dropped.clear();
        let event: Value = serde_json::from_slice(event).unwrap();
        let mut records = vec![json!({"recordId": "unknown", "result": "Dropped"})];
        for record in event["records"].as_array().unwrap() {
            let (id, data) = (&record["recordId"], &record["data"]);
            let ok = json!({"recordId": id, "result": "Ok", "data": data});
            let odd = self.chance.happens(self.faults.record);
            match self.chance.below(if odd { 4 } else { 1 }) {
                1 => {}
                2 => records.extend([ok.clone(), ok]),
                3 => records.push(json!({"recordId": id, "result": "ProcessingFailed", "data": data})),
                _ if odd => {
                    records.push(json!({"recordId": id, "result": "Dropped"}));
                    self.dropped.push(decoded(data));
                }
                _ => records.push(ok),
            }
        }
        Ok(json!({ "records": records }).to_string().into())
    }

    fn write(&mut self, object: Object) -> Result<(), DestinationError> {
        if self.chance.happens(self.faults.write) {
            let source = "made up".into();
            let (operation, key) = ("create", object.key);
            return Err(StoreError::Unavailable { operation, key, attempts: 1, source }.into());
        }
        assert!(self.objects.iter().all(|(key, _)| *key != object.key), "a key is given twice");
        let text = std::str::from_utf8(&object.body).unwrap();
        let labels: Vec<String> = match object.kind {
            Kind::Failed => text.lines().map(raw_data).collect(),
            Kind::Delivered | Kind::BackedUp => text.split_inclusive(';').map(ToOwned::to_owned).collect(),
        };
        match object.kind {
            Kind::BackedUp => self.backed_up.extend(labels),
            kind => {
                self.ended.extend(labels.iter().cloned());
                self.ends[usize::from(kind == Kind::Failed)].extend(labels);
            }
        }
        self.objects.push((object.key, object.body.to_vec()));
        Ok(())
    }

    /// A place is passed only when everything up to it has ended.
    fn pass(&mut self, shard: &str, place: Place) {
        if let Some(after) = &place.after {
            let after: u64 = after.parse().unwrap();
            let up_to = self.labels.range((shard.to_owned(), 0)..=(shard.to_owned(), after));
            for label in up_to.flat_map(|(_, labels)| labels) {
                assert!(
                    self.ended.contains(label),
                    "{label} has not ended, and {after} of {shard} is passed"
                );
                assert!(
                    self.backed_up.contains(label) || !self.has_backup,
                    "{label} is passed without its backup"
                );
            }
        }
        self.places.insert(shard.to_owned(), place);
    }
}

fn raw_data(line: &str) -> String {
    decoded(&serde_json::from_str::<Value>(line).unwrap()["rawData"])
}

fn decoded(base64: &Value) -> String {
    String::from_utf8(STANDARD.decode(base64.as_str().unwrap()).unwrap()).unwrap()
}
