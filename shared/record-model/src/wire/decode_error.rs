//! Why a record can't be opened.

use super::{Format, chunk::ChunkError, hop::HopError};

/// Why a record, or one user record of an aggregate, can't be opened. The same bytes fail the same way each time,
/// but for [`is_batch_budget`](Self::is_batch_budget).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The compressed bytes are broken, cut short, or followed by something else.
    #[error("{} data is damaged", .format.as_str())]
    Damaged {
        /// The compression.
        format: Format,
    },
    /// One record would open to more than [`crate::Limits::record_bytes_out`].
    #[error("record opens to more than {limit} bytes")]
    RecordBytes {
        /// The limit.
        limit: usize,
    },
    /// This batch has opened to [`crate::Limits::batch_bytes_out`]: no fault of the record.
    #[error("batch opens to more than {limit} bytes")]
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
    /// More wrappings inside each other than [`crate::Limits::depth`].
    #[error("record is wrapped more than {limit} times")]
    Depth {
        /// The limit.
        limit: u8,
    },
    /// A user record of an aggregate names a key that its table has not.
    #[error("{table} number {index} is wanted, the aggregate has {len}")]
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
    /// Whether the batch ran out of its byte budget: stop before this record and let it begin the next batch.
    /// Every other error is the record's own and stays.
    pub fn is_batch_budget(&self) -> bool {
        matches!(self, Self::BatchBytes { .. })
    }

    /// A short stable word for metrics.
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
