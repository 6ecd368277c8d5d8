//! What one record and one batch may cost: every size that a sender can choose is bounded here.

use super::DecodeError;

/// Bounds on what a [`crate::Decoder`] takes on, whatever the sender wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that decompression may produce for one Kinesis record, all its user records together.
    /// `batch_bytes_out` bounds this too, so that the first record of a batch can't exhaust the batch.
    pub record_bytes_out: usize,
    /// Bytes that decompression may produce between two calls of [`crate::Decoder::start_batch`].
    pub batch_bytes_out: usize,
    /// User records in one aggregate, and keys in each of its tables.
    pub sub_records: usize,
    /// Wrappings around one payload, where an aggregate counts as one.
    pub depth: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { record_bytes_out: 32 << 20, batch_bytes_out: 128 << 20, sub_records: 100_000, depth: 4 }
    }
}

/// What is left of both byte budgets while one Kinesis record is decoded.
pub(super) struct Budget<'a> {
    limits: &'a Limits,
    record_left: usize,
    batch_left: &'a mut usize,
}

impl<'a> Budget<'a> {
    pub(super) fn for_record(limits: &'a Limits, batch_left: &'a mut usize) -> Self {
        Self { limits, record_left: limits.record_bytes_out.min(limits.batch_bytes_out), batch_left }
    }

    pub(super) fn bytes_left(&self) -> usize {
        self.record_left.min(*self.batch_left)
    }

    pub(super) fn spend(&mut self, bytes: usize) {
        self.record_left = self.record_left.saturating_sub(bytes);
        *self.batch_left = self.batch_left.saturating_sub(bytes);
    }

    /// Called if more bytes were needed than are left. The work was done, so it is charged.
    pub(super) fn overdraw(&mut self) -> DecodeError {
        let batch_is_short = *self.batch_left < self.record_left;
        self.spend(self.bytes_left());
        if batch_is_short {
            DecodeError::BatchBytes { limit: self.limits.batch_bytes_out }
        } else {
            DecodeError::RecordBytes { limit: self.limits.record_bytes_out.min(self.limits.batch_bytes_out) }
        }
    }
}
