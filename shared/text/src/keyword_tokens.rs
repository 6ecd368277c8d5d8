//! The words of a text as keywords see them: no URLs, mentions or entities, hashtags without their sign.

use crate::word_class::{Class, class_of};
use crate::word_stem::stem;

/// Longest text read, in bytes.
pub(crate) const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Longest token that can be part of a key, in characters.
const MAX_TOKEN_CHARS: usize = 40;

/// A word of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Something other than white space lies between this word and the one before.
    pub(crate) after_gap: bool,
    /// First word of the text or of a sentence: a capital means nothing here.
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
    /// All capitals, or a capital inside.
    Acronym,
    Number,
}

/// Reads the words of `text` into `words`, in one pass.
pub(crate) fn read(text: &str, lower: &mut String, words: &mut Vec<Word>) {
    let text = text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or(text);
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
                // A line that starts with a capital may be a new heading or sentence; a blank line is.
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
        let chars = word.chars().count();
        if chars > MAX_TOKEN_CHARS {
            self.gap = true;
            return;
        }
        let shape = shape_of(word);
        let class =
            if chars == 1 || shape == Shape::Number { Class::Stop } else { class_of(word.as_bytes()) };
        let stem = self.stem_hash(word);
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

    fn stem_hash(&mut self, word: &str) -> u64 {
        self.lower.clear();
        if word.is_ascii() {
            self.lower.push_str(word);
            self.lower.make_ascii_lowercase();
        } else {
            self.lower.extend(word.chars().flat_map(char::to_lowercase));
        }
        let (cut, ending) = stem(self.lower);
        cut.bytes()
            .chain(ending.bytes())
            .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
    }
}

/// Length of the word at the start: letters, digits, and single joining signs between them.
fn word_bytes(rest: &str) -> usize {
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

/// Combining marks belong to the letter before.
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
