//! The model's inside, for `examples/train_sentiment` alone.

pub use crate::feature_hashing::Group;
pub use crate::model::Estimate;

use crate::analyzer::{self, Label};
use crate::features::FeatureReader;
use crate::vader::Vader;

/// Slots features are hashed to.
pub const SLOTS: usize = crate::feature_hashing::SLOTS;
/// Slots that share what the other heads say.
pub const ROW_SLOTS: usize = crate::model::ROW_SLOTS;
/// Slots of the other heads.
pub const ROWS: usize = crate::model::ROWS;
/// Rating, neutrality, trust in VADER.
pub const HEADS: usize = crate::model::HEADS;
/// Numbers taken from VADER's score.
pub const VADER_FEATURES: usize = crate::vader::VADER_FEATURES;
/// Terms of the second stage.
pub const TERMS: usize = crate::model::TERMS;
/// Groups of features.
pub const GROUPS: usize = crate::feature_hashing::GROUPS;
/// How much each group counts.
pub const GROUP_WEIGHTS: [f32; GROUPS] = crate::model::GROUP_WEIGHTS;
/// Scale of the third head's features.
pub const TRUST_WEIGHT: f32 = crate::model::TRUST_WEIGHT;

/// Reads texts as the model does.
#[derive(Default, Debug)]
pub struct Reader {
    vader: Vader,
    features: FeatureReader,
}

impl Reader {
    /// VADER's numbers of a text; calls `found` with the group and slot of each of its features.
    pub fn read(&mut self, text: &str, found: impl FnMut(Group, usize)) -> [f32; VADER_FEATURES] {
        let score = self.vader.score(text);
        self.features.read(self.vader.tokens(), text, found);
        self.vader.features(&score)
    }
}

/// The second stage's terms.
pub fn terms_of(first: Estimate, vader: &[f32; VADER_FEATURES]) -> [f32; TERMS] {
    crate::model::terms_of(first, vader)
}

/// The label people get.
pub fn label(estimate: Estimate) -> Label {
    analyzer::label(estimate)
}
