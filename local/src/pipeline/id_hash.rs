//! The place of a user record: `<stream>:<shard>:<sequence number>:<place in its aggregate>`.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use record_model::layout::RecordId;

/// The 64-bit hash of a record's id: a run may hold millions. Two of a million records share one with a chance of 1 in 10^7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct IdHash(u64);

impl IdHash {
    pub(crate) fn of_id(id: &str) -> Self {
        Self(BuildHasherDefault::<DefaultHasher>::new().hash_one(id))
    }

    pub(crate) fn of_record(stream: &str, shard_id: &str, sequence_number: &str, sub: Option<u64>) -> Self {
        Self::of_id(&id(stream, shard_id, sequence_number, sub))
    }
}

/// The id that a consumer writes on the record's line. A record that is not aggregated has the place 0.
pub(crate) fn id(stream: &str, shard_id: &str, sequence_number: &str, sub: Option<u64>) -> String {
    RecordId::new(stream, shard_id, sequence_number, sub).to_string()
}

/// How often each id was met.
#[derive(Debug, Default)]
pub(crate) struct IdCounts(HashMap<IdHash, u32>);

impl IdCounts {
    pub(crate) fn add(&mut self, id: IdHash) {
        *self.0.entry(id).or_default() += 1;
    }

    pub(crate) fn count(&self, id: IdHash) -> u32 {
        self.0.get(&id).copied().unwrap_or(0)
    }
}
