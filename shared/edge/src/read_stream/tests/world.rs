//! The stream in memory.

use std::collections::BTreeMap;

use crate::aws::kinesis_reader::{Page, ReadRecord, Shard};
use crate::read_stream::calls::{Answer, Call, Place, Trouble};

/// What happens to the stream between two calls.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Put(usize),
    Split(usize),
    Merge(usize, usize),
    Trouble(Trouble),
    Pass(i64),
}

#[derive(Debug, Default, Clone)]
pub(super) struct Log {
    pub(super) parents: Vec<String>,
    children: Vec<String>,
    pub(super) records: Vec<u64>,
    closed: bool,
}

/// The stream: a record's number is its place in all of it, and its arrival in milliseconds.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) shards: BTreeMap<String, Log>,
    pub(super) put: u64,
    trouble: Option<Trouble>,
    /// Troubles one after the other: a row of them that outlasts all patience is another law's.
    row: u32,
}

impl World {
    pub(super) fn new(shards: usize) -> Self {
        let mut world = Self::default();
        for _ in 0..shards {
            world.open(Vec::new());
        }
        world
    }

    fn open(&mut self, parents: Vec<String>) {
        let id = format!("shard-{:04}", self.shards.len());
        for parent in &parents {
            let parent = self.shards.get_mut(parent).unwrap();
            parent.closed = true;
            parent.children.push(id.clone());
        }
        self.shards.insert(id, Log { parents, ..Log::default() });
    }

    fn open_shard(&self, nth: usize) -> String {
        let open: Vec<&String> =
            self.shards.iter().filter(|(_, log)| !log.closed).map(|(id, _)| id).collect();
        open[nth % open.len()].clone()
    }

    pub(super) fn act(&mut self, act: &Act) {
        match act {
            Act::Put(nth) => {
                self.put += 1;
                let id = self.open_shard(*nth);
                self.shards.get_mut(&id).unwrap().records.push(self.put);
            }
            Act::Split(nth) => {
                let id = self.open_shard(*nth);
                self.open(vec![id.clone()]);
                self.open(vec![id]);
            }
            Act::Merge(one, other) => {
                let (one, other) = (self.open_shard(*one), self.open_shard(*other));
                if one != other {
                    self.open(vec![one, other]);
                }
            }
            Act::Trouble(trouble) => self.trouble = Some(*trouble),
            Act::Pass(_) => {}
        }
    }

    /// An iterator is the shard's name and a place in its records.
    pub(super) fn answer(&mut self, call: &Call, page_len: usize) -> Result<Answer, Trouble> {
        if let Some(trouble) = self.trouble.take().filter(|_| self.row < 3) {
            self.row += 1;
            let is_possible = trouble != Trouble::Expired || matches!(call, Call::Read { .. });
            return Err(if is_possible { trouble } else { Trouble::Throttled });
        }
        self.row = 0;
        match call {
            Call::List => Ok(Answer::Shards(self.listed())),
            Call::Iterator { shard, place } => {
                let records = &self.shards[&**shard].records;
                let at = match place {
                    Place::Oldest => 0,
                    Place::Latest => records.len(),
                    Place::Time(at_ms) => {
                        records.iter().filter(|record| **record as i64 * 10 < *at_ms).count()
                    }
                    Place::At(number) => at(records, number),
                    Place::After(number) => at(records, number) + 1,
                };
                Ok(Answer::Iterator(format!("{shard}/{at}")))
            }
            Call::Read { iterator, .. } => Ok(Answer::Page(self.page(iterator, page_len))),
        }
    }

    pub(super) fn listed(&self) -> Vec<Shard> {
        let shard = |(id, log): (&String, &Log)| Shard {
            id: id.clone(),
            parents: log.parents.clone(),
            hash_keys: 0..=0,
            closed: log.closed,
        };
        self.shards.iter().map(shard).collect()
    }

    fn page(&self, iterator: &str, len: usize) -> Page {
        let (id, from) = iterator.split_once('/').unwrap();
        let (log, from) = (&self.shards[id], from.parse::<usize>().unwrap());
        let to = (from + len).min(log.records.len());
        let is_end = log.closed && to == log.records.len();
        Page {
            records: log.records[from..to].iter().map(|number| record(*number)).collect(),
            next_iterator: (!is_end).then(|| format!("{id}/{to}")),
            millis_behind_latest: (log.records.len() - to) as i64,
            children: if is_end { log.children.clone() } else { Vec::new() },
            read_to: None,
        }
    }
}

fn at(records: &[u64], number: &str) -> usize {
    records.iter().position(|record| record.to_string() == number).unwrap()
}

fn record(number: u64) -> ReadRecord {
    ReadRecord {
        sequence_number: number.to_string(),
        partition_key: "k".to_owned(),
        data: bytes::Bytes::new(),
        arrived_at_ms: number as i64 * 10,
    }
}
