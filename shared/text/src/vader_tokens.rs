//! VADER's tokens: emoji become words, white space separates tokens, and punctuation is cut off at both ends
//! of words.

use crate::lexicon::{Row, description_of, row_of};
use crate::packed::{HIGH, Packed, load};
use crate::white_space;
use crate::window::is_long;

/// A range of bytes of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A token, and where it lies in the prepared text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) row: Option<&'static Row>,
    /// The word in small letters; empty for a word of more than 23 bytes.
    pub(crate) word: Packed,
    pub(crate) hash: u64,
    /// Python's `str.isupper()`.
    pub(crate) upper: bool,
    /// The bytes between white space.
    pub(crate) outer: Span,
    /// The same without the punctuation at both ends; empty if there is nothing else.
    pub(crate) inner: Span,
    /// Whether VADER takes `outer` for the word instead of `inner`.
    pub(crate) whole: bool,
}

/// The tokens of one text. Buffers are kept from text to text.
#[derive(Default, Debug)]
pub(crate) struct Tokens {
    /// The text with its emoji written out, if it is not plain ASCII.
    translated: String,
    pub(crate) list: Vec<Token>,
    pub(crate) exclamation_marks: usize,
    pub(crate) question_marks: usize,
    /// Whether some tokens, but not all, are in capitals.
    pub(crate) mixed_capitals: bool,
}

impl Tokens {
    /// Replaces the tokens by those of `text`, in linear time.
    pub(crate) fn read(&mut self, text: &str) {
        self.list.clear();
        self.translated.clear();
        let plain = text.is_ascii();
        if !plain {
            write_out_emoji(text, &mut self.translated);
        }
        let prepared = if plain { text } else { self.translated.as_str() };
        self.exclamation_marks = count(prepared, b'!');
        self.question_marks = count(prepared, b'?');
        if is_long(prepared) {
            make_room(prepared, &mut self.list);
        }
        let mut capitals = 0;
        white_space::words(prepared.as_bytes(), |start, end| {
            let token = token(prepared, start, end);
            capitals += usize::from(token.upper);
            self.list.push(token);
        });
        self.mixed_capitals = capitals > 0 && capitals < self.list.len();
    }

    /// The text to which the tokens refer: `text` itself, or the text in which its emoji were written out.
    pub(crate) fn prepared<'a>(&'a self, text: &'a str) -> &'a str {
        if self.translated.is_empty() { text } else { &self.translated }
    }

    /// Whether the token negates what follows: it is on the list, or contains "n't".
    pub(crate) fn negates(&self, token: &Token, text: &str) -> bool {
        if token.row.is_some_and(|row| row.negates) {
            return true;
        }
        let Span { start, end } = if token.whole { token.outer } else { token.inner };
        let word = self.prepared(text).as_bytes().get(start..end).unwrap_or_default();
        word.windows(3).any(|three| three.eq_ignore_ascii_case(b"n't"))
    }
}

/// Makes room for exactly the tokens of a long text. Growth by doubling would take three times as much for a
/// while.
#[cold]
fn make_room(prepared: &str, tokens: &mut Vec<Token>) {
    let mut count = 0;
    white_space::words(prepared.as_bytes(), |_, _| count += 1);
    tokens.reserve_exact(count);
}

fn count(text: &str, sign: u8) -> usize {
    // The blocks are so small that the count fits in a byte, so the compiler adds sixteen at once.
    let blocks = text.as_bytes().chunks(usize::from(u8::MAX));
    blocks.map(|block| usize::from(block.iter().map(|&byte| u8::from(byte == sign)).sum::<u8>())).sum()
}

/// Replaces emoji by their descriptions, with a space before one unless a space was there. All other white
/// space beyond ASCII becomes a plain space. The Kelvin sign becomes a `K`, since it is the only other letter
/// whose small form is ASCII.
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

/// The token between two white spaces, without the punctuation at its ends, unless that would leave two
/// characters or fewer.
fn token(text: &str, start: usize, end: usize) -> Token {
    let bytes = text.as_bytes().get(start..end).unwrap_or_default();
    let is_kept = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii_punctuation();
    let first = bytes.iter().position(is_kept).unwrap_or(bytes.len());
    let last = bytes.iter().rposition(is_kept).map_or(first, |last| last + 1);
    let outer = Span { start, end };
    let inner = Span { start: start + first, end: start + last };
    let whole = !is_longer_than_two(text.as_bytes(), inner);
    let Span { start, end } = if whole { outer } else { inner };
    let (word, seen) = Packed::lower_within(text.as_bytes(), start, end);
    let upper = if seen.beyond_ascii {
        text.get(start..end).is_some_and(is_upper)
    } else {
        seen.capitals > 0 && !seen.lower
    };
    let word = word.unwrap_or_default();
    let hash = word.hash();
    Token { row: row_of(word, hash), word, hash, upper, outer, inner, whole }
}

/// Whether there are more than two characters, not bytes.
fn is_longer_than_two(text: &[u8], Span { start, end }: Span) -> bool {
    // A character has a first byte, and further bytes of the form 10xxxxxx.
    let not_first = |bytes: u64| (bytes & (!bytes << 1) & HIGH).count_ones() as usize;
    match end - start {
        0..3 => false,
        length @ 3..=8 => length - not_first(load(text, start, end)) > 2,
        _ => true,
    }
}

/// Python's `str.isupper()`: the word has a capital, and no small or title-case letter.
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

/// Letters that got their case in Unicode 17, which this compiler knows but the reference's Python does not.
/// Conversely, U+0295 was a small letter until then.
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
