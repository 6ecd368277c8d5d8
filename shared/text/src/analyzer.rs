//! The one entry point: an [`Analyzer`] owns every buffer, so that after its first texts it allocates nothing
//! for a text.

use serde::Serialize;

use crate::keywords::{Extractor, KeywordOptions, Keywords};
use crate::model::{Estimate, Model};
use crate::vader::{Vader, VaderScore};
use crate::window::{is_long, window};

/// Versions of the models behind the scores, which output lines and object metadata carry.
pub const MODELS: &str = "sentiment-2+keywords-1+vader-3.3.2";

/// The sentiment of a text in one word.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// The score is above the neutral band.
    Positive,
    /// The score is in the neutral band.
    Neutral,
    /// The score is below the neutral band.
    Negative,
}

impl Label {
    /// Returns `positive`, `neutral` or `negative`.
    pub fn as_str(self) -> &'static str {
        match self {
            Label::Positive => "positive",
            Label::Neutral => "neutral",
            Label::Negative => "negative",
        }
    }
}

/// The sentiment of one text. Serialised, it is the object of an output line.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Sentiment {
    /// The label to show.
    pub label: Label,
    /// How positive a reader would call the text, -1 to 1, with four decimal places. It correlates better
    /// with human ratings than `compound` does.
    pub score: f64,
    /// The exact VADER compound, -1 to 1.
    pub compound: f64,
    /// VADER's share of positive words, 0 to 1.
    pub positive: f64,
    /// VADER's share of neutral words.
    pub neutral: f64,
    /// VADER's share of negative words.
    pub negative: f64,
}

/// Scores texts one after another. Use one per thread; making one allocates little and parses nothing.
#[derive(Default, Debug)]
pub struct Analyzer {
    vader: Vader,
    model: Model,
    extractor: Extractor,
}

impl Analyzer {
    /// Makes an analyzer with empty buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the exact score that `PyPI`'s vaderSentiment 3.3.2 gives for the text's [`window`].
    pub fn vader(&mut self, text: &str) -> VaderScore {
        let text = window(text);
        let score = self.vader.score(text);
        self.give_back(text);
        score
    }

    /// Returns label and score of an English text (see [`crate::language`]). Reads only the text's
    /// [`window`].
    pub fn sentiment(&mut self, text: &str) -> Sentiment {
        let text = window(text);
        let vader = self.vader.score(text);
        let estimate = self.model.estimate(self.vader.tokens(), text, &self.vader.features(&vader));
        self.give_back(text);
        Sentiment { label: label(estimate), score: rounded(estimate.rating / 4.0), ..vader.into() }
    }

    /// Returns the key phrases or words of an English text, best first and in a stable order. Reads only the
    /// text's [`window`].
    pub fn keywords(&mut self, text: &str, options: &KeywordOptions) -> Keywords<'_> {
        self.extractor.extract(window(text), options)
    }

    /// Releases the memory that a long text took.
    #[inline]
    fn give_back(&mut self, text: &str) {
        if is_long(text) {
            self.vader = Vader::default();
            self.model.give_back();
        }
    }
}

/// Takes VADER's own label and compound as label and score.
impl From<VaderScore> for Sentiment {
    fn from(vader: VaderScore) -> Self {
        let VaderScore { compound, positive, neutral, negative } = vader;
        Self { label: vader.label(), score: compound, compound, positive, neutral, negative }
    }
}

/// Rounds to four decimal places. What lies beyond them is noise of the models.
pub(crate) fn rounded(number: f32) -> f64 {
    (f64::from(number) * 10_000.0).round() / 10_000.0
}

/// One rule for every kind of text: the label is the sign of the polarity, but it is neutral if the polarity
/// is weak in comparison with how much the text reads as a plain statement.
pub(crate) fn label(estimate: Estimate) -> Label {
    let Estimate { polarity, neutrality, .. } = estimate;
    if polarity == 0.0 || polarity.abs() < 1.0 + 5.0 * neutrality {
        Label::Neutral
    } else if polarity > 0.0 {
        Label::Positive
    } else {
        Label::Negative
    }
}
