//! Detects the language of a text, as far as it decides whether English scores are meaningful.

use std::borrow::Cow;

use crate::packed::{Packed, Table};
use crate::word_class::{Class, class_of};

mod table {
    #![allow(clippy::unreadable_literal)] // written by the build script
    use super::{Packed, Table};
    include!(concat!(env!("OUT_DIR"), "/language_table.rs"));
}

/// The most of a text that is looked at, in bytes.
const LOOKED_AT_BYTES: usize = 2_048;

/// A language by its short code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Language<'a> {
    code: Cow<'a, str>,
}

impl Language<'_> {
    /// Returns the ISO 639-1 code in small letters. If the record names a language, it is the record's;
    /// otherwise it is the best guess.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whether the text is to be scored.
    pub fn is_english(&self) -> bool {
        self.code == "en"
    }
}

/// Returns the language of a text: the one that the record names, or else the one that its letters and small
/// words suggest. A text without evidence against English, such as a lone emoji, counts as English.
pub fn language<'a>(text: &str, named: Option<&'a str>) -> Language<'a> {
    let named = named.and_then(|tag| tag.split(['-', '_']).next()).filter(|code| is_real(code));
    let code = match named {
        Some(code) if code.eq_ignore_ascii_case("eng") => Cow::Borrowed("en"),
        Some(code) if code.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(code.to_ascii_lowercase())
        }
        Some(code) => Cow::Borrowed(code),
        None => Cow::Borrowed(detected(text)),
    };
    Language { code }
}

/// Whether a code names a language. X's `und`, `zxx`, `qme`, `qht` and the like say that no language was
/// found.
fn is_real(code: &str) -> bool {
    let reserved =
        |code: &str| ["und", "zxx", "mul", "mis", "art"].iter().any(|none| code.eq_ignore_ascii_case(none));
    let private = code.len() == 3 && code.starts_with(['q', 'Q']);
    matches!(code.len(), 2 | 3)
        && code.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !private
        && !reserved(code)
}

fn detected(text: &str) -> &'static str {
    let text = text.get(..text.floor_char_boundary(LOOKED_AT_BYTES)).unwrap_or(text);
    by_script(text).or_else(|| by_words(text)).unwrap_or("en")
}

/// The first and last letter of the scripts that are distinguished, with the most widespread language of
/// each.
const SCRIPTS: [(&str, char, char); 12] = [
    ("ja", '\u{3040}', '\u{30FF}'),
    ("zh", '\u{4E00}', '\u{9FFF}'),
    ("ko", '\u{AC00}', '\u{D7AF}'),
    ("ar", '\u{600}', '\u{6FF}'),
    ("ru", '\u{400}', '\u{4FF}'),
    ("el", '\u{370}', '\u{3FF}'),
    ("he", '\u{590}', '\u{5FF}'),
    ("hi", '\u{900}', '\u{97F}'),
    ("bn", '\u{980}', '\u{9FF}'),
    ("ta", '\u{B80}', '\u{BFF}'),
    ("th", '\u{E00}', '\u{E7F}'),
    ("hy", '\u{530}', '\u{58F}'),
];

/// A language whose letters outnumber the Latin ones. A script of many languages gives the most widespread.
fn by_script(text: &str) -> Option<&'static str> {
    if text.is_ascii() {
        return None;
    }
    let mut counts = [0_usize; SCRIPTS.len()];
    let mut latin = 0;
    for point in without_names(text).flat_map(str::chars).filter(|point| point.is_alphabetic()) {
        let script =
            SCRIPTS.iter().zip(&mut counts).find(|((_, first, last), _)| (*first..=*last).contains(&point));
        match script {
            Some((_, count)) => *count += 1,
            None => latin += usize::from(point < '\u{250}'),
        }
    }
    let others: usize = counts.iter().sum();
    // Japanese mixes its own letters with Chinese ones, so a few of the former decide. A Chinese or Japanese
    // letter counts as three Latin ones.
    let found = SCRIPTS.iter().zip(counts);
    let (code, _) = found.max_by_key(|&((code, ..), count)| if *code == "ja" { 8 * count } else { count })?;
    (others * 3 > latin && others > 0).then_some(code.0)
}

/// The words that are not mentions, hashtags or addresses.
fn without_names(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .filter(|word| !word.starts_with(['@', '#']) && (word.len() < 7 || !word.contains("://")))
}

/// Another language in Latin letters, if its small words outnumber the English ones.
fn by_words(text: &str) -> Option<&'static str> {
    let mut counts = [0_u16; table::LANGUAGES.len()];
    let (mut english, mut foreign) = (0_u16, 0_u16);
    for word in without_names(text) {
        let word = word.trim_matches(|point: char| !point.is_alphanumeric());
        let packed = Packed::lower(word.as_bytes()).0.unwrap_or_default();
        let hash = packed.hash();
        let languages = table::TABLE.find(packed, hash).copied().unwrap_or(0);
        let known = class_of(packed, hash) != Class::Content && word.len() > 1;
        english = english.saturating_add(u16::from(known));
        let accented = languages != 0
            || !word.is_ascii() && word.chars().any(|point| ('\u{C0}'..'\u{250}').contains(&point));
        foreign = foreign.saturating_add(u16::from(accented && !known));
        if languages != 0 {
            for (number, count) in counts.iter_mut().enumerate() {
                *count += (languages >> number) & 1;
            }
        }
    }
    let best =
        counts.iter().enumerate().max_by_key(|&(number, count)| (*count, std::cmp::Reverse(number)))?;
    let (number, &count) = best;
    let against = foreign > english && (count >= 2 || (count == 1 && foreign >= 2 && english == 0));
    against.then(|| table::LANGUAGES.get(number).copied()).flatten()
}
