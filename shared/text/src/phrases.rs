//! Phrases as candidates: runs of words between stop words, verbs and punctuation, and their weights.

use std::ops::Range;

use crate::document::{Document, WordFacts};
use crate::hash_index::HashIndex;
use crate::keywords::Candidate;
use crate::word_class::Class;

/// The most words of a phrase.
const MAX_WORDS: usize = 5;
/// The value of a phrase of one to five words, relative to the sum of its words' weights.
const BY_LENGTH: [f32; MAX_WORDS] = [0.8700, 0.7565, 0.5525, 0.3548, 0.1887];
/// The value of a word by its number of letters, up to twelve: (number / 6) to the power of 0.45.
const BY_LETTERS: [f32; 13] =
    [0.0, 0.4465, 0.6100, 0.7320, 0.8332, 0.9212, 1.0, 1.0718, 1.1382, 1.2002, 1.2584, 1.3136, 1.3660];
/// A part of a longer run counts as a separate phrase if it occurs this often, but is worth less.
const FREQUENT_PART: f32 = 6.0;
const PART: f32 = 0.25;

/// A distinct phrase.
#[derive(Clone, Copy, Debug)]
struct Phrase {
    /// The first occurrence, in words of the document.
    from: usize,
    to: usize,
    /// The number of occurrences, including those within longer runs.
    count: f32,
    /// Whether it was a whole run somewhere.
    whole: bool,
}

/// Finds the phrases of documents; holds the buffers.
#[derive(Default, Debug)]
pub(crate) struct Phrases {
    index: HashIndex,
    found: Vec<Phrase>,
    weights: Vec<f32>,
}

impl Phrases {
    /// Adds the phrases of a document to `candidates`.
    pub(crate) fn find(&mut self, document: &Document, candidates: &mut Vec<Candidate>) {
        self.index.clear();
        self.found.clear();
        self.weights.clear();
        self.weights.extend(document.facts.iter().map(word_weight));
        let mut from = 0;
        while from < document.words.len() {
            let run = run_from(document, from);
            self.count_parts(document, &run);
            from = run.end.max(from + 1);
        }
        candidates.extend(self.found.iter().filter_map(|phrase| {
            let score = self.score(document, phrase)?;
            Some(Candidate { from: phrase.from, to: phrase.to, score })
        }));
    }

    /// Counts a run and all its parts of up to five words.
    fn count_parts(&mut self, document: &Document, run: &Range<usize>) {
        for from in run.clone() {
            let mut hash = 0;
            for at in from..run.end.min(from + MAX_WORDS) {
                hash = mixed(hash, document.number(at));
                let number = self.index.number_of(hash);
                if number == self.found.len() {
                    self.found.push(Phrase { from, to: at + 1, count: 0.0, whole: false });
                }
                if let Some(phrase) = self.found.get_mut(number) {
                    phrase.count += 1.0;
                    phrase.whole |= from == run.start && at + 1 == run.end;
                }
            }
        }
    }

    fn score(&self, document: &Document, phrase: &Phrase) -> Option<f32> {
        let &Phrase { from, to, count, whole } = phrase;
        let says_little = to - from == 1 && document.facts_at(from)?.class == Class::Weak;
        if says_little || !(whole || count >= FREQUENT_PART) {
            return None;
        }
        let weights = (from..to).filter_map(|at| self.weights.get(document.number(at)));
        let by_length = BY_LENGTH.get(to - from - 1)?;
        let standing = if whole { 1.0 } else { PART };
        Some(
            weights.sum::<f32>()
                * by_length
                * standing
                * if count > 1.0 { (1.0 + count.ln()).powf(0.45) } else { 1.0 }
                / later(from, 62.0).sqrt().sqrt(),
        )
    }
}

/// The longest run of words that can be in a phrase, from a position on; empty if the first word can't.
fn run_from(document: &Document, from: usize) -> Range<usize> {
    let words = document.words.get(from..).unwrap_or_default();
    let stands = words.iter().enumerate().take_while(|(number, word)| {
        matches!(word.class, Class::Content | Class::Weak) && (*number == 0 || !word.after_gap)
    });
    from..from + stands.count()
}

/// The weight is greater for frequent words, names, acronyms and long words, and less for words that say
/// little.
fn word_weight(facts: &WordFacts) -> f32 {
    let class = if facts.class == Class::Weak { 0.75 } else { 1.0 };
    let written = 1.0 + (0.17 * facts.names + 0.8 * facts.acronyms) / facts.count;
    more_often(facts, 0.26) * class * written * by_letters(&BY_LETTERS, facts)
}

/// The table's value for the length of a word.
pub(crate) fn by_letters(table: &[f32; 13], facts: &WordFacts) -> f32 {
    table.get(usize::from(facts.chars)).or(table.last()).copied().unwrap_or_default()
}

/// Grows from 1 with the logarithm of the number of occurrences.
pub(crate) fn more_often(facts: &WordFacts, rate: f32) -> f32 {
    if facts.count > 1.0 { 1.0 + rate * facts.count.ln() } else { 1.0 }
}

/// Grows from 1 with the position in the text, to 2 at `half_way`. It is made of roots, since they cost less
/// than powers.
pub(crate) fn later(position: usize, half_way: f32) -> f32 {
    1.0 + f32::from(u16::try_from(position).unwrap_or(u16::MAX)) / half_way
}

fn mixed(hash: u64, word: usize) -> u64 {
    (hash.rotate_left(17) ^ (word as u64 + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
