//! Puts a message together from its chunks, in whatever order and however often they arrive.
//!
//! This module knows only the rule. Its user keeps the pieces, decides which record writes the message out,
//! and decides when to give up on a message that stays incomplete.

use std::collections::{BTreeMap, btree_map::Entry};

use super::chunk::{Chunk, Message};

/// A message that is being put together.
#[derive(Debug, Clone)]
pub struct Reassembly {
    message: Message,
    pieces: BTreeMap<u32, Box<[u8]>>,
    bytes: u64,
}

/// What happened to a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It was missing so far.
    New,
    /// The same piece, with the same bytes, was there before.
    Copy,
}

/// Why a piece does not belong, or why pieces don't form a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReassemblyError {
    /// The whole message would be larger than the caller allows.
    #[error("message is {length} bytes, the limit is {limit}")]
    TooLarge {
        /// Its length.
        length: u32,
        /// The limit.
        limit: usize,
    },
    /// The piece describes another message: its id, count, length or checksum differs.
    #[error("chunk is of a message of {found:?}, the others are of {expected:?}")]
    OtherMessage {
        /// What the piece says.
        found: Message,
        /// What the others said.
        expected: Message,
    },
    /// Two different pieces claim the same index.
    #[error("two different chunks have index {index}")]
    Conflict {
        /// The place.
        index: u32,
    },
    /// The pieces together are longer or shorter than the message.
    #[error("chunks add up to {found} bytes, the message has {expected}")]
    Length {
        /// Bytes of the pieces.
        found: u64,
        /// Bytes of the whole.
        expected: u32,
    },
    /// Pieces are missing.
    #[error("{missing} of {count} chunks are missing")]
    Incomplete {
        /// How many.
        missing: u32,
        /// Of how many.
        count: u32,
    },
    /// All pieces are there, but their checksum is wrong.
    #[error("message has CRC-32C {found:08x}, its chunks say {expected:08x}")]
    Checksum {
        /// Of the pieces together.
        found: u32,
        /// What the pieces say.
        expected: u32,
    },
}

impl Reassembly {
    /// Makes an empty reassembly of a message of at most `max_bytes`.
    pub fn new(message: Message, max_bytes: usize) -> Result<Self, ReassemblyError> {
        if message.length as usize > max_bytes {
            return Err(ReassemblyError::TooLarge { length: message.length, limit: max_bytes });
        }
        Ok(Self { message, pieces: BTreeMap::new(), bytes: 0 })
    }

    /// Takes a piece in. On an error nothing has changed, and the record that brought the piece is at fault.
    pub fn add(&mut self, chunk: &Chunk<'_>) -> Result<Added, ReassemblyError> {
        if chunk.message != self.message {
            return Err(ReassemblyError::OtherMessage { found: chunk.message, expected: self.message });
        }
        match self.pieces.entry(chunk.index) {
            Entry::Occupied(kept) if **kept.get() == *chunk.piece => Ok(Added::Copy),
            Entry::Occupied(_) => Err(ReassemblyError::Conflict { index: chunk.index }),
            Entry::Vacant(place) => {
                let bytes = self.bytes + chunk.piece.len() as u64;
                if bytes > u64::from(self.message.length) {
                    return Err(ReassemblyError::Length { found: bytes, expected: self.message.length });
                }
                self.bytes = bytes;
                place.insert(chunk.piece.into());
                Ok(Added::New)
            }
        }
    }

    /// Returns how many pieces are still missing.
    pub fn missing(&self) -> u32 {
        self.message.count - u32::try_from(self.pieces.len()).unwrap_or(self.message.count)
    }

    /// Returns the whole message, if all pieces are there and their checksum is right.
    pub fn message(&self) -> Result<Vec<u8>, ReassemblyError> {
        let Message { count, length, crc32c: expected, .. } = self.message;
        if self.missing() > 0 {
            return Err(ReassemblyError::Incomplete { missing: self.missing(), count });
        }
        if self.bytes != u64::from(length) {
            return Err(ReassemblyError::Length { found: self.bytes, expected: length });
        }
        let whole = self.pieces.values().map(AsRef::as_ref).collect::<Vec<&[u8]>>().concat();
        match crc32c::crc32c(&whole) {
            found if found == expected => Ok(whole),
            found => Err(ReassemblyError::Checksum { found, expected }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chunk::split;

    fn chunks_of(message: &[u8], id: u128, room: usize) -> Vec<Chunk<'_>> {
        split(message, id, room).unwrap().collect()
    }

    fn started(chunks: &[Chunk<'_>]) -> Reassembly {
        Reassembly::new(chunks[0].message, 1 << 20).unwrap()
    }

    proptest! {
        #[test]
        fn any_order_with_any_copies_makes_the_message(
            message: Vec<u8>,
            room in 38_usize..60,
            arrivals in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        ) {
            let chunks = chunks_of(&message, 7, room);
            let mut reassembly = started(&chunks);
            let some_early = arrivals.iter().map(|at| at.get(&chunks));
            for chunk in some_early.chain(&chunks) {
                reassembly.add(chunk).unwrap();
            }
            prop_assert_eq!(reassembly.missing(), 0);
            prop_assert_eq!(reassembly.message(), Ok(message));
        }
    }

    #[test]
    fn a_missing_piece_is_waited_for() {
        let chunks = chunks_of(b"abc", 1, 38);
        let mut reassembly = started(&chunks);
        reassembly.add(&chunks[2]).unwrap();
        assert_eq!(reassembly.missing(), 2);
        assert_eq!(reassembly.message(), Err(ReassemblyError::Incomplete { missing: 2, count: 3 }));
    }

    #[test]
    fn a_copy_is_dropped_and_another_piece_in_its_place_is_refused() {
        let chunks = chunks_of(b"abc", 1, 38);
        let mut reassembly = started(&chunks);
        assert_eq!(reassembly.add(&chunks[0]), Ok(Added::New));
        assert_eq!(reassembly.add(&chunks[0]), Ok(Added::Copy));
        let forged = Chunk { piece: b"x", ..chunks[0] };
        assert_eq!(reassembly.add(&forged), Err(ReassemblyError::Conflict { index: 0 }));
    }

    #[test]
    fn messages_that_come_interleaved_do_not_mix() {
        let (ours, theirs) = (chunks_of(b"abc", 1, 38), chunks_of(b"abc", 2, 38));
        let mut reassembly = started(&ours);
        let refused = reassembly.add(&theirs[1]).unwrap_err();
        assert!(matches!(refused, ReassemblyError::OtherMessage { .. }));
        assert_eq!(reassembly.missing(), 3);
    }

    #[test]
    fn a_piece_that_counts_otherwise_is_of_another_message() {
        let chunks = chunks_of(b"abc", 1, 38);
        let mut message = chunks[0].message;
        message.count = 4;
        let other = Chunk { message, ..chunks[1] };
        assert!(matches!(started(&chunks).add(&other), Err(ReassemblyError::OtherMessage { .. })));
    }

    #[test]
    fn pieces_that_are_not_the_message_are_found_out() {
        let mut chunks = chunks_of(b"abc", 1, 38);
        chunks[1].piece = b"x";
        let mut reassembly = started(&chunks);
        for chunk in &chunks {
            reassembly.add(chunk).unwrap();
        }
        assert!(matches!(reassembly.message(), Err(ReassemblyError::Checksum { .. })));
    }

    #[test]
    fn pieces_that_are_more_or_less_than_the_message_are_found_out() {
        let chunks = chunks_of(b"abc", 1, 38);
        let mut reassembly = started(&chunks);
        let long = Chunk { piece: b"long", ..chunks[0] };
        assert_eq!(reassembly.add(&long), Err(ReassemblyError::Length { found: 4, expected: 3 }));
        for chunk in &chunks[..2] {
            reassembly.add(chunk).unwrap();
        }
        reassembly.add(&Chunk { piece: b"", ..chunks[2] }).unwrap();
        assert_eq!(reassembly.message(), Err(ReassemblyError::Length { found: 2, expected: 3 }));
    }

    #[test]
    fn a_message_over_the_limit_is_refused_before_it_takes_memory() {
        let message = Message { id: 1, count: 1, length: u32::MAX, crc32c: 0 };
        let refused = Reassembly::new(message, 10 << 20).unwrap_err();
        assert_eq!(refused, ReassemblyError::TooLarge { length: u32::MAX, limit: 10 << 20 });
    }
}
