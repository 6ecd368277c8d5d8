//! Why a record can't be opened.

use super::{Format, chunk::ChunkError, hop::HopError};

/// Why a record, or one user record of an aggregate, can't be decoded. The same bytes always fail in the same
/// way, except for [`is_batch_budget`](Self::is_batch_budget).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The compressed bytes are broken or cut short, or something else follows them.
    #[error("{} data is damaged", .format.as_str())]
    Damaged {
        /// The compression.
        format: Format,
    },
    /// One record would decompress to more than [`crate::Limits::record_bytes_out`].
    #[error("record decompresses to more than {limit} bytes")]
    RecordBytes {
        /// The limit.
        limit: usize,
    },
    /// This batch has decompressed to [`crate::Limits::batch_bytes_out`], which is not the record's fault.
    #[error("batch decompresses to more than {limit} bytes")]
    BatchBytes {
        /// The limit.
        limit: usize,
    },
    /// An aggregate holds more user records, or more keys, than [`crate::Limits::sub_records`].
    #[error("aggregate holds more than {limit} records or keys")]
    SubRecords {
        /// The limit.
        limit: usize,
    },
    /// The record is wrapped more often than [`crate::Limits::depth`] allows.
    #[error("record is wrapped more than {limit} times")]
    Depth {
        /// The limit.
        limit: u8,
    },
    /// A user record of an aggregate refers to a key that its table does not have.
    #[error("record refers to {table} number {index}, but the aggregate has {len}")]
    KeyIndex {
        /// `partition key` or `explicit hash key`.
        table: &'static str,
        /// The number asked for, from 0.
        index: u64,
        /// Entries in that table.
        len: usize,
    },
    /// A chunk frame can't be read.
    #[error("chunk frame can't be read")]
    Chunk(#[from] ChunkError),
    /// A hop frame can't be read.
    #[error("hop frame can't be read")]
    Hop(#[from] HopError),
}

impl DecodeError {
    /// Whether the batch has used up its byte budget: the reader then stops before this record, which begins
    /// the next batch. Every other error belongs to the record and is permanent.
    pub fn is_batch_budget(&self) -> bool {
        matches!(self, Self::BatchBytes { .. })
    }

    /// Returns a short stable word for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "damaged",
            Self::RecordBytes { .. } => "record_bytes",
            Self::BatchBytes { .. } => "batch_bytes",
            Self::SubRecords { .. } => "sub_records",
            Self::Depth { .. } => "depth",
            Self::KeyIndex { .. } => "key_index",
            Self::Chunk(_) => "chunk",
            Self::Hop(_) => "hop",
        }
    }
}
