//! A short lower-case word as three machine words: compared without a loop, hashed with three multiplications.

/// Longest word a table can hold, in bytes; the last byte of the three words is the length.
pub(crate) const MAX_PACKED_BYTES: usize = 23;

/// The high bit of every byte.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// What packing saw of the letters.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Letters {
    pub(crate) upper: bool,
    pub(crate) lower: bool,
    pub(crate) beyond_ascii: bool,
}

/// Up to 23 bytes, ASCII letters lower-cased, then zeros and the length.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Packed(pub(crate) [u64; 3]);

impl Packed {
    /// Packs a word and says which letters it held; `None` over 23 bytes.
    pub(crate) fn lower(word: &[u8]) -> (Option<Packed>, Letters) {
        Self::lower_within(word, 0, word.len())
    }

    /// The same for the bytes `start..end` of `text`: faster, as whole machine words are read where there are any.
    pub(crate) fn lower_within(text: &[u8], start: usize, end: usize) -> (Option<Packed>, Letters) {
        let mut packed = [0; 3];
        let mut seen = Letters::default();
        let mut at = start;
        for slot in 0.. {
            if at >= end {
                break;
            }
            let bytes = load(text, at, end);
            let upper = letters(bytes, b'A', b'Z');
            seen.upper |= upper != 0;
            seen.lower |= letters(bytes, b'a', b'z') != 0;
            seen.beyond_ascii |= bytes & HIGH != 0;
            if let Some(slot) = packed.get_mut(slot) {
                *slot = bytes | (upper >> 2);
            }
            at += 8;
        }
        let [a, b, c] = packed;
        let length = end.saturating_sub(start);
        let fits = length <= MAX_PACKED_BYTES;
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        (fits.then_some(Packed([a, b, c | (length << 56)])), seen)
    }

    /// A well-mixed hash; the high bits are the best ones.
    pub(crate) fn hash(self) -> u64 {
        let [a, b, c] = self.0;
        let mixed = (a ^ b.rotate_left(23) ^ c.rotate_left(47)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed ^ (mixed >> 29) ^ b).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }
}

/// Up to eight bytes of `text` before `end`, little-endian, zero-filled.
pub(crate) fn load(text: &[u8], at: usize, end: usize) -> u64 {
    let missing = (at + 8).saturating_sub(end).min(7);
    let eight = text.get(at..at + 8).and_then(|eight| <[u8; 8]>::try_from(eight).ok());
    if let Some(eight) = eight {
        return u64::from_le_bytes(eight) & (u64::MAX >> (8 * missing));
    }
    let rest = text.get(at..end).unwrap_or_default();
    rest.iter().rev().fold(0, |bytes, &byte| (bytes << 8) | u64::from(byte))
}

/// The high bit of each byte that lies in `first..=last` (both ASCII).
fn letters(bytes: u64, first: u8, last: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let seven = bytes & !HIGH;
    let at_least_first = seven + ONES * u64::from(0x80 - first);
    let over_last = seven + ONES * u64::from(0x7F - last);
    at_least_first & !over_last & !bytes & HIGH
}

/// Finds the row of a word in a table the build script wrote: slots of 16 bits of hash and a row's number from 1.
pub(crate) fn find<'a, T>(
    slots: &[u32],
    rows: &'a [T],
    key: impl Fn(&T) -> Packed,
    word: Packed,
) -> Option<&'a T> {
    let hash = word.hash();
    let mut slot = usize::try_from(hash >> 50).unwrap_or_default();
    loop {
        let entry = *slots.get(slot)?;
        let number = usize::try_from(entry & 0xFFFF).unwrap_or_default();
        let row = rows.get(number.checked_sub(1)?)?;
        if u64::from(entry >> 16) == hash & 0xFFFF && key(row) == word {
            return Some(row);
        }
        slot = (slot + 1) % slots.len();
    }
}
