//! What is known about a stream besides its records, as `stream.json` stores it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::number::{Origin, Place, SequenceNumber};

/// Hours that records are kept, unless the stream says otherwise.
pub(crate) const RETENTION_HOURS: u32 = 24;
/// The largest record, unless the stream says otherwise.
pub(crate) const MAX_RECORD_KIB: u32 = 1024;

/// A stream's settings and shards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) settings: Settings,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) consumers: BTreeMap<String, Consumer>,
    /// All shards, including closed ones, by index.
    pub(crate) shards: Vec<Shard>,
    /// The number of shards that was last asked for when the stream was provided. Others may have split and
    /// merged since then.
    #[serde(default)]
    pub(crate) provided_shards: Option<u32>,
}

/// What can be set of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Whether it claims to scale by itself.
    pub(crate) on_demand: bool,
    pub(crate) retention_hours: u32,
    pub(crate) max_record_kib: u32,
    /// The key with which records are said to be encrypted.
    pub(crate) key: Option<String>,
    /// The shard-level metrics that are said to be written.
    pub(crate) metrics: BTreeSet<String>,
    pub(crate) warm_mibps: Option<u32>,
    pub(crate) policy: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            on_demand: false,
            retention_hours: RETENTION_HOURS,
            max_record_kib: MAX_RECORD_KIB,
            key: None,
            metrics: BTreeSet::new(),
            warm_mibps: None,
            policy: None,
        }
    }
}

/// A consumer with enhanced fan-out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consumer {
    pub(crate) created_ms: u64,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) policy: Option<String>,
}

/// A shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shard {
    pub(crate) index: u32,
    /// Empty, one shard after a split, or two after a merge: the one that was merged, and its neighbour.
    pub(crate) parents: Vec<u32>,
    pub(crate) first_hash: u128,
    pub(crate) last_hash: u128,
    pub(crate) opened_ms: u64,
    /// The counter of its first record.
    pub(crate) start: u64,
    pub(crate) closed: Option<Closed>,
}

/// The end of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closed {
    pub(crate) at_ms: u64,
    /// The counter after its last record.
    pub(crate) end: u64,
}

impl Shard {
    pub(crate) fn id(&self) -> String {
        shard_id(self.index)
    }

    pub(crate) fn holds(&self, hash_key: u128) -> bool {
        (self.first_hash..=self.last_hash).contains(&hash_key)
    }

    pub(crate) fn starting_number(&self, origin: Origin) -> SequenceNumber {
        origin.number(Place { shard: self.index, counter: self.start })
    }

    /// The number after its last record; `None` while it is open.
    pub(crate) fn ending_number(&self, origin: Origin) -> Option<SequenceNumber> {
        self.closed.map(|closed| origin.number(Place { shard: self.index, counter: closed.end }))
    }
}

impl Description {
    pub(crate) fn shard(&self, index: u32) -> Option<&Shard> {
        let at = self.shards.binary_search_by_key(&index, |shard| shard.index).ok()?;
        self.shards.get(at)
    }

    pub(crate) fn open_shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().filter(|shard| shard.closed.is_none())
    }

    pub(crate) fn retention_ms(&self) -> u64 {
        u64::from(self.settings.retention_hours) * 3_600_000
    }
}

/// Such as `shardId-000000000007`.
pub(crate) fn shard_id(index: u32) -> String {
    format!("shardId-{index:012}")
}

/// The index in a shard's id. Kinesis takes any prefix before the digits.
pub(crate) fn shard_index(id: &str) -> Option<u32> {
    let digits = id.strip_prefix("shardId-").unwrap_or(id);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}
