//! Extracts keywords: candidates lie between stop words and verbs, and facts about their words in the text
//! give the score.

use serde::{Serialize, Serializer};

use crate::analyzer::rounded;
use crate::document::Document;
use crate::keyword_tokens::Word;
use crate::phrases::Phrases;
use crate::single_words;
use crate::window::is_long;

/// What kind of key is extracted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum KeywordStyle {
    /// Runs of words.
    Phrases,
    /// Single words.
    Words,
    /// Phrases for texts of more than about 40 words. Shorter texts give phrases first, and then words that
    /// no phrase used.
    #[default]
    Auto,
}

/// What to extract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeywordOptions {
    /// Phrases or words.
    pub style: KeywordStyle,
    /// The most keys to return.
    pub top: usize,
}

impl Default for KeywordOptions {
    fn default() -> Self {
        Self { style: KeywordStyle::Auto, top: 10 }
    }
}

/// A key of a text. Serialised, it is an entry of an output line's list.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Keyword<'a> {
    /// The key as the text writes it, its words joined by one space.
    pub term: &'a str,
    /// Its weight, which is comparable only within one text.
    #[serde(serialize_with = "serialize_rounded")]
    pub score: f32,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's form
fn serialize_rounded<S: Serializer>(score: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*score))
}

/// The longest text, in words, to whose phrases `Auto` adds unused words.
const SHORT_TEXT_WORDS: usize = 40;

/// A part of the document that may become a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) score: f32,
}

/// Extracts keys; holds the buffers.
#[derive(Default, Debug)]
pub(crate) struct Extractor {
    document: Document,
    phrases: Phrases,
    candidates: Vec<Candidate>,
    /// The keys one after another, and where each of them ends.
    terms: String,
    found: Vec<(usize, f32)>,
    /// For each number of a word's facts, whether a key already uses the word.
    used: Vec<bool>,
}

impl Extractor {
    /// The best keys of a text. It reads the whole text.
    pub(crate) fn extract(&mut self, text: &str, options: &KeywordOptions) -> Keywords<'_> {
        self.terms.clear();
        self.found.clear();
        self.document.read(text);
        self.used.clear();
        self.used.resize(self.document.facts.len(), false);
        let short = self.document.words.len() <= SHORT_TEXT_WORDS;
        if options.style != KeywordStyle::Words {
            self.candidates.clear();
            self.phrases.find(&self.document, &mut self.candidates);
            self.take_best(text, options.top);
        }
        if options.style == KeywordStyle::Words || (options.style == KeywordStyle::Auto && short) {
            self.candidates.clear();
            single_words::find(&self.document, &mut self.candidates);
            self.take_best(text, options.top);
        }
        if is_long(text) {
            self.give_back();
        }
        Keywords { terms: &self.terms, start: 0, found: self.found.iter() }
    }

    /// Releases the memory that a long text took, except for its keys.
    fn give_back(&mut self) {
        self.document = Document::default();
        self.phrases = Phrases::default();
        self.candidates = Vec::new();
        self.used = Vec::new();
    }

    /// Moves the best candidates to the keys until there are `top` of them. A word that is part of a better
    /// key is left out. Equal scores keep the order of the text.
    fn take_best(&mut self, text: &str, top: usize) {
        self.candidates.sort_unstable_by(|one, other| {
            other.score.total_cmp(&one.score).then(one.from.cmp(&other.from)).then(one.to.cmp(&other.to))
        });
        for candidate in &self.candidates {
            if self.found.len() >= top {
                break;
            }
            let words = candidate.from..candidate.to;
            let is_used = |at| self.used.get(self.document.number(at)) == Some(&true);
            if words.len() == 1 && is_used(candidate.from) {
                continue;
            }
            for at in words.clone() {
                if let Some(used) = self.used.get_mut(self.document.number(at)) {
                    *used = true;
                }
            }
            write_term(text, self.document.words.get(words).unwrap_or_default(), &mut self.terms);
            self.found.push((self.terms.len(), candidate.score));
        }
    }
}

/// Writes the words with one space between them. A single word loses its possessive ending.
fn write_term(text: &str, words: &[Word], out: &mut String) {
    for (number, word) in words.iter().enumerate() {
        let mut written = text.get(word.start..word.end).unwrap_or_default();
        if words.len() == 1 {
            written = written.strip_suffix("'s").or_else(|| written.strip_suffix("’s")).unwrap_or(written);
        }
        if number > 0 {
            out.push(' ');
        }
        out.push_str(written);
    }
}

/// The keys of one text, best first.
#[derive(Clone, Debug)]
pub struct Keywords<'a> {
    terms: &'a str,
    start: usize,
    found: std::slice::Iter<'a, (usize, f32)>,
}

impl<'a> Iterator for Keywords<'a> {
    type Item = Keyword<'a>;

    fn next(&mut self) -> Option<Keyword<'a>> {
        let &(end, score) = self.found.next()?;
        let term = self.terms.get(self.start..end).unwrap_or_default();
        self.start = end;
        Some(Keyword { term, score })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.found.size_hint()
    }
}

impl ExactSizeIterator for Keywords<'_> {}
