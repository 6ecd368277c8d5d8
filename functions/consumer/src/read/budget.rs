//! How much of the function's memory the records of a batch may take.
//!
//! What is over a record's share is poison of that record alone, and a batch whose records together are over it stops
//! before the record that is. Where the memory goes at worst, in shares of what is left beside the process and the event:
//!
//! | what | share |
//! |---|---|
//! | a record opened, and the decompressor's own room | 2/14 |
//! | its text without escapes | 1/14 |
//! | lines, and copies for quarantine | 2/14, and as much again where their buffer has just doubled |
//! | the object, as large as the lines where nothing compresses them | 4/14 |
//!
//! The text's analysis takes memory for its window only ([`text::WINDOW_BYTES`]).

use record_model::Limits;

const MIB: usize = 1 << 20;
/// The memory that is not for records: the process, its clients, the analysis of a text, and an event with
/// the copy of its bytes.
const RESERVED_BYTES: usize = 64 * MIB;
/// The least memory for records, however small the function is.
const LEAST_BYTES: usize = 32 * MIB;
/// The most that the lines of one worker's records may take, however large the function is.
const MOST_LINES_BYTES: usize = 128 * MIB;
/// The most bytes to which a whole batch may decompress.
const BATCH_BYTES_OUT: usize = 128 * MIB;
/// How many parts of one record may need a request each: copies for quarantine, and pieces of messages.
pub(crate) const MAX_PARTS: usize = 256;

/// What the records of one worker may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) limits: Limits,
    /// The bytes of the lines and of the copies for quarantine, for one record and for a batch.
    pub(crate) lines_bytes: usize,
}

impl Budget {
    /// The budget of a function with `memory_mb`, divided among `workers`.
    pub(crate) fn of(memory_mb: usize, workers: usize) -> Self {
        let workers = workers.max(1);
        let bytes = memory_mb.saturating_mul(MIB).saturating_sub(RESERVED_BYTES).max(LEAST_BYTES) / workers;
        let usual = Limits::default();
        let lines_bytes = (bytes / 7).min(MOST_LINES_BYTES);
        let batch_bytes_out = BATCH_BYTES_OUT / workers;
        let record_bytes_out = (bytes / 14).min(usual.record_bytes_out).min(batch_bytes_out);
        let limits = Limits { record_bytes_out, batch_bytes_out, ..usual };
        Self { limits, lines_bytes }
    }

    /// The largest message that is put together from chunks, in bytes. It is in memory three times.
    pub(crate) fn message_bytes(&self) -> usize {
        self.limits.record_bytes_out
    }

    /// Buffers with more bytes are not kept from one batch to the next.
    pub(crate) fn kept_bytes(&self) -> usize {
        (self.lines_bytes / 4).min(16 * MIB)
    }
}

/// An upper bound for the line of a payload: its text and its fields, each escaped as JSON requires. Only the
/// line of a schema that has one member in several fields can be longer, and that is found out when the line
/// is written.
pub(crate) fn longest_line(payload: &[u8]) -> usize {
    let extra = |byte: &u8| match byte {
        0..0x20 => 5,
        b'"' | b'\\' => 1,
        _ => 0,
    };
    let escaped = payload.len() + payload.iter().map(extra).sum::<usize>();
    escaped.saturating_mul(3).saturating_add(4096)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn everything_a_batch_takes_fits_the_memory_beside_the_process(memory_mb in 128_usize..=10_240, workers in 1_usize..=16) {
            let Budget { limits, lines_bytes } = Budget::of(memory_mb, workers);
            // The table above, for each worker.
            let all = workers * (3 * limits.record_bytes_out + 3 * lines_bytes);
            prop_assert!(all + RESERVED_BYTES <= memory_mb * MIB, "{all} of {memory_mb} MB");
            // A record that is opened finds room for its line, or none ever would.
            prop_assert!(lines_bytes >= 2 * limits.record_bytes_out);
            prop_assert!(limits.batch_bytes_out >= limits.record_bytes_out);
        }

        #[test]
        fn more_memory_never_means_a_smaller_budget(memory_mb in 128_usize..10_240, workers in 1_usize..=16) {
            let (less, more) = (Budget::of(memory_mb, workers), Budget::of(memory_mb + 1, workers));
            prop_assert!(less.lines_bytes <= more.lines_bytes);
            prop_assert!(less.limits.record_bytes_out <= more.limits.record_bytes_out);
        }
    }
}
