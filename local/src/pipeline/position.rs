//! The place of a user record: `<stream>:<shard>:<sequence number>:<place in its aggregate>`.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use record_model::layout::RecordId;

/// The 64-bit hash of a position, since a run may have millions. Among a million records, two share a hash
/// with a probability of 1 in 10^7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Position(u64);

impl Position {
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

/// How often each position was found.
#[derive(Debug, Default)]
pub(crate) struct Positions(HashMap<Position, u32>);

impl Positions {
    pub(crate) fn add(&mut self, position: Position) {
        *self.0.entry(position).or_default() += 1;
    }

    pub(crate) fn count(&self, position: Position) -> u32 {
        self.0.get(&position).copied().unwrap_or(0)
    }
}
