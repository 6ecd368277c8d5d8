//! VADER's tokens: emoji become words, white space separates, punctuation falls off the ends of words.

use crate::lexicon::{Row, description_of, row_of};
use crate::packed::Packed;

/// A token, and where it lies in the prepared text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) row: Option<&'static Row>,
    /// Python's `str.isupper()`.
    pub(crate) upper: bool,
    start: usize,
    end: usize,
}

/// The tokens of one text; buffers are kept from text to text.
#[derive(Default, Debug)]
pub(crate) struct Tokens {
    /// The text with its emoji written out, when it is not plain ASCII.
    translated: String,
    pub(crate) list: Vec<Token>,
    pub(crate) exclamation_marks: usize,
    pub(crate) question_marks: usize,
    /// Some tokens, not all, are in capitals.
    pub(crate) mixed_capitals: bool,
}

impl Tokens {
    /// Replaces what was held by the tokens of `text`, in linear time.
    pub(crate) fn read(&mut self, text: &str) {
        self.list.clear();
        self.translated.clear();
        let plain = text.is_ascii();
        if !plain {
            write_out_emoji(text, &mut self.translated);
        }
        let prepared = if plain { text } else { self.translated.as_str() };
        (self.exclamation_marks, self.question_marks) = (0, 0);
        let mut start = 0;
        for (at, byte) in prepared.bytes().enumerate() {
            match byte {
                // Letters, and all that lies beyond ASCII.
                b'@'.. => {}
                b'!' => self.exclamation_marks += 1,
                b'?' => self.question_marks += 1,
                _ if is_space(byte) => {
                    if start < at {
                        self.list.push(token(prepared, start, at));
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
        if start < prepared.len() {
            self.list.push(token(prepared, start, prepared.len()));
        }
        let capitals = self.list.iter().filter(|token| token.upper).count();
        self.mixed_capitals = capitals > 0 && capitals < self.list.len();
    }

    /// Whether the token turns round what follows: on the list, or with "n't" in it.
    pub(crate) fn negates(&self, token: &Token, text: &str) -> bool {
        if token.row.is_some_and(|row| row.negates) {
            return true;
        }
        let prepared = if self.translated.is_empty() { text } else { &self.translated };
        let word = prepared.as_bytes().get(token.start..token.end).unwrap_or_default();
        word.windows(3).any(|three| three.eq_ignore_ascii_case(b"n't"))
    }
}

/// Python's ASCII white space: also the four separators 1C to 1F.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0D | 0x1C..=0x1F)
}

/// Writes descriptions for emoji, with a space before one unless a space was there. All other white space beyond
/// ASCII becomes a plain space, and the Kelvin sign, the only other letter whose small form is ASCII, a `K`.
fn write_out_emoji(text: &str, out: &mut String) {
    let mut after_space = true;
    for point in text.chars() {
        if let Some(description) = (!point.is_ascii()).then(|| description_of(point)).flatten() {
            if !after_space {
                out.push(' ');
            }
            out.push_str(description);
            after_space = false;
            continue;
        }
        after_space = point == ' ';
        out.push(match point {
            '\u{212A}' => 'K',
            point if !point.is_ascii() && point.is_whitespace() => ' ',
            point => point,
        });
    }
}

/// The token between two white spaces: without the punctuation at its ends, unless two characters or fewer remain.
fn token(text: &str, start: usize, end: usize) -> Token {
    let bytes = text.as_bytes().get(start..end).unwrap_or_default();
    let is_kept = |byte: &u8| !byte.is_ascii_punctuation();
    let first = bytes.iter().position(is_kept).unwrap_or(bytes.len());
    let last = bytes.iter().rposition(is_kept).map_or(first, |last| last + 1);
    let stripped = bytes.get(first..last).unwrap_or_default();
    let (start, end) =
        if is_longer_than_two(stripped) { (start + first, start + last) } else { (start, end) };
    let (packed, seen) = Packed::lower_within(text.as_bytes(), start, end);
    let upper = if seen.beyond_ascii {
        text.get(start..end).is_some_and(is_upper)
    } else {
        seen.upper && !seen.lower
    };
    Token { row: packed.and_then(row_of), upper, start, end }
}

/// More than two characters, not bytes.
fn is_longer_than_two(word: &[u8]) -> bool {
    let starts_a_character = |byte: &&u8| **byte & 0xC0 != 0x80;
    word.len() > 2 && (word.len() > 8 || word.iter().filter(starts_a_character).count() > 2)
}

/// Python's `str.isupper()`: no small or title-case letter, and a capital.
fn is_upper(word: &str) -> bool {
    let mut capital = false;
    for point in word.chars() {
        if is_uncased_in_unicode_16(point) {
            continue;
        }
        if point.is_lowercase() || is_title_case(point) || point == '\u{295}' {
            return false;
        }
        capital |= point.is_uppercase();
    }
    capital
}

/// Letters that got their case in Unicode 17, which this compiler knows and the reference's Python does not. The
/// other way round, U+0295 was a small letter until then.
fn is_uncased_in_unicode_16(point: char) -> bool {
    matches!(
        point,
        '\u{A7CE}' | '\u{A7CF}' | '\u{A7D2}' | '\u{A7D4}' | '\u{A7F1}' | '\u{16EA0}'..='\u{16ED3}'
    )
}

/// Unicode's category Lt.
fn is_title_case(point: char) -> bool {
    matches!(point, '\u{1C5}' | '\u{1C8}' | '\u{1CB}' | '\u{1F2}'
        | '\u{1F88}'..='\u{1F8F}' | '\u{1F98}'..='\u{1F9F}' | '\u{1FA8}'..='\u{1FAF}'
        | '\u{1FBC}' | '\u{1FCC}' | '\u{1FFC}')
}
