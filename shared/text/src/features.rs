//! What the linear model sees of a text: hashed words with negation marks, pairs of words, and pieces of words.
#![allow(unreachable_pub)] // public with the feature `training`

use crate::normalise::normalise;
use crate::packed::load;

/// Slots features are hashed to.
pub(crate) const SLOTS: usize = 1 << 16;
/// Words a negation reaches.
const NEGATION_REACH: u8 = 4;
/// Length of a piece of a word, in bytes.
const PIECE_BYTES: usize = 5;
/// Longest part of a word that is cut into pieces, in bytes.
const MAX_PIECED_BYTES: usize = 20;

/// The two groups of features; each is averaged apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Words and pairs of words.
    Words,
    /// Pieces of five bytes, with the spaces around the word.
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
        let text = self.normal.as_str();
        let bytes = text.as_bytes();
        let mut before = 1;
        let mut negated = 0_u8;
        let mut at = 0;
        while let Some((kind, end)) = next_token(text, &mut at) {
            let mut word = hash(bytes, at, end);
            let token = bytes.get(at..end).unwrap_or_default();
            if kind == Kind::Word {
                pieces(token, |slot| found(Group::Pieces, slot));
                found(Group::Words, slot(mix(word, 3)));
                if negated > 0 {
                    negated -= 1;
                    word = mix(word, 999);
                }
                if is_negation(token) {
                    negated = NEGATION_REACH;
                }
            } else {
                word = mix(word, 5);
                if token
                    .iter()
                    .any(|sign| matches!(sign, b'.' | b',' | b';' | b':' | b'!' | b'?' | b'(' | b')'))
                {
                    negated = 0;
                }
            }
            found(Group::Words, slot(word));
            found(Group::Words, slot(mix(mix(before, word), 11)));
            before = word;
            at = end;
        }
    }
}

/// What a character is to a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Space,
    Word,
    Sign,
}

/// Kind and length of the character at a position; `None` at the end.
#[inline]
fn kind_at(text: &str, at: usize) -> Option<(Kind, usize)> {
    let byte = *text.as_bytes().get(at)?;
    let kind = match byte {
        b'a'..=b'z' | b'0'..=b'9' => Kind::Word,
        b' ' | b'\t'..=b'\r' => Kind::Space,
        0x80.. => {
            let point = text.get(at..)?.chars().next()?;
            let kind = match point {
                point if point.is_alphanumeric() => Kind::Word,
                point if point.is_whitespace() => Kind::Space,
                _ => Kind::Sign,
            };
            return Some((kind, point.len_utf8()));
        }
        _ => Kind::Sign,
    };
    Some((kind, 1))
}

/// Moves `at` to the next word or run of signs and gives its kind and end.
#[inline]
fn next_token(text: &str, at: &mut usize) -> Option<(Kind, usize)> {
    loop {
        let (kind, length) = kind_at(text, *at)?;
        match kind {
            Kind::Space => *at += length,
            Kind::Word => return Some((kind, word_end(text, *at))),
            Kind::Sign => return Some((kind, signs_end(text, *at))),
        }
    }
}

/// Letters and digits, and single hyphens and apostrophes between them.
#[inline]
fn word_end(text: &str, mut at: usize) -> usize {
    loop {
        // Nearly all there is: small letters.
        let small = text.as_bytes().get(at..).unwrap_or_default().iter();
        at += small.take_while(|byte| byte.is_ascii_lowercase()).count();
        let Some((kind, length)) = kind_at(text, at) else { break };
        let joins = || {
            matches!(text.as_bytes().get(at), Some(b'\'' | b'-'))
                && kind_at(text, at + 1).is_some_and(|(kind, _)| kind == Kind::Word)
        };
        if kind != Kind::Word && !joins() {
            break;
        }
        at += length;
    }
    at
}

/// A run of signs, such as an emoticon: up to seven bytes, or one emoji.
#[inline]
fn signs_end(text: &str, start: usize) -> usize {
    let mut at = start;
    while let Some((Kind::Sign, length)) = kind_at(text, at) {
        if at - start > 6 || (at - start >= 4 && length > 1) {
            break;
        }
        at += length;
    }
    at
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

/// Every five bytes of the word with a space before and after it; a word that is one piece is no more than itself.
#[inline]
fn pieces(word: &[u8], mut found: impl FnMut(u16)) {
    if word.len() + 2 <= PIECE_BYTES {
        return;
    }
    let mut padded = [0_u8; 32];
    let length = word.len().min(MAX_PIECED_BYTES);
    if let (Some(to), Some(from)) = (padded.get_mut(1..=length), word.get(..length)) {
        to.copy_from_slice(from);
    }
    for end in [0, length + 1] {
        if let Some(end) = padded.get_mut(end) {
            *end = b' ';
        }
    }
    for eight in padded.windows(8).take((length + 3).saturating_sub(PIECE_BYTES)) {
        let bytes = <[u8; 8]>::try_from(eight).map_or(0, u64::from_le_bytes);
        found(slot(bytes & (u64::MAX >> (64 - 8 * PIECE_BYTES))));
    }
}

/// A hash of the bytes `start..end` of the text.
#[inline]
fn hash(text: &[u8], start: usize, end: usize) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325;
    let mut at = start;
    while at < end {
        hash = mix(hash, load(text, at, end));
        at += 8;
    }
    hash
}

#[inline]
fn mix(hash: u64, with: u64) -> u64 {
    let mixed = (hash.rotate_left(25) ^ with).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 32)
}

#[inline]
fn slot(hash: u64) -> u16 {
    u16::try_from(hash.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 48).unwrap_or_default()
}
