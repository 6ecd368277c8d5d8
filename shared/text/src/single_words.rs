//! Single words as candidates, and their weights.

use crate::document::{Document, WordFacts};
use crate::keywords::Candidate;
use crate::phrases::{by_letters, later, more_often};
use crate::word_class::Class;

/// The value of a word by its number of letters, up to twelve: (number / 6) to the power of 0.8.
const BY_LETTERS: [f32; 13] =
    [0.0, 0.2385, 0.4152, 0.5743, 0.7230, 0.8643, 1.0, 1.1312, 1.2588, 1.3832, 1.5048, 1.6240, 1.7411];

/// Adds every word that can be a key to `candidates`, at its first occurrence.
pub(crate) fn find(document: &Document, candidates: &mut Vec<Candidate>) {
    candidates.extend(
        document.facts.iter().filter(|facts| facts.class != Class::Stop).map(|facts| Candidate {
            from: facts.first,
            to: facts.first + 1,
            score: score(facts),
        }),
    );
}

fn score(facts: &WordFacts) -> f32 {
    let class = match facts.class {
        Class::Break => 0.35,
        Class::Weak => 0.83,
        Class::Content | Class::Stop => 1.0,
    };
    let joined = if facts.hyphenated { 0.45 } else { 1.0 };
    more_often(facts, 0.5) * class * joined * by_letters(&BY_LETTERS, facts)
        / later(facts.first, 56.0).sqrt().sqrt().sqrt()
}
