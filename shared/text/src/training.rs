//! The model's inside, for `examples/train_sentiment` alone.

pub use crate::features::{FeatureReader, Group};
pub use crate::model::Estimate;

use crate::analyzer::{self, Label};
use crate::vader::Vader;

/// Slots features are hashed to.
pub const SLOTS: usize = crate::features::SLOTS;
/// Values of one slot: rating, neutrality, trust in VADER.
pub const HEADS: usize = crate::model::HEADS;
/// Numbers taken from VADER's score.
pub const VADER_FEATURES: usize = crate::vader::VADER_FEATURES;
/// Terms of the second stage.
pub const TERMS: usize = crate::model::TERMS;
/// How much a word feature counts beside a piece.
pub const WORD_WEIGHT: f32 = crate::model::WORD_WEIGHT;
/// Scale of the third head's features.
pub const TRUST_WEIGHT: f32 = crate::model::TRUST_WEIGHT;

/// VADER's numbers of a text, as the model takes them.
pub fn vader_features(text: &str) -> [f32; VADER_FEATURES] {
    let mut vader = Vader::default();
    let score = vader.score(text);
    vader.features(&score)
}

/// The second stage's terms.
pub fn terms_of(first: Estimate, vader: &[f32; VADER_FEATURES]) -> [f32; TERMS] {
    crate::model::terms_of(first, vader)
}

/// The label people get.
pub fn label(estimate: Estimate) -> Label {
    analyzer::label(estimate)
}
