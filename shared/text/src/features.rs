//! What the linear model sees of a text: hashed words with negation marks, pairs of words, and pieces of words.

use crate::normalise::normalise;

/// Slots features are hashed to.
pub(crate) const SLOTS: usize = 1 << 16;
/// Words a negation reaches.
const NEGATION_REACH: u8 = 4;
/// Longest part of a word that is cut into pieces, in bytes.
const MAX_PIECED_BYTES: usize = 20;

/// The two groups of features; each is averaged apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Words and pairs of words.
    Words,
    /// Pieces of four and five bytes, with the spaces around the word.
    Pieces,
}

/// Extracts features; holds the buffer.
#[derive(Default, Debug)]
pub struct FeatureReader {
    normal: String,
}

impl FeatureReader {
    /// Calls `found` with the group and slot of each feature of `text`.
    pub fn read(&mut self, text: &str, mut found: impl FnMut(Group, u16)) {
        normalise(text, &mut self.normal);
        let mut before = 1;
        let mut negated = 0_u8;
        let mut rest = self.normal.as_str();
        while let Some(token) = next_token(&mut rest) {
            let bytes = token.as_bytes();
            let mut word = hash(bytes);
            if starts_word(token) {
                pieces(bytes, |slot| found(Group::Pieces, slot));
                found(Group::Words, slot(mix(word, 3)));
                if negated > 0 {
                    negated -= 1;
                    word = mix(word, 999);
                }
                if is_negation(bytes) {
                    negated = NEGATION_REACH;
                }
            } else {
                word = mix(word, 5);
                if bytes.iter().any(|sign| b".,;:!?()".contains(sign)) {
                    negated = 0;
                }
            }
            found(Group::Words, slot(word));
            found(Group::Words, slot(mix(mix(before, word), 11)));
            before = word;
        }
    }
}

/// Takes the next word or run of signs off the front.
fn next_token<'a>(rest: &mut &'a str) -> Option<&'a str> {
    *rest = rest.trim_start();
    let bytes = if starts_word(rest) { word_bytes(rest) } else { sign_bytes(rest) };
    let (token, after) = rest.split_at_checked(bytes)?;
    *rest = after;
    (!token.is_empty()).then_some(token)
}

fn starts_word(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphanumeric)
}

/// Letters and digits, and single hyphens and apostrophes between them.
fn word_bytes(text: &str) -> usize {
    let mut points = text.char_indices().peekable();
    while let Some((at, point)) = points.next() {
        let joins =
            matches!(point, '\'' | '-') && points.peek().is_some_and(|&(_, after)| after.is_alphanumeric());
        if !joins && !point.is_alphanumeric() {
            return at;
        }
    }
    text.len()
}

/// A run of signs, such as an emoticon: up to seven bytes, or one emoji.
fn sign_bytes(text: &str) -> usize {
    let mut end = 0;
    for point in text.chars() {
        if point.is_alphanumeric() || point.is_whitespace() || end > 6 || (end >= 4 && !point.is_ascii()) {
            break;
        }
        end += point.len_utf8();
    }
    end
}

fn is_negation(word: &[u8]) -> bool {
    word.ends_with(b"n't")
        || matches!(
            word,
            b"not"
                | b"no"
                | b"never"
                | b"without"
                | b"nothing"
                | b"none"
                | b"nobody"
                | b"cannot"
                | b"nor"
                | b"neither"
                | b"cant"
                | b"dont"
                | b"didnt"
                | b"doesnt"
                | b"isnt"
                | b"wasnt"
                | b"wont"
                | b"aint"
                | b"couldnt"
                | b"wouldnt"
                | b"shouldnt"
                | b"havent"
                | b"hasnt"
                | b"hadnt"
                | b"arent"
                | b"werent"
                | b"hardly"
                | b"barely"
                | b"lack"
                | b"lacks"
        )
}

/// Every four and five bytes of the word with a space before and after it.
fn pieces(word: &[u8], mut found: impl FnMut(u16)) {
    let mut padded = [0_u8; 32];
    let length = word.len().min(MAX_PIECED_BYTES);
    padded.iter_mut().skip(1).zip(word.iter().take(length)).for_each(|(to, from)| *to = *from);
    for end in [0, length + 1] {
        if let Some(end) = padded.get_mut(end) {
            *end = b' ';
        }
    }
    for (number, eight) in padded.windows(8).enumerate().take((length + 2).saturating_sub(3)) {
        let bytes = <[u8; 8]>::try_from(eight).map_or(0, u64::from_le_bytes);
        found(slot(mix(bytes & 0xFFFF_FFFF, 81)));
        if number + 5 <= length + 2 {
            found(slot(mix(bytes & 0xFF_FFFF_FFFF, 82)));
        }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(0xCBF2_9CE4_8422_2325, |hash, piece| {
        let piece = piece.iter().rev().fold(0_u64, |word, &byte| (word << 8) | u64::from(byte));
        mix(hash, piece)
    })
}

fn mix(hash: u64, with: u64) -> u64 {
    let mixed = (hash.rotate_left(25) ^ with).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 32)
}

fn slot(hash: u64) -> u16 {
    u16::try_from(hash.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 48).unwrap_or_default()
}
