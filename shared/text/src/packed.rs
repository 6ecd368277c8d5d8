//! A short lower-case word as three machine words. It is compared without a loop and hashed with three
//! multiplications.

/// The longest word that a table can hold, in bytes. The last byte of the three words is the length.
pub(crate) const MAX_PACKED_BYTES: usize = 23;

/// The high bit of every byte.
pub(crate) const HIGH: u64 = 0x8080_8080_8080_8080;

/// What packing found about the letters.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Letters {
    pub(crate) capitals: u32,
    pub(crate) lower: bool,
    pub(crate) beyond_ascii: bool,
}

/// How a word is written, as far as it matters to the linear model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Plain {
    /// It has only small letters, hyphens and apostrophes.
    Word,
    /// It has digits too.
    WithDigits,
    /// It has other characters.
    No,
}

/// Up to 23 bytes with ASCII letters in lower case, then zeros and the length.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Packed(pub(crate) [u64; 3]);

impl Packed {
    /// Packs a word and says which letters it contains; `None` for more than 23 bytes.
    pub(crate) fn lower(word: &[u8]) -> (Option<Packed>, Letters) {
        Self::lower_within(word, 0, word.len())
    }

    /// Does the same for the bytes `start..end` of `text`. It is faster, since it reads whole machine words
    /// where there are any.
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
            seen.capitals += if upper == 0 { 0 } else { upper.count_ones() };
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

    /// The bytes, followed by zeros.
    pub(crate) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let (eights, _) = bytes.as_chunks_mut::<8>();
        eights.iter_mut().zip(self.bytes()).for_each(|(to, from)| *to = from.to_le_bytes());
        bytes
    }

    /// Length in bytes.
    pub(crate) fn len(self) -> usize {
        let [_, _, c] = self.0;
        usize::try_from(c >> 56).unwrap_or_default()
    }

    fn bytes(self) -> [u64; 3] {
        let [a, b, c] = self.0;
        [a, b, c << 8 >> 8]
    }

    /// Whether the word consists of small letters, hyphens and apostrophes, with no letter three times in a
    /// row.
    pub(crate) fn plain(self) -> Plain {
        let (mut digits, mut odd) = (0, u64::from(self.len() == 0));
        for bytes in self.bytes() {
            if bytes == 0 {
                break;
            }
            let small = letters(bytes, b'a', b'z');
            let differs = (bytes ^ (bytes >> 8)) | (bytes ^ (bytes >> 16));
            odd |= small & !not_zero(differs);
            let others = not_zero(bytes) & !small;
            if others != 0 {
                let number = letters(bytes, b'0', b'9');
                let joint = letters(bytes, b'\'', b'\'') | letters(bytes, b'-', b'-');
                digits |= number;
                odd |= others & !number & !joint;
            }
        }
        match (odd, digits) {
            (0, 0) => Plain::Word,
            (0, _) => Plain::WithDigits,
            _ => Plain::No,
        }
    }

    /// The word without its last byte.
    pub(crate) fn without_last(self) -> Packed {
        let mut bytes = self.to_bytes();
        let length = self.len().saturating_sub(1);
        if let Some(last) = bytes.get_mut(length) {
            *last = 0;
        }
        Packed::lower(bytes.get(..length).unwrap_or_default()).0.unwrap_or_default()
    }

    /// The word with every digit replaced by zero.
    pub(crate) fn without_digits(self) -> Packed {
        let length = self.0[2] & (0xFF << 56);
        let [a, b, c] = self.bytes().map(|bytes| bytes & !((letters(bytes, b'0', b'9') >> 7) * 0x0F));
        Packed([a, b, c | length])
    }

    /// Whether the word ends with "n't".
    pub(crate) fn ends_with_nt(self) -> bool {
        let length = self.len();
        let [a, b, c] = self.bytes();
        let last = |words: u128, end: usize| {
            (words >> (8 * (end - 3))) & 0xFF_FFFF == u128::from(u32::from_le_bytes(*b"n't\0"))
        };
        (3..=16).contains(&length) && last(u128::from(b) << 64 | u128::from(a), length) && c == 0
    }

    /// The first bytes, at most fourteen of them, with a space before and after.
    pub(crate) fn between_spaces(self, length: usize) -> u128 {
        let [a, b, _] = self.0;
        let word = (u128::from(b) << 64 | u128::from(a)) & (u128::MAX >> (128 - 8 * length));
        let space = u128::from(b' ');
        space | word << 8 | space << (8 * (length + 1))
    }

    /// A well-mixed hash, whose high bits are the best.
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

/// The high bit of each byte that is not zero.
fn not_zero(bytes: u64) -> u64 {
    (((bytes & !HIGH) + !HIGH) | bytes) & HIGH
}

/// The high bit of each byte that is in `first..=last` (both ASCII).
fn letters(bytes: u64, first: u8, last: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let seven = bytes & !HIGH;
    let at_least_first = seven + ONES * u64::from(0x80 - first);
    let over_last = seven + ONES * u64::from(0x7F - last);
    at_least_first & !over_last & !bytes & HIGH
}

/// A table of words, as the build script writes it.
pub(crate) struct Table<T: 'static> {
    /// A bit for each value of the hash's highest 16 bits that some word has. The search for most other words
    /// ends here.
    pub(crate) filter: &'static [u64; 1 << 10],
    /// 16 bits of hash and a row's number from 1, or 0. A search starts at the place that the hash's highest
    /// 14 bits give.
    pub(crate) slots: &'static [u32; 1 << 14],
    pub(crate) rows: &'static [(Packed, T)],
}

impl<T> Table<T> {
    /// The table's row for the word with this hash.
    #[inline]
    pub(crate) fn find(&self, word: Packed, hash: u64) -> Option<&'static T> {
        let bits = self.filter.get((hash >> 54) as usize)?;
        if bits >> ((hash >> 48) & 63) & 1 == 0 {
            return None;
        }
        self.find_slot(word, hash)
    }

    fn find_slot(&self, word: Packed, hash: u64) -> Option<&'static T> {
        let mut slot = (hash >> 50) as usize;
        loop {
            let entry = *self.slots.get(slot)?;
            let number = (entry & 0xFFFF) as usize;
            let (key, found) = self.rows.get(number.checked_sub(1)?)?;
            if u64::from(entry >> 16) == hash & 0xFFFF && *key == word {
                return Some(found);
            }
            slot = (slot + 1) % self.slots.len();
        }
    }
}
