//! Payloads to entries: keyed, compressed where that is smaller, aggregated by shard, cut where too long.

use std::sync::Arc;

use record_model::compress::{CompressError, Gzip, Zstd};
use record_model::kpl::{Aggregator, Draft};
use record_model::{Schema, chunk};

use super::key::{Key, Keyer, random_key};
use super::{Entry, KeyError, KeyRule, KeyRuleError, ShardMap};

/// Aggregates are closed at this many bytes, as the KPL does: one for each shard is in memory.
const AGGREGATE_BYTES: usize = 50 << 10;

/// The form records take in the stream.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Packing {
    /// Where partition keys come from.
    pub key: KeyRule,
    /// How each record is compressed, where that makes it smaller.
    pub compression: Compression,
    /// Whether many records travel as one Kinesis record.
    pub aggregate: bool,
    /// Whether a record over the limit is cut into chunks.
    pub chunks: bool,
    /// Whether records of one key are to stay in order.
    pub order_per_key: bool,
    /// Whether a line end follows each record, inside its compression: what a delivery stream puts
    /// together as it is can then be read line by line.
    pub line_ends: bool,
}

impl Packing {
    /// Whether partition keys mean something to whoever reads the stream.
    pub fn keys_matter(&self) -> bool {
        self.key != KeyRule::Random || self.aggregate || self.chunks || self.order_per_key
    }
}

/// A record's compression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// None.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// Why a packing can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackingError {
    /// The key rule is not well-formed.
    #[error("key rule can't be used")]
    Key(#[from] KeyRuleError),
    /// Aggregates of one key may overtake each other.
    #[error("aggregation keeps no order per key, use one of them")]
    AggregateInOrder,
}

/// Why one record can't be an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// It has no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It is too long and may not be cut.
    #[error("record with its partition key is {bytes} bytes, the limit is {limit}")]
    TooLong {
        /// Bytes found.
        bytes: usize,
        /// Most bytes.
        limit: usize,
    },
    /// It could not be compressed.
    #[error(transparent)]
    Compress(#[from] CompressError),
}

impl PackError {
    /// A short stable word, for metrics and quarantine.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::TooLong { .. } => "too_long",
            Self::Compress(_) => "compress",
        }
    }
}

/// Makes entries of payloads.
pub struct Packer {
    packing: Packing,
    record_bytes: usize,
    keyer: Keyer,
    press: Press,
    compressed: Vec<u8>,
    shards: Arc<ShardMap>,
    /// By shard index.
    open: Vec<OpenAggregate>,
}

struct OpenAggregate {
    aggregator: Aggregator,
    first_position: u64,
    /// A key of this shard, for records that may have any.
    any_key: String,
}

enum Press {
    None,
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
}

impl Packer {
    /// For records of one schema and a stream that takes `record_bytes` in a record with its key.
    pub fn new(packing: Packing, schema: Schema, record_bytes: usize) -> Result<Self, PackingError> {
        if packing.aggregate && packing.order_per_key {
            return Err(PackingError::AggregateInOrder);
        }
        let press = match packing.compression {
            Compression::None => Press::None,
            Compression::Gzip => Press::Gzip(Box::new(Gzip::new(6))),
            Compression::Zstd => Press::Zstd(Box::new(Zstd::new(3))),
        };
        Ok(Self {
            keyer: Keyer::new(&packing.key, schema)?,
            packing,
            record_bytes,
            press,
            compressed: Vec::new(),
            shards: Arc::default(),
            open: Vec::new(),
        })
    }

    /// Follows the stream's shards; entries of the old ones go out first.
    pub fn set_shards(&mut self, shards: Arc<ShardMap>, out: &mut Vec<Entry>) {
        if Arc::ptr_eq(&self.shards, &shards) || *self.shards == *shards {
            return;
        }
        self.flush(out);
        self.shards = shards;
        let count = if self.packing.aggregate { self.shards.shards().len() } else { 0 };
        let bytes = AGGREGATE_BYTES.min(self.record_bytes);
        let open = |shard| OpenAggregate {
            aggregator: Aggregator::new(bytes),
            first_position: 0,
            any_key: key_of_shard(&self.shards, shard),
        };
        self.open = (0..count).map(open).collect();
    }

    /// Ends the record's line where that is asked for.
    pub fn end_line(&self, payload: &mut Vec<u8>) {
        if self.packing.line_ends {
            payload.push(b'\n');
        }
    }

    /// Appends the entries that are ready once this record is taken in: none, one or more.
    pub fn pack(&mut self, payload: &[u8], position: u64, out: &mut Vec<Entry>) -> Result<(), PackError> {
        let (key, shard) = self.key_and_shard(payload)?;
        let mut buffer = std::mem::take(&mut self.compressed);
        let packed =
            self.press.smaller(payload, &mut buffer).map(|data| self.place(data, key, shard, position, out));
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

    /// A record that may go anywhere goes to a random shard, under one key for all records of its
    /// aggregate: a table of as many keys as records would be most of the aggregate.
    fn key_and_shard(&mut self, payload: &[u8]) -> Result<(Key, Option<usize>), PackError> {
        if self.keyer.is_random() && !self.open.is_empty() {
            let shard = fastrand::usize(..self.open.len());
            let partition_key = self.open.get(shard).map_or_else(String::new, |open| open.any_key.clone());
            return Ok((Key { partition_key, explicit_hash_key: None }, Some(shard)));
        }
        let key = self.keyer.key(payload)?;
        if self.open.is_empty() {
            return Ok((key, None));
        }
        let shard = self.shards.index_of(key.hash_key());
        Ok((key, shard))
    }

    /// Gives the key back where the record is too long to be placed whole.
    fn place(
        &mut self,
        data: &[u8],
        key: Key,
        shard: Option<usize>,
        position: u64,
        out: &mut Vec<Entry>,
    ) -> Result<(), Key> {
        if let Some(open) = shard.and_then(|shard| self.open.get_mut(shard)) {
            let hash_key = key.explicit_hash_key.map(|key| key.to_string());
            let draft =
                Draft { partition_key: &key.partition_key, explicit_hash_key: hash_key.as_deref(), data };
            if open.push(&draft, position, out) {
                return Ok(());
            }
        }
        if data.len() + key.partition_key.len() > self.record_bytes {
            return Err(key);
        }
        out.push(entry(key, data.to_vec(), position, 1));
        Ok(())
    }

    /// Cuts the record itself, and compresses each framed piece where that is smaller: readers
    /// take a piece's compression off before its frame, and a message has none.
    fn cut(
        &mut self,
        payload: &[u8],
        key: &Key,
        position: u64,
        out: &mut Vec<Entry>,
    ) -> Result<(), PackError> {
        let limit = self.record_bytes;
        let bytes = payload.len() + key.partition_key.len();
        let room = limit.saturating_sub(key.partition_key.len());
        let chunks = chunk::split(payload, fastrand::u128(..), room)
            .map_err(|_| PackError::TooLong { bytes, limit })?;
        let (mut framed, mut compressed) = (Vec::new(), Vec::new());
        for chunk in chunks {
            framed.clear();
            chunk.write(&mut framed);
            let data = self.press.smaller(&framed, &mut compressed)?;
            // The message counts once, with its first piece.
            out.push(entry(key.clone(), data.to_vec(), position, u32::from(chunk.index == 0)));
        }
        Ok(())
    }

    /// Appends every aggregate that is not empty.
    pub fn flush(&mut self, out: &mut Vec<Entry>) {
        for open in &mut self.open {
            open.close(out);
        }
    }

    /// The first source position that no entry handed out holds.
    pub fn oldest_position(&self) -> Option<u64> {
        let open = self.open.iter().filter(|open| open.aggregator.user_records() > 0);
        open.map(|open| open.first_position).min()
    }
}

impl OpenAggregate {
    /// Takes a record in, closing the aggregate first if it is full; `false` for one that fits none.
    fn push(&mut self, draft: &Draft<'_>, position: u64, out: &mut Vec<Entry>) -> bool {
        if !self.aggregator.push(draft) {
            self.close(out);
            if !self.aggregator.push(draft) {
                return false;
            }
        }
        if self.aggregator.user_records() == 1 {
            self.first_position = position;
        }
        true
    }

    fn close(&mut self, out: &mut Vec<Entry>) {
        let Some(aggregated) = self.aggregator.finish() else { return };
        let hash_key = aggregated.explicit_hash_key.as_deref().and_then(record_model::keys::parse_hash_key);
        let key = Key { partition_key: aggregated.partition_key, explicit_hash_key: hash_key };
        let records = u32::try_from(aggregated.user_records).unwrap_or(u32::MAX);
        out.push(entry(key, aggregated.data, self.first_position, records));
    }
}

impl Press {
    /// The payload compressed into `buffer`, or as it is where that is no longer.
    fn smaller<'a>(&mut self, payload: &'a [u8], buffer: &'a mut Vec<u8>) -> Result<&'a [u8], PackError> {
        buffer.clear();
        match self {
            Self::None => return Ok(payload),
            Self::Gzip(gzip) => gzip.write(payload, None, buffer)?,
            Self::Zstd(zstd) => zstd.write(payload, None, buffer)?,
        }
        Ok(if buffer.len() < payload.len() { buffer } else { payload })
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

/// A random key that falls on a shard; as many tries as there are shards do on average.
fn key_of_shard(shards: &ShardMap, shard: usize) -> String {
    let tries = 64 * shards.shards().len();
    let mut keys = (0..tries).map(|_| random_key().partition_key);
    keys.find(|key| shards.index_of(record_model::keys::hash_key(key)) == Some(shard)).unwrap_or_default()
}
