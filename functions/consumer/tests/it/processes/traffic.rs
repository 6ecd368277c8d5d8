//! What a run puts on its stream, in every wire form, and what must come of it.

use std::collections::BTreeMap;

use record_model::{chunk, compress::Gzip, kpl};

use super::super::faults::random::Random;

/// Fewest Kinesis records of a run.
const RECORDS: usize = 24;

/// Where an item has to be in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Enriched,
    Quarantine,
}

/// One thing that must be kept once: a record, a record of an aggregate, a whole message, or a piece of another.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) place: Place,
    /// What is in quarantine; empty for what is enriched.
    pub(crate) payload: Vec<u8>,
    /// The Kinesis records that carry it, by their places in [`Traffic::records`].
    pub(crate) records: Vec<usize>,
}

#[derive(Default)]
pub(crate) struct Traffic {
    /// Partition key and data of each.
    pub(crate) records: Vec<(String, Vec<u8>)>,
    /// By name: the first name of the user in it, which no other has.
    pub(crate) items: BTreeMap<String, Item>,
}

impl Traffic {
    pub(crate) fn made_up(random: &mut Random) -> Self {
        let mut traffic = Self::default();
        while traffic.records.len() < RECORDS {
            match random.below(12) {
                0 => traffic.push_poison(random),
                1 => traffic.push_broken(random),
                2 => traffic.push_compressed(random),
                3 | 4 => traffic.push_aggregate(random),
                5 => traffic.push_message(random, false),
                6 => traffic.push_message(random, true),
                _ => traffic.push_plain(random),
            }
        }
        traffic
    }

    fn next_name(&self) -> String {
        format!("user{}", self.items.len())
    }

    fn push(&mut self, random: &mut Random, data: Vec<u8>) -> usize {
        self.records.push((format!("key {}", random.below(9)), data));
        self.records.len() - 1
    }

    fn add(&mut self, name: String, place: Place, payload: Vec<u8>, records: Vec<usize>) {
        self.items.insert(name, Item { place, payload, records });
    }

    fn push_plain(&mut self, random: &mut Random) {
        let name = self.next_name();
        let record = self.push(random, user(&name));
        self.add(name, Place::Enriched, Vec::new(), vec![record]);
    }

    fn push_compressed(&mut self, random: &mut Random) {
        let name = self.next_name();
        let mut data = Vec::new();
        Gzip::new(1).write(&user(&name), None, &mut data).unwrap();
        let record = self.push(random, data);
        self.add(name, Place::Enriched, Vec::new(), vec![record]);
    }

    /// JSON that is no user.
    fn push_poison(&mut self, random: &mut Random) {
        let name = self.next_name();
        let data = no_user(&name);
        let record = self.push(random, data.clone());
        self.add(name, Place::Quarantine, data, vec![record]);
    }

    /// The beginning of a gzip file, and no more.
    fn push_broken(&mut self, random: &mut Random) {
        let name = self.next_name();
        let data = [&[0x1F, 0x8B, 0, 0], name.as_bytes()].concat();
        let record = self.push(random, data.clone());
        self.add(name, Place::Quarantine, data, vec![record]);
    }

    /// Users, and now and then what is none, which must not cost its neighbours.
    fn push_aggregate(&mut self, random: &mut Random) {
        let mut aggregator = kpl::Aggregator::new(1 << 20);
        let record = self.records.len();
        for _ in 0..=random.below(4) {
            let name = self.next_name();
            let is_poison = random.one_in(5);
            let data = if is_poison { no_user(&name) } else { user(&name) };
            let draft = kpl::Draft { partition_key: "k", explicit_hash_key: None, data: &data };
            assert!(aggregator.push(&draft));
            if is_poison {
                self.add(name, Place::Quarantine, data, vec![record]);
            } else {
                self.add(name, Place::Enriched, Vec::new(), vec![record]);
            }
        }
        self.push(random, aggregator.finish().unwrap().data);
    }

    /// A message in three pieces, in any order and anywhere in the stream, of which one may never come.
    fn push_message(&mut self, random: &mut Random, is_whole: bool) {
        let name = self.next_name();
        let message = user(&name);
        let room = chunk::OVERHEAD_BYTES + message.len().div_ceil(3);
        let framed = |piece: chunk::Chunk<'_>| {
            let mut out = Vec::new();
            piece.write(&mut out);
            out
        };
        let id = u128::from(random.next());
        let mut pieces: Vec<Vec<u8>> = chunk::split(&message, id, room).unwrap().map(framed).collect();
        let first = random.below(pieces.len());
        pieces.rotate_left(first);
        if !is_whole {
            pieces.pop();
        }
        let records: Vec<usize> = pieces.iter().map(|piece| self.push(random, piece.clone())).collect();
        if is_whole {
            return self.add(name, Place::Enriched, Vec::new(), records);
        }
        for (piece, record) in pieces.into_iter().zip(records) {
            self.add(format!("{name} piece {record}"), Place::Quarantine, piece, vec![record]);
        }
    }
}

fn user(name: &str) -> Vec<u8> {
    format!(r#"{{"first_name":"{name}","last_name":"Example","age":42,"gender":"female"}}"#).into_bytes()
}

fn no_user(name: &str) -> Vec<u8> {
    format!(r#"["{name}"]"#).into_bytes()
}
