//! The chunk frame: one piece of a message that is too large for one record.
//!
//! A message is cut into pieces that travel as records of their own and share a partition key. Version 1, numbers
//! big-endian, 37 bytes before the piece:
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | magic `C0 4B 46 43`; `C0` occurs nowhere in UTF-8, so no text is taken for a frame |
//! | 4 | version, 1 |
//! | 5..21 | message id, 128 bits; unique for each message of a stream |
//! | 21..25 | index of this piece, from 0 |
//! | 25..29 | count of pieces, at least 1 |
//! | 29..33 | length of the whole message in bytes |
//! | 33..37 | CRC-32C of the whole message |
//! | 37.. | the piece |
//!
//! Pieces may be of any lengths but 0 (an empty message is one empty piece); in order of their index they are the
//! message. They may arrive out of order, twice, and over several shards: see [`Reassembly`].

pub use super::reassembly::{Added, Reassembly, ReassemblyError};
pub use super::split::{SplitError, split};

pub(super) const MAGIC: [u8; 4] = [0xC0, b'K', b'F', b'C'];
const VERSION: u8 = 1;

/// Bytes the frame adds to a piece.
pub const OVERHEAD_BYTES: usize = MAGIC.len() + 1 + 16 + 4 * 4;

/// What every piece of one message says about the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    /// Unique for each message of a stream.
    pub id: u128,
    /// Pieces the message was cut into, at least 1.
    pub count: u32,
    /// Length of the whole in bytes.
    pub length: u32,
    /// CRC-32C of the whole.
    pub crc32c: u32,
}

/// One piece as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The message this piece belongs to.
    pub message: Message,
    /// Which piece this is, from 0, less than `message.count`.
    pub index: u32,
    /// The bytes of this piece.
    pub piece: &'a [u8],
}

/// Why a chunk frame can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The bytes are not a chunk.
    #[error("a chunk begins with C0 4B 46 43, these bytes do not")]
    Magic,
    /// The record ends inside the frame.
    #[error("chunk frame is {OVERHEAD_BYTES} bytes, the record has {found}")]
    Short {
        /// Bytes there are.
        found: usize,
    },
    /// A later release wrote this version.
    #[error("chunk frame has version {found}, the newest known is {VERSION}")]
    Version {
        /// The version found.
        found: u8,
    },
    /// The index is not one of its message's.
    #[error("chunk has index {index} of a message of {count} pieces")]
    Index {
        /// The index found.
        index: u32,
        /// The count found.
        count: u32,
    },
    /// A message claims more pieces than bytes. Without this bound a short message could claim any number of
    /// pieces.
    #[error("message of {length} bytes is said to have {count} pieces")]
    Count {
        /// The count found.
        count: u32,
        /// Length of the message.
        length: u32,
    },
}

impl<'a> Chunk<'a> {
    /// Appends the frame and the piece to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        out.extend_from_slice(&self.message.id.to_be_bytes());
        for number in [self.index, self.message.count, self.message.length, self.message.crc32c] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(self.piece);
    }

    /// Reads a framed piece, as it arrived or as it was kept.
    pub fn read(framed: &'a [u8]) -> Result<Self, ChunkError> {
        let short = || ChunkError::Short { found: framed.len() };
        let mut rest = framed;
        if take(&mut rest) != Some(MAGIC) {
            return Err(ChunkError::Magic);
        }
        match take(&mut rest).ok_or_else(short)? {
            [VERSION] => Self::read_version_1(rest).ok_or_else(short)?.validated(),
            [found] => Err(ChunkError::Version { found }),
        }
    }

    fn read_version_1(mut rest: &'a [u8]) -> Option<Self> {
        let id = u128::from_be_bytes(take(&mut rest)?);
        let mut number = || take(&mut rest).map(u32::from_be_bytes);
        let (index, count, length, crc32c) = (number()?, number()?, number()?, number()?);
        Some(Self { message: Message { id, count, length, crc32c }, index, piece: rest })
    }

    fn validated(self) -> Result<Self, ChunkError> {
        let Message { count, length, .. } = self.message;
        if self.index >= count {
            return Err(ChunkError::Index { index: self.index, count });
        }
        if count > length.max(1) {
            return Err(ChunkError::Count { count, length });
        }
        Ok(self)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: Message = Message { id: 0x0102, count: 3, length: 300, crc32c: 0xDEAD_BEEF };

    fn framed(chunk: &Chunk<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        chunk.write(&mut out);
        out
    }

    #[test]
    fn the_frame_is_the_documented_bytes() {
        let frame = framed(&Chunk { message: MESSAGE, index: 2, piece: b"end" });
        let mut expected = vec![0xC0, 0x4B, 0x46, 0x43, 1];
        expected.extend([0; 14]);
        expected.extend([1, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 1, 0x2C, 0xDE, 0xAD, 0xBE, 0xEF]);
        expected.extend(b"end");
        assert_eq!(frame, expected);
        assert_eq!(frame.len(), OVERHEAD_BYTES + 3);
    }

    #[test]
    fn what_is_written_is_read() {
        for piece in [&b""[..], b"piece"] {
            let chunk = Chunk { message: MESSAGE, index: 0, piece };
            assert_eq!(Chunk::read(&framed(&chunk)), Ok(chunk));
        }
    }

    #[test]
    fn a_frame_that_makes_no_sense_is_refused() {
        let frame = framed(&Chunk { message: MESSAGE, index: 0, piece: b"" });
        assert_eq!(Chunk::read(b"{}"), Err(ChunkError::Magic));
        for cut in 4..OVERHEAD_BYTES {
            assert_eq!(Chunk::read(&frame[..cut]), Err(ChunkError::Short { found: cut }));
        }
        let mut other_version = frame.clone();
        other_version[4] = 2;
        assert_eq!(Chunk::read(&other_version), Err(ChunkError::Version { found: 2 }));
    }

    #[test]
    fn a_piece_outside_its_message_is_refused() {
        let outside = framed(&Chunk { message: MESSAGE, index: 3, piece: b"" });
        assert_eq!(Chunk::read(&outside), Err(ChunkError::Index { index: 3, count: 3 }));
        let crowded = Message { length: 2, ..MESSAGE };
        let many = framed(&Chunk { message: crowded, index: 0, piece: b"abc" });
        assert_eq!(Chunk::read(&many), Err(ChunkError::Count { count: 3, length: 2 }));
    }
}
