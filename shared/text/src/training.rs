//! The inner parts of the model, for `examples/train_sentiment` only.

pub use crate::feature_hashing::Group;
pub use crate::model::Estimate;

use crate::analyzer::{self, Label};
use crate::features::FeatureReader;
use crate::vader::Vader;

/// The slots to which features are hashed.
pub const SLOTS: usize = crate::feature_hashing::SLOTS;
/// The slots that share the values of the other heads.
pub const ROW_SLOTS: usize = crate::model::ROW_SLOTS;
/// The slots of the other heads.
pub const ROWS: usize = crate::model::ROWS;
/// The heads: rating, neutrality, and trust in VADER.
pub const HEADS: usize = crate::model::HEADS;
/// How many numbers are taken from VADER's score.
pub const VADER_FEATURES: usize = crate::vader::VADER_FEATURES;
/// How many terms the second stage has.
pub const TERMS: usize = crate::model::TERMS;
/// How many groups of features there are.
pub const GROUPS: usize = crate::feature_hashing::GROUPS;
/// The weight of each group.
pub const GROUP_WEIGHTS: [f32; GROUPS] = crate::model::GROUP_WEIGHTS;
/// The scale of the third head's features.
pub const TRUST_WEIGHT: f32 = crate::model::TRUST_WEIGHT;

/// Reads texts as the model does.
#[derive(Default, Debug)]
pub struct Reader {
    vader: Vader,
    features: FeatureReader,
}

impl Reader {
    /// Returns VADER's numbers of a text, and calls `found` with the group and slot of each of its features.
    pub fn read(&mut self, text: &str, found: impl FnMut(Group, usize)) -> [f32; VADER_FEATURES] {
        let score = self.vader.score(text);
        self.features.read(self.vader.tokens(), text, found);
        self.vader.features(&score)
    }
}

/// Returns the second stage's terms.
pub fn terms_of(first: Estimate, vader: &[f32; VADER_FEATURES]) -> [f32; TERMS] {
    crate::model::terms_of(first, vader)
}

/// Returns the label that users see.
pub fn label(estimate: Estimate) -> Label {
    analyzer::label(estimate)
}
