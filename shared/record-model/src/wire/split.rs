//! Cuts a message into chunks.

use super::chunk::{Chunk, Message, OVERHEAD_BYTES};

/// Why a message can't be cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A record has no room for a piece after the frame.
    #[error("record may have {found} bytes, a chunk needs more than {OVERHEAD_BYTES}")]
    RecordBytes {
        /// The room given.
        found: usize,
    },
    /// The message is longer than the frame can say.
    #[error("message is {found} bytes, the limit is {}", u32::MAX)]
    MessageBytes {
        /// Its length.
        found: usize,
    },
}

/// Cuts a message into chunks that fit records of `max_record_bytes` (the data alone: subtract the partition
/// key).
///
/// `id` must differ from that of any other message of the stream: use 128 random bits. Send all chunks with
/// one partition key, so that one shard holds them in order; a reader needs neither.
pub fn split(
    message: &[u8],
    id: u128,
    max_record_bytes: usize,
) -> Result<impl Iterator<Item = Chunk<'_>>, SplitError> {
    let piece_bytes = max_record_bytes
        .checked_sub(OVERHEAD_BYTES)
        .filter(|&bytes| bytes > 0)
        .ok_or(SplitError::RecordBytes { found: max_record_bytes })?;
    let length =
        u32::try_from(message.len()).map_err(|_| SplitError::MessageBytes { found: message.len() })?;
    let pieces = pieces(message, piece_bytes);
    let count = u32::try_from(pieces.len()).unwrap_or(u32::MAX); // no more pieces than bytes
    let message = Message { id, count, length, crc32c: crc32c::crc32c(message) };
    Ok((0..).zip(pieces).map(move |(index, piece)| Chunk { message, index, piece }))
}

/// At least one piece, even for an empty message.
fn pieces(message: &[u8], piece_bytes: usize) -> impl ExactSizeIterator<Item = &[u8]> {
    let count = message.len().div_ceil(piece_bytes).max(1);
    (0..count).map(move |index| {
        let rest = message.get(index * piece_bytes..).unwrap_or_default();
        rest.get(..piece_bytes).unwrap_or(rest)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(chunk: &Chunk<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        chunk.write(&mut out);
        out
    }

    proptest! {
        #[test]
        fn chunks_fit_and_are_the_message(message: Vec<u8>, id: u128, room in OVERHEAD_BYTES + 1..OVERHEAD_BYTES + 50) {
            let chunks: Vec<_> = split(&message, id, room).unwrap().collect();
            prop_assert!(chunks.iter().all(|chunk| framed(chunk).len() <= room));
            prop_assert!(chunks.iter().all(|chunk| Chunk::read(&framed(chunk)) == Ok(*chunk)));
            prop_assert_eq!(chunks.len(), chunks[0].message.count as usize);
            let together: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.piece).copied().collect();
            prop_assert_eq!(together, message);
        }
    }

    #[test]
    fn a_record_without_room_for_a_byte_is_refused() {
        let refused = split(b"message", 1, OVERHEAD_BYTES).map(Iterator::count);
        assert_eq!(refused, Err(SplitError::RecordBytes { found: OVERHEAD_BYTES }));
    }

    #[test]
    fn an_empty_message_is_one_chunk() {
        assert_eq!(split(b"", 1, 100).unwrap().count(), 1);
    }
}
