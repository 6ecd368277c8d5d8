//! What is around a delivery stream, made up: a function, a bucket and a clock, in an order by chance.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge::store::StoreError;
use serde_json::{Value, json};

use super::search::MadeUpIndex;
use super::stream::{Chance, MadeUpStream};
use crate::aws::clock::Moment;
use crate::aws::event::Event;
use crate::aws::firehose::delivery::Delivery;
use crate::aws::firehose::destination::DestinationError;
use crate::aws::firehose::step::{Action, Errand, Input};
use crate::aws::firehose::transform::Unanswered;
use crate::aws::firehose::writes::{Kind, Object};
use crate::aws::stream::source::Place;

/// How often things go wrong, in percent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faults {
    pub(super) invocation: u64,
    pub(super) record: u64,
    pub(super) write: u64,
    /// Time goes on while something is under way.
    pub(super) late: u64,
    pub(super) index: u64,
}

pub(super) struct World {
    pub(super) now: Moment,
    pub(super) chance: Chance,
    pub(super) faults: Faults,
    pub(super) stream: MadeUpStream,
    pub(super) places: BTreeMap<String, Place>,
    pending: Vec<Errand>,
    wake: Option<Moment>,
    pub(super) objects: Vec<(String, Vec<u8>)>,
    /// The user records that were delivered, that failed, and that were dropped, as often as that was so.
    pub(super) ends: [Vec<String>; 3],
    ended: BTreeSet<String>,
    pub(super) backed_up: Vec<String>,
    pub(super) index: MadeUpIndex,
    /// What the answer that is being taken in drops, unless it comes too late.
    dropped: Vec<String>,
    invocation_ids: BTreeSet<String>,
    pub(super) events: Vec<Event>,
    pub(super) most_held: usize,
    pub(super) has_backup: bool,
}

impl World {
    pub(super) fn new(seed: u64, records: u64, faults: Faults) -> Self {
        let mut chance = Chance(seed);
        Self {
            now: 1_000,
            stream: MadeUpStream::new(&mut chance, records),
            chance,
            faults,
            places: BTreeMap::new(),
            pending: Vec::new(),
            wake: None,
            objects: Vec::new(),
            ends: Default::default(),
            ended: BTreeSet::new(),
            backed_up: Vec::new(),
            index: MadeUpIndex::default(),
            dropped: Vec::new(),
            invocation_ids: BTreeSet::new(),
            events: Vec::new(),
            most_held: 0,
            has_backup: false,
        }
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
                self.stream.show_more(&mut self.chance);
            } else if !self.happen_once(delivery) {
                return;
            }
        }
    }

    /// Everything is shown, nothing goes wrong any more, and the delivery stream is told to drain.
    pub(super) fn drain(&mut self, delivery: &mut Delivery) {
        self.faults = Faults { invocation: 0, write: 0, late: 0, index: 0, ..self.faults };
        self.stream.show_everything();
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
        self.stream.ends().into_iter().all(|(shard, last, closed)| {
            let place = self.places.get(&shard).cloned().unwrap_or_default();
            place.after == last && place.finished == closed
        })
    }

    /// One errand comes back, or the time comes that was waited for.
    fn happen_once(&mut self, delivery: &mut Delivery) -> bool {
        let version = self.stream.version;
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
            Errand::ListShards => Input::Shards(self.stream.listed(&self.places)),
            Errand::Watch { .. } => Input::Changed(self.stream.version),
            Errand::Read { shard, id, after, limit } => {
                let page = self.stream.page(&id, after.as_deref(), limit, &mut self.chance);
                Input::Read { shard, page }
            }
            Errand::Invoke { shard, number, invocation } => {
                let answer = self.answer(&invocation.event);
                Input::Answered { shard, invocation: number, answer }
            }
            Errand::Index { number, lines } => {
                let answer = self.index.bulk(&lines, &mut self.chance, self.faults.index);
                self.ended.extend(self.index.documents.values().cloned());
                Input::Indexed { request: number, answer }
            }
            Errand::Write { number, object } => Input::Written { object: number, result: self.write(object) },
            Errand::Pass { shard, id, place } => {
                self.pass(&id, place);
                Input::Passed { shard }
            }
        }
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
            let shard = decoded(data).chars().next().filter(|shard| *shard != 'c');
            let keys = json!({"partitionKeys": {"shard": shard.map(String::from).unwrap_or_default()}});
            let ok = json!({"recordId": id, "result": "Ok", "data": data, "metadata": keys});
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

    fn write(&mut self, object: Object) -> Result<u64, DestinationError> {
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
        Ok(object.body.len() as u64)
    }

    /// A place is passed only when everything up to it has ended.
    fn pass(&mut self, shard: &str, place: Place) {
        if let Some(after) = &place.after {
            let after: u64 = after.parse().unwrap();
            let up_to = self.stream.labels.range((shard.to_owned(), 0)..=(shard.to_owned(), after));
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
