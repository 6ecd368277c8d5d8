//! Hashes words, pairs of words and pieces of words to the slots of the linear model.
#![allow(unreachable_pub)] // public with the feature `training`

use crate::packed::{Packed, load};

/// The slots to which features are hashed. With six slots to a row of eight bytes, the weights stay under 256
/// KiB.
pub(crate) const SLOTS: usize = 193_536;
/// How many words a negation reaches.
const NEGATION_REACH: u8 = 4;
/// Length of a piece of a word, in bytes.
const PIECE_BYTES: usize = 5;
/// The longest part of a word that is cut into pieces, in bytes. With the spaces around it, it is sixteen.
const MAX_PIECED_BYTES: usize = 14;

/// The number of groups.
pub(crate) const GROUPS: usize = 3;

/// The groups of features. Each group is averaged separately.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Words; words within a negation's reach again with a mark; and runs of punctuation.
    Words,
    /// A word or punctuation with the one before it.
    Pairs,
    /// Pieces of five bytes, which include the spaces around the word.
    Pieces,
}

/// Calls `found` with the features of the words that it is given, in their order.
pub(crate) struct FeatureHasher<F> {
    found: F,
    /// The word or punctuation before.
    before: u64,
    /// How many words the last negation still reaches.
    negated: u8,
}

impl<F: FnMut(Group, usize)> FeatureHasher<F> {
    pub(crate) fn new(found: F) -> Self {
        Self { found, before: 1, negated: 0 }
    }

    /// Adds a word. `hash` is the word's own, and `negates` says that it negates the words after it.
    #[inline]
    pub(crate) fn word(&mut self, word: Packed, hash: u64, negates: bool) {
        pieces(word, |slot| (self.found)(Group::Pieces, slot));
        (self.found)(Group::Words, slot(hash));
        let mut hash = hash;
        if self.negated > 0 {
            self.negated -= 1;
            hash = mix(hash, 999);
            (self.found)(Group::Words, slot(hash));
        }
        if negates || word.ends_with_nt() {
            self.negated = NEGATION_REACH;
        }
        self.pair(hash);
    }

    /// Adds a run of punctuation, by its first two characters and whether there are more, or an unknown
    /// character. Most of these end the reach of a negation.
    #[inline]
    pub(crate) fn signs(&mut self, text: &[u8], start: usize, end: usize) {
        let kept = if text.get(start).is_some_and(u8::is_ascii) { 2 } else { 4 };
        let signs = load(text, start, end.min(start + kept));
        let more = u64::from(end - start > 2) << 32;
        let [first, second, ..] = signs.to_le_bytes();
        let ends = |sign: u8| matches!(sign, b'.' | b',' | b';' | b':' | b'!' | b'?' | b'(' | b')');
        if ends(first) || ends(second) {
            self.negated = 0;
        }
        self.sign(signs | more);
    }

    /// Adds anything that counts as one unit, such as an emoticon.
    #[inline]
    pub(crate) fn sign(&mut self, sign: u64) {
        let hash = mix(sign, 5);
        (self.found)(Group::Words, slot(hash));
        self.pair(hash);
    }

    /// Adds the pair of a word or punctuation and the one before it.
    #[inline]
    fn pair(&mut self, hash: u64) {
        (self.found)(Group::Pairs, slot(mix(mix(self.before, hash), 11)));
        self.before = hash;
    }
}

/// Every five bytes of the word with a space before and after it. A word that makes only one piece adds none.
#[inline]
#[allow(clippy::cast_possible_truncation)] // the lowest five bytes are wanted
fn pieces(word: Packed, mut found: impl FnMut(usize)) {
    let length = word.len().min(MAX_PIECED_BYTES);
    if length + 2 <= PIECE_BYTES {
        return;
    }
    let mut rest = word.between_spaces(length);
    for _ in PIECE_BYTES..length + 3 {
        found(slot(rest as u64 & (u64::MAX >> (64 - 8 * PIECE_BYTES))));
        rest >>= 8;
    }
}

#[inline]
fn mix(hash: u64, with: u64) -> u64 {
    let mixed = (hash.rotate_left(25) ^ with).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 32)
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // less than `SLOTS`
fn slot(hash: u64) -> usize {
    let high = hash.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32;
    ((high * SLOTS as u64) >> 32) as usize
}
