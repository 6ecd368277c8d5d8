//! Payloads to entries: keyed, compressed, aggregated by shard, cut where too long.

mod aggregates;
mod press;
mod settings;

use std::sync::Arc;

use record_model::kpl::Draft;
use record_model::{Schema, chunk};

use self::aggregates::Aggregates;
use self::press::Press;
pub use self::settings::{Compression, PackError, Packing, PackingError};
use super::key::{Key, Keyer};
use super::{Entry, ShardMap};

/// Makes entries from payloads.
pub struct Packer {
    packing: Packing,
    record_bytes: usize,
    keyer: Keyer,
    press: Press,
    compressed: Vec<u8>,
    shards: Arc<ShardMap>,
    open: Aggregates,
}

/// Where a record is to go.
struct Address {
    key: Key,
    /// The shard whose aggregate takes it, if records are aggregated.
    shard: Option<usize>,
}

impl Packer {
    /// Makes a packer for records of one schema, and for a stream that takes `record_bytes` in a record with
    /// its key.
    pub fn new(packing: Packing, schema: Schema, record_bytes: usize) -> Result<Self, PackingError> {
        if packing.aggregate && packing.order_per_key {
            return Err(PackingError::AggregateInOrder);
        }
        Ok(Self {
            keyer: Keyer::new(&packing.key, schema)?,
            press: Press::new(packing.compression, packing.line_ends),
            packing,
            record_bytes,
            compressed: Vec::new(),
            shards: Arc::default(),
            open: Aggregates::default(),
        })
    }

    /// Follows a change of the stream's shards. Entries for the old shards are completed first.
    pub fn set_shards(&mut self, shards: Arc<ShardMap>, out: &mut Vec<Entry>) {
        if Arc::ptr_eq(&self.shards, &shards) || *self.shards == *shards {
            return;
        }
        self.flush(out);
        self.shards = shards;
        if self.packing.aggregate {
            self.open = Aggregates::of(&self.shards, self.record_bytes);
        }
    }

    /// Ends the record with a line end, if the packing asks for it.
    pub fn end_line(&self, payload: &mut Vec<u8>) {
        if self.packing.line_ends {
            payload.push(b'\n');
        }
    }

    /// Takes a record in, and appends the entries that are then ready: none, one or more.
    pub fn pack(&mut self, payload: &[u8], position: u64, out: &mut Vec<Entry>) -> Result<(), PackError> {
        let addressed = self.address(payload)?;
        let mut buffer = std::mem::take(&mut self.compressed);
        let packed =
            self.press.press(payload, &mut buffer).map(|data| self.place(data, addressed, position, out));
        self.compressed = buffer;
        match packed? {
            Ok(()) => Ok(()),
            Err(key) if self.packing.chunks => self.cut(payload, &key, position, out),
            Err(key) => {
                let bytes = payload.len() + key.partition_key.len();
                Err(PackError::TooLong { bytes, limit: self.record_bytes })
            }
        }
    }

    fn address(&mut self, payload: &[u8]) -> Result<Address, PackError> {
        if self.keyer.is_random() && !self.open.is_empty() {
            let (key, shard) = self.open.random();
            return Ok(Address { key, shard: Some(shard) });
        }
        let key = self.keyer.key(payload)?;
        let shard = if self.open.is_empty() { None } else { self.shards.index_of(key.hash_key()) };
        Ok(Address { key, shard })
    }

    /// Returns the key if the record is too long to be sent whole.
    fn place(
        &mut self,
        data: &[u8],
        Address { key, shard }: Address,
        position: u64,
        out: &mut Vec<Entry>,
    ) -> Result<(), Key> {
        if shard.is_some() {
            let hash_key = key.explicit_hash_key.map(|key| key.to_string());
            let draft =
                Draft { partition_key: &key.partition_key, explicit_hash_key: hash_key.as_deref(), data };
            if self.open.push(shard, &draft, position, out) {
                return Ok(());
            }
        }
        if data.len() + key.partition_key.len() > self.record_bytes {
            return Err(key);
        }
        out.push(entry(key, data.to_vec(), position, 1));
        Ok(())
    }

    /// Cuts the record itself, and compresses each framed piece as a record is: readers take a piece's compression off
    /// before its frame, and a message has none.
    fn cut(
        &mut self,
        payload: &[u8],
        key: &Key,
        position: u64,
        out: &mut Vec<Entry>,
    ) -> Result<(), PackError> {
        let limit = self.record_bytes;
        let bytes = payload.len() + key.partition_key.len();
        let room = limit.saturating_sub(key.partition_key.len()).saturating_sub(self.press.overhead(limit));
        let chunks = chunk::split(payload, fastrand::u128(..), room)
            .map_err(|_| PackError::TooLong { bytes, limit })?;
        let (mut framed, mut compressed) = (Vec::new(), Vec::new());
        for chunk in chunks {
            framed.clear();
            chunk.write(&mut framed);
            let data = self.press.press(&framed, &mut compressed)?;
            // The message counts once, with its first piece.
            out.push(entry(key.clone(), data.to_vec(), position, u32::from(chunk.index == 0)));
        }
        Ok(())
    }

    /// Appends every aggregate that is not empty.
    pub fn flush(&mut self, out: &mut Vec<Entry>) {
        self.open.flush(out);
    }

    /// Returns the first source position that is not in any entry handed out so far.
    pub fn oldest_position(&self) -> Option<u64> {
        self.open.oldest_position()
    }
}

fn entry(key: Key, data: Vec<u8>, position: u64, records: u32) -> Entry {
    Entry {
        data: data.into(),
        partition_key: key.partition_key,
        explicit_hash_key: key.explicit_hash_key,
        position,
        records,
    }
}
