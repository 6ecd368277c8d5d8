//! Puts a message together from its chunks, in whatever order and however often they come.
//!
//! This is the rule alone; who uses it keeps the pieces and the time. With pieces as objects in storage:
//!
//! 1. A record brings a piece: keep the piece, unless it is kept already.
//! 2. Build a [`Reassembly`] from the kept pieces and ask for its [verdict](Reassembly::verdict).
//! 3. On [`Verdict::Unclaimed`] the record has just made the message whole, and it is the first: write the claim with
//!    a conditional create, and on a lost race read the winner's claim and ask again.
//! 4. On [`Verdict::Mine`] put the message out in place of the record; in all other cases put out nothing.
//!
//! So a message is put out by one record, and each time that record is delivered, as every other record is. Nothing
//! is deleted when a message is whole: a late copy of a piece must find the claim. Who gives up on an incomplete
//! message claims it too, before it does anything else with the pieces.

use std::collections::{BTreeMap, btree_map::Entry};

use super::chunk::{Chunk, Message};

/// One message in the making.
#[derive(Debug, Clone)]
pub struct Reassembly {
    message: Message,
    pieces: BTreeMap<u32, Box<[u8]>>,
    bytes: u64,
}

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It was missing.
    New,
    /// It was there, with the same bytes.
    Copy,
}

/// Whether a record puts the message out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet: pieces are missing.
    Incomplete {
        /// How many.
        missing: u32,
    },
    /// The message is whole and nobody's: claim it.
    Unclaimed,
    /// It belongs to the record that asks.
    Mine,
    /// It belongs to another record, which puts it out.
    Anothers,
}

/// Why a piece does not belong, or a message is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReassemblyError {
    /// The whole would be larger than the caller allows.
    #[error("message is {length} bytes, the limit is {limit}")]
    TooLarge {
        /// Its length.
        length: u32,
        /// The limit.
        limit: usize,
    },
    /// The piece speaks of another whole: id, count, length or checksum differ.
    #[error("chunk is of a message of {found:?}, the others are of {expected:?}")]
    OtherMessage {
        /// What the piece says.
        found: Message,
        /// What the others said.
        expected: Message,
    },
    /// Two different pieces claim one place.
    #[error("two different chunks have index {index}")]
    Conflict {
        /// The place.
        index: u32,
    },
    /// The pieces are more or less than the whole.
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
    /// All pieces are there and are not the message.
    #[error("message has CRC-32C {found:08x}, its chunks say {expected:08x}")]
    Checksum {
        /// Of the pieces together.
        found: u32,
        /// What the pieces say.
        expected: u32,
    },
}

impl Reassembly {
    /// An empty reassembly of a message of at most `max_bytes`.
    pub fn new(message: Message, max_bytes: usize) -> Result<Self, ReassemblyError> {
        if message.length as usize > max_bytes {
            return Err(ReassemblyError::TooLarge { length: message.length, limit: max_bytes });
        }
        Ok(Self { message, pieces: BTreeMap::new(), bytes: 0 })
    }

    /// Takes a piece in. On an error nothing has changed, and the record that brought it is at fault.
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

    /// How many pieces are still to come.
    pub fn missing(&self) -> u32 {
        self.message.count - u32::try_from(self.pieces.len()).unwrap_or(self.message.count)
    }

    /// Whether the record at `here` puts the message out, given whose claim is kept. `P` is the caller's name for the
    /// place of a record; it has to be the same each time the record is delivered.
    pub fn verdict<P: PartialEq>(&self, claim: Option<&P>, here: &P) -> Verdict {
        match (claim, self.missing()) {
            (Some(owner), _) if owner != here => Verdict::Anothers,
            (_, missing @ 1..) => Verdict::Incomplete { missing },
            (Some(_), 0) => Verdict::Mine,
            (None, 0) => Verdict::Unclaimed,
        }
    }

    /// The whole message, if all pieces are there and are what they say.
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

        #[test]
        fn one_record_puts_the_message_out_whatever_the_order_and_however_often_it_is_delivered(
            pieces in 1_usize..6,
            deliveries in prop::collection::vec(0_usize..6, 0..40),
        ) {
            let message = vec![b'm'; pieces];
            let chunks = chunks_of(&message, 7, 38);
            let (mut kept, mut claim) = (started(&chunks), None);
            let mut put_out_by = Vec::new();
            // Each piece came as one record, whose place is its index; at the end all are delivered once more.
            for here in deliveries.into_iter().filter(|here| *here < pieces).chain(0..pieces).chain(0..pieces) {
                kept.add(&chunks[here]).unwrap();
                if kept.verdict(claim.as_ref(), &here) == Verdict::Unclaimed {
                    claim = Some(here);
                }
                if kept.verdict(claim.as_ref(), &here) == Verdict::Mine {
                    put_out_by.push(here);
                }
            }
            put_out_by.dedup();
            prop_assert_eq!(put_out_by, vec![claim.unwrap()]);
        }
    }

    #[test]
    fn a_missing_piece_is_waited_for() {
        let chunks = chunks_of(b"abc", 1, 38);
        let mut reassembly = started(&chunks);
        reassembly.add(&chunks[2]).unwrap();
        assert_eq!(reassembly.verdict(None, &2), Verdict::Incomplete { missing: 2 });
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
