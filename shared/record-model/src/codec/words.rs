//! Bytes looked for eight at a time, in a word of the machine.

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// A bit in the lowest byte of the word that is under `limit`, which is 0x80 at most, and in none below it: a borrow
/// can only start at such a byte.
#[inline]
pub(super) fn under(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGHS
}

/// The same of the bytes that are `byte`.
#[inline]
pub(super) fn equal(word: u64, byte: u8) -> u64 {
    under(word ^ (ONES * u64::from(byte)), 1)
}

/// Which byte of a word read in little-endian order the lowest bit is in.
#[inline]
pub(super) fn first(bits: u64) -> usize {
    bits.trailing_zeros() as usize / 8
}
