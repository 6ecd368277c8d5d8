//! Keeps messages that were put in pieces until all of their pieces were read.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use record_model::chunk::{Chunk, Reassembly};

use crate::logging::chain;

/// The most bytes of one message, and of all messages that are not complete.
const MAX_BYTES: u64 = 256 << 20;

/// The first piece that was read of a message that is not complete. A later read has to begin with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstPiece {
    /// The stream's name.
    pub stream: String,
    /// The shard.
    pub shard: String,
    /// The sequence number of its Kinesis record.
    pub number: String,
    /// When it arrived, in Unix milliseconds.
    pub arrived_at_ms: i64,
}

/// The messages that are not complete.
#[derive(Default)]
pub(super) struct Messages {
    waiting: BTreeMap<u128, Waiting>,
    bytes: u64,
}

struct Waiting {
    pieces: Reassembly,
    first: FirstPiece,
}

impl Messages {
    /// Adds a piece. Returns the whole message if this piece was its last.
    pub(super) fn add(
        &mut self,
        chunk: &Chunk<'_>,
        first: impl FnOnce() -> FirstPiece,
    ) -> Result<Option<Vec<u8>>, String> {
        let id = chunk.message.id;
        let length = u64::from(chunk.message.length);
        let message = match self.waiting.entry(id) {
            Entry::Occupied(message) => message.into_mut(),
            Entry::Vacant(_) if self.bytes + length > MAX_BYTES => {
                let limit = MAX_BYTES >> 20;
                return Err(format!("more than {limit} MiB of messages wait for their pieces"));
            }
            Entry::Vacant(room) => {
                let max = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
                let pieces = Reassembly::new(chunk.message, max).map_err(|error| chain(&error))?;
                self.bytes += length;
                room.insert(Waiting { pieces, first: first() })
            }
        };
        message.pieces.add(chunk).map_err(|error| chain(&error))?;
        if message.pieces.missing() > 0 {
            return Ok(None);
        }
        let whole = message.pieces.message().map_err(|error| chain(&error));
        self.bytes = self.bytes.saturating_sub(length);
        self.waiting.remove(&id);
        whole.map(Some)
    }

    /// The first piece that was read of each message.
    pub(super) fn first_pieces(&self) -> impl ExactSizeIterator<Item = &FirstPiece> {
        self.waiting.values().map(|waiting| &waiting.first)
    }
}
