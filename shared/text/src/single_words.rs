//! Single words as candidates, and how they are weighed.

use crate::document::{Document, WordFacts};
use crate::keywords::Candidate;
use crate::phrases::{early, length_weight};
use crate::word_class::Class;

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
    (1.0 + 0.5 * facts.count.ln())
        * class
        * joined
        * length_weight(facts).powf(0.8)
        * early(facts.first, 50.0, 0.14)
}
