//! The VADER score, which equals that of `PyPI`'s vaderSentiment 3.3.2: Hutto & Gilbert, "VADER", ICWSM 2014.

use crate::analyzer::Label;
use crate::but_clause::balance_around_but;
use crate::python_float::{compensated_sum, round};
use crate::vader_tokens::Tokens;
use crate::vader_window::{Window, is};
use crate::vader_words::Role;

/// VADER's four numbers, rounded as Python prints them.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct VaderScore {
    /// From -1 (most negative) to 1 (most positive), with four decimal places.
    pub compound: f64,
    /// The share of the text that is positive, with three decimal places.
    pub positive: f64,
    /// The share that is neutral.
    pub neutral: f64,
    /// The share that is negative.
    pub negative: f64,
}

impl VaderScore {
    /// Returns the label by the rule of VADER's authors: a compound of 0.05 or more is positive, and one of
    /// -0.05 or less is negative.
    pub fn label(&self) -> Label {
        if self.compound >= 0.05 {
            Label::Positive
        } else if self.compound <= -0.05 {
            Label::Negative
        } else {
            Label::Neutral
        }
    }
}

/// How many numbers [`Vader::features`] gives.
pub(crate) const VADER_FEATURES: usize = 16;

/// A token's rating. Python sums whole numbers and floats differently, so the kind of number is part of the
/// result.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Valence {
    pub(crate) value: f64,
    pub(crate) whole: bool,
}

/// A token with a rating, by its position; any other token counts as a whole zero.
pub(crate) type Rated = (usize, Valence);

/// Scores texts one after another; holds the buffers.
#[derive(Default, Debug)]
pub(crate) struct Vader {
    tokens: Tokens,
    rated: Vec<Rated>,
    has_but: bool,
}

impl Vader {
    /// The score of a text. It takes linear time, except for texts with "but", where the time is n log n.
    pub(crate) fn score(&mut self, text: &str) -> VaderScore {
        self.tokens.read(text);
        self.rated.clear();
        self.has_but = false;
        let window = Window { tokens: &self.tokens, text };
        for (at, token) in self.tokens.list.iter().enumerate() {
            let Some(row) = token.row else { continue };
            self.has_but |= row.role == Role::But;
            self.rated.extend(window.valence(at, token, row).map(|valence| (at, valence)));
        }
        if self.has_but {
            let but = self.tokens.list.iter().position(|token| is(Some(token), Role::But));
            balance_around_but(but.unwrap_or_default(), self.tokens.list.len(), &mut self.rated);
        }
        self.total()
    }

    /// The tokens of the last text that was scored.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// What the score consists of, for the linear model. All numbers are about -1 to 1.
    #[allow(clippy::cast_possible_truncation)] // the model needs no more digits
    pub(crate) fn features(&self, score: &VaderScore) -> [f32; VADER_FEATURES] {
        let (mut positive, mut negative, mut highest, mut lowest) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
        let rated = || self.rated.iter().map(|(_, valence)| valence.value).filter(|&value| value != 0.0);
        for value in rated() {
            positive += value.max(0.0);
            negative += value.min(0.0);
            highest = highest.max(value);
            lowest = lowest.min(value);
        }
        let (first, last) = (rated().next(), rated().next_back());
        let words = 1.0 + number(self.tokens.list.len());
        [
            score.compound,
            score.positive,
            score.negative,
            (positive / 6.0).min(1.5),
            (negative / 6.0).max(-1.5),
            highest / 4.0,
            lowest / 4.0,
            last.unwrap_or(0.0) / 4.0,
            first.unwrap_or(0.0) / 4.0,
            f64::from(first.is_none()),
            words.ln() / 4.0,
            (positive + negative) / words.sqrt() / 2.0,
            number(self.tokens.exclamation_marks.min(4)) / 4.0,
            number(self.tokens.question_marks.min(4)) / 4.0,
            f64::from(self.has_but),
            1.0,
        ]
        .map(|feature| feature as f32)
    }

    fn total(&self) -> VaderScore {
        if self.tokens.list.is_empty() {
            return VaderScore::default();
        }
        let emphasis = emphasis(self.tokens.exclamation_marks, self.tokens.question_marks);
        let mut sum = compensated_sum(self.rated.iter().map(|(_, valence)| *valence));
        if sum != 0.0 {
            sum += emphasis.copysign(sum);
        }
        let (mut positive, mut negative, mut neutral) = (0.0, 0.0, number(self.tokens.list.len()));
        for (_, valence) in self.rated.iter().filter(|(_, valence)| valence.value != 0.0) {
            neutral -= 1.0;
            if valence.value > 0.0 {
                positive += valence.value + 1.0;
            } else {
                negative += 1.0 - valence.value;
            }
        }
        if positive > negative {
            positive += emphasis;
        } else if positive < negative {
            negative += emphasis;
        }
        let all = positive + negative + neutral;
        VaderScore {
            compound: round::<4>((sum / (sum * sum + 15.0).sqrt()).clamp(-1.0, 1.0)),
            positive: round::<3>(positive / all),
            neutral: round::<3>(neutral / all),
            negative: round::<3>(negative / all),
        }
    }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Up to four exclamation marks add weight, and so do two or more question marks.
fn emphasis(exclamation_marks: usize, question_marks: usize) -> f64 {
    let exclamation =
        [0.0, 0.292, 2.0 * 0.292, 3.0 * 0.292].get(exclamation_marks).copied().unwrap_or(4.0 * 0.292);
    let question = [0.0, 0.0, 2.0 * 0.18, 3.0 * 0.18].get(question_marks).copied().unwrap_or(0.96);
    exclamation + question
}
