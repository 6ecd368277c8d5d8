//! The words of a text that keywords are made of: no URLs, mentions or entities, and hashtags without their
//! sign.

use crate::packed::{Letters, MAX_PACKED_BYTES, Packed};
use crate::word_class::{Class, class_of};
use crate::word_stem::stem;

/// The longest token that can be part of a key, in characters.
const MAX_TOKEN_CHARS: usize = 40;

/// A word of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether something other than white space lies between this word and the one before.
    pub(crate) after_gap: bool,
    /// Whether it is the first word of the text or of a sentence, where a capital means nothing.
    pub(crate) starts_sentence: bool,
    pub(crate) class: Class,
    pub(crate) shape: Shape,
    /// Hash of the light stem.
    pub(crate) stem: u64,
    pub(crate) chars: u16,
    pub(crate) hyphenated: bool,
}

/// How a word is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Small,
    Capitalised,
    /// All letters are capitals, or one inside is.
    Acronym,
    Number,
}

/// Reads the words of `text` into `words`, in one pass.
pub(crate) fn read(text: &str, lower: &mut String, words: &mut Vec<Word>) {
    let mut reader = Reader { text, at: 0, gap: true, sentence: true, past_heading: false, lower, words };
    while let Some(next) = reader.peek(0) {
        reader.step(next);
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    gap: bool,
    sentence: bool,
    past_heading: bool,
    lower: &'a mut String,
    words: &'a mut Vec<Word>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self, skipped: usize) -> Option<char> {
        self.text.get(self.at + skipped..)?.chars().next()
    }

    fn step(&mut self, next: char) {
        if next.is_alphanumeric() {
            if self.starts_with_url() {
                self.skip_to_space();
            } else {
                self.word();
            }
            return;
        }
        match next {
            '@' => self.skip_to_space(),
            '#' if self.peek(1).is_some_and(char::is_alphanumeric) => {
                self.at += 1;
                self.gap = true;
                self.word();
                self.gap = true;
            }
            '&' => {
                self.gap = true;
                self.at += entity_bytes(self.rest()).unwrap_or(1);
            }
            '\n' => {
                self.at += 1;
                // A line that starts with a capital may be a new heading or sentence; a blank line always
                // ends one.
                let next = self.rest().trim_start_matches([' ', '\t', '\r']).chars().next();
                if next == Some('\n') || (!self.past_heading && next.is_some_and(char::is_uppercase)) {
                    (self.gap, self.sentence) = (true, true);
                }
                self.past_heading = true;
            }
            _ if next.is_whitespace() => self.at += next.len_utf8(),
            _ => {
                self.gap = true;
                self.sentence |= matches!(next, '.' | '!' | '?' | ':');
                self.at += next.len_utf8();
            }
        }
    }

    fn starts_with_url(&self) -> bool {
        let rest = self.rest().as_bytes();
        if !rest.first().is_some_and(|first| matches!(first, b'h' | b'H' | b'w' | b'W')) {
            return false;
        }
        ["http://", "https://", "www."].iter().any(|prefix| {
            rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        })
    }

    fn skip_to_space(&mut self) {
        self.gap = true;
        self.at += self.rest().find(char::is_whitespace).unwrap_or(self.rest().len());
    }

    fn word(&mut self) {
        let start = self.at;
        let end = start + word_bytes(self.rest());
        self.at = end;
        if self.peek(0) == Some('@') {
            return self.skip_to_space();
        }
        let Some(word) = self.text.get(start..end) else { return };
        let (packed, letters) = Packed::lower_within(self.text.as_bytes(), start, end);
        let chars = if letters.beyond_ascii { word.chars().count() } else { word.len() };
        if chars > MAX_TOKEN_CHARS {
            self.gap = true;
            return;
        }
        let hash = packed.unwrap_or_default().hash();
        let shape = if letters.beyond_ascii { shape_of(word) } else { ascii_shape_of(word, letters) };
        let class = match packed {
            _ if chars == 1 || shape == Shape::Number => Class::Stop,
            Some(packed) => class_of(packed, hash),
            None => Class::Content,
        };
        let stem = match packed {
            Some(packed) if !letters.beyond_ascii => stem_of(packed, hash),
            _ => self.stem_of_unusual(word),
        };
        self.words.push(Word {
            start,
            end,
            after_gap: self.gap,
            starts_sentence: self.sentence,
            class,
            shape,
            stem,
            chars: u16::try_from(chars).unwrap_or(u16::MAX),
            hyphenated: word.contains('-'),
        });
        (self.gap, self.sentence) = (false, false);
    }

    /// The stem of a word that is long or has letters beyond ASCII.
    fn stem_of_unusual(&mut self, word: &str) -> u64 {
        self.lower.clear();
        self.lower.extend(word.chars().flat_map(char::to_lowercase));
        let (cut, ending) = stem(self.lower.as_bytes());
        joined_hash(cut, ending)
    }
}

/// The hash of the stem of a word with this hash.
fn stem_of(word: Packed, hash: u64) -> u64 {
    let bytes = word.to_bytes();
    let lower = bytes.get(..word.len()).unwrap_or_default();
    let (cut, ending) = stem(lower);
    if cut.len() == lower.len() { hash } else { joined_hash(cut, ending) }
}

fn joined_hash(cut: &[u8], ending: &[u8]) -> u64 {
    let mut joined = [0; MAX_PACKED_BYTES];
    let length = cut.len() + ending.len();
    joined.iter_mut().zip(cut.iter().chain(ending)).for_each(|(to, &from)| *to = from);
    if let Some((packed, _)) = joined.get(..length).map(Packed::lower) {
        return packed.unwrap_or_default().hash();
    }
    cut.iter()
        .chain(ending)
        .fold(0xCBF2_9CE4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// Length of the word at the start: letters and digits, with single joining characters between them.
fn word_bytes(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    // The usual case is letters and digits of ASCII, followed by nothing that can join.
    let plain = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let ends = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric());
    let may_join = matches!(bytes.get(plain), Some(b'-' | b'\'' | b'_' | b'&' | b'.' | b','));
    if ends(bytes.get(plain)) && (!may_join || ends(bytes.get(plain + 1))) {
        return plain;
    }
    let mut points = rest.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, point)) = points.next() {
        let mut joins = || {
            let after = points.peek().map_or(' ', |&(_, after)| after);
            before.is_alphanumeric() && after.is_alphanumeric() && is_joint(point, before, after)
        };
        if !point.is_alphanumeric() && !is_mark(point) && !joins() {
            return at;
        }
        before = point;
    }
    rest.len()
}

/// Combining marks belong to the letter before them.
fn is_mark(point: char) -> bool {
    matches!(point, '\u{300}'..='\u{36F}')
}

fn is_joint(point: char, before: char, after: char) -> bool {
    match point {
        '-' | '‐' | '‑' | '\'' | '’' | '_' | '&' => true,
        '.' => before.is_numeric() == after.is_numeric() && !(before.is_lowercase() && after.is_uppercase()),
        ',' => before.is_numeric() && after.is_numeric(),
        _ => false,
    }
}

fn ascii_shape_of(word: &str, letters: Letters) -> Shape {
    match letters.capitals {
        0 if !letters.lower => Shape::Number,
        0 => Shape::Small,
        1 if letters.lower && first_letter_is_capital(word) => Shape::Capitalised,
        _ => Shape::Acronym,
    }
}

fn first_letter_is_capital(word: &str) -> bool {
    word.bytes().find(u8::is_ascii_alphabetic).is_some_and(|first| first.is_ascii_uppercase())
}

fn shape_of(word: &str) -> Shape {
    let mut letters = word.chars().filter(|point| point.is_alphabetic());
    let Some(first) = letters.next() else { return Shape::Number };
    let (mut length, mut capitals) = (1, usize::from(first.is_uppercase()));
    for letter in letters {
        length += 1;
        capitals += usize::from(letter.is_uppercase());
    }
    match capitals {
        0 => Shape::Small,
        1 if first.is_uppercase() && length > 1 => Shape::Capitalised,
        _ => Shape::Acronym,
    }
}

/// Length of an HTML entity such as `&amp;` or `&#039;`.
fn entity_bytes(rest: &str) -> Option<usize> {
    let end = rest.bytes().take(10).position(|byte| byte == b';')?;
    let name = rest.get(1..end)?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#');
    (is_name && !name.is_empty()).then_some(end + 1)
}
