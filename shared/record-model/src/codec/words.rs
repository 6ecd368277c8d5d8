//! Searches bytes eight at a time, in a machine word.

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Sets a bit in the lowest byte of the word that is under `limit`, which is at most 0x80, and none below
/// that byte, since a borrow can only start at such a byte.
#[inline]
pub(super) fn under(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGHS
}

/// Does the same for bytes that equal `byte`.
#[inline]
pub(super) fn equal(word: u64, byte: u8) -> u64 {
    under(word ^ (ONES * u64::from(byte)), 1)
}

/// The index of the byte that holds the lowest bit, in a word that was read in little-endian order.
#[inline]
pub(super) fn first(bits: u64) -> usize {
    bits.trailing_zeros() as usize / 8
}
