//! The form that records take in a stream, and why a record can't take that form.

use record_model::compress::CompressError;

use crate::put_records::{KeyError, KeyRule, KeyRuleError};

/// The form that records take in the stream.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Packing {
    /// Where partition keys come from.
    pub key: KeyRule,
    /// How each record is compressed: where that makes it smaller, or with `line_ends` every one.
    pub compression: Compression,
    /// Whether many records travel as one Kinesis record.
    pub aggregate: bool,
    /// Whether a record over the limit is cut into chunks.
    pub chunks: bool,
    /// Whether records with the same key stay in order.
    pub order_per_key: bool,
    /// Whether a line end follows each record, inside its compression: what a delivery stream puts
    /// together as it is can then be read line by line. So that it can be opened as a whole, every record is
    /// compressed then or none, however short.
    pub line_ends: bool,
}

impl Packing {
    /// Whether partition keys matter to readers of the stream.
    pub fn keys_matter(&self) -> bool {
        self.key != KeyRule::Random || self.aggregate || self.chunks || self.order_per_key
    }
}

/// A record's compression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// No compression.
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
    /// Aggregates with records of the same key may overtake each other.
    #[error("aggregation keeps no order per key: choose one of the two")]
    AggregateInOrder,
}

/// Why one record can't become an entry.
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
    /// Returns a short stable word, for metrics and quarantine.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::TooLong { .. } => "too_long",
            Self::Compress(_) => "compress",
        }
    }
}
