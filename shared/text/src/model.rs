//! The linear model: from hashed features and VADER's own numbers to a rating, and to how likely a reader
//! finds the text neutral.

use crate::feature_hashing::{GROUPS, SLOTS};
use crate::features::FeatureReader;
use crate::vader::VADER_FEATURES;
use crate::vader_tokens::Tokens;

/// The heads are rating, neutrality, and how much VADER's compound counts.
pub(crate) const HEADS: usize = 3;
/// A row has six slots. Each has its own rating, and they share the other heads.
pub(crate) const ROW_SLOTS: usize = 6;
pub(crate) const ROWS: usize = SLOTS / ROW_SLOTS;
/// The bytes of a row: each slot's rating, then neutrality and trust.
const ROW_BYTES: usize = ROW_SLOTS + 2;
/// The weight of each group of features.
pub(crate) const GROUP_WEIGHTS: [f32; GROUPS] = [1.15, 0.8, 1.0];
/// The scale of the third head's features, which are multiplied by VADER's compound.
pub(crate) const TRUST_WEIGHT: f32 = 0.5;
/// The numbers that the second stage combines, and the terms of their quadratic form.
pub(crate) const COMBINED: usize = 11;
pub(crate) const TERMS: usize = 1 + COMBINED + COMBINED * (COMBINED + 1) / 2;
/// The floats before the table: a scale for each head, VADER's features for two heads, and two sums of the
/// second stage.
pub(crate) const FLOATS: usize = HEADS + 2 * VADER_FEATURES + 2 * TERMS;

/// `cargo run -p text --release --features training --example train_sentiment` writes this file.
static WEIGHTS: &[u8] = include_bytes!("../data/model/sentiment.weights");

/// What the model says about a text.
#[allow(unreachable_pub)] // public with the feature `training`
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Estimate {
    /// Expected rating, about -4 to 4.
    pub rating: f32,
    /// The log-odds that readers find it positive rather than negative. Only the second stage gives it.
    pub polarity: f32,
    /// It is above zero if the text reads as a plain statement.
    pub neutrality: f32,
}

/// Sums of weights over a text's features, by group and head.
#[derive(Clone, Copy, Default, Debug)]
struct Sums {
    weights: [i32; HEADS],
    features: i32,
}

impl Sums {
    #[inline]
    fn add(&mut self, row: [u8; ROW_BYTES], slot: usize) {
        // This is a shift, because which of the six it is can't be predicted.
        let [rating, ..] = (u64::from_le_bytes(row) >> (8 * (slot % ROW_SLOTS))).to_le_bytes();
        let [.., neutrality, trust] = row;
        for (sum, weight) in self.weights.iter_mut().zip([rating, neutrality, trust]) {
            *sum += i32::from(weight.cast_signed());
        }
        self.features += 1;
    }

    /// The sums, divided by the square root of the number of features.
    #[allow(clippy::cast_precision_loss)] // a long text's last digits do not matter
    fn scaled(self) -> [f32; HEADS] {
        let norm = (self.features.max(1) as f32).sqrt();
        self.weights.map(|sum| sum as f32 / norm)
    }
}

/// The model, whose few floats have been read.
#[derive(Debug)]
pub(crate) struct Model {
    floats: Vec<f32>,
    table: &'static [[u8; ROW_BYTES]],
    reader: FeatureReader,
}

impl Default for Model {
    fn default() -> Self {
        const { assert!(WEIGHTS.len() == FLOATS * 4 + ROWS * ROW_BYTES) };
        let (floats, table) = WEIGHTS.split_at_checked(FLOATS * 4).unwrap_or_default();
        let floats = floats.chunks_exact(4);
        Self {
            table: table.as_chunks().0,
            floats: floats.filter_map(|float| float.try_into().ok()).map(f32::from_le_bytes).collect(),
            reader: FeatureReader::default(),
        }
    }
}

impl Model {
    /// Releases the memory that the texts so far took.
    pub(crate) fn give_back(&mut self) {
        self.reader = FeatureReader::default();
    }

    /// Rating and neutrality of a text that VADER has scored.
    pub(crate) fn estimate(
        &mut self,
        tokens: &Tokens,
        text: &str,
        vader: &[f32; VADER_FEATURES],
    ) -> Estimate {
        let mut sums = [Sums::default(); GROUPS];
        let table = self.table;
        self.reader.read(tokens, text, |group, slot| {
            let weights = table.get(slot / ROW_SLOTS).copied().unwrap_or_default();
            if let Some(sums) = sums.get_mut(group as usize) {
                sums.add(weights, slot);
            }
        });
        if tokens.list.is_empty() {
            return Estimate::default();
        }
        let mut heads = [0.0; HEADS];
        for (sums, weight) in sums.into_iter().zip(GROUP_WEIGHTS) {
            heads.iter_mut().zip(sums.scaled()).for_each(|(head, sum)| *head += weight * sum);
        }
        let head = |number: usize| {
            let sum = heads.get(number).copied().unwrap_or_default();
            sum * self.floats.get(number).copied().unwrap_or_default()
        };
        let dense = |number: usize| {
            let weights = self.floats.get(HEADS + number * VADER_FEATURES..).unwrap_or_default();
            dot(vader, weights)
        };
        let compound = vader.first().copied().unwrap_or_default();
        let first = Estimate {
            rating: head(0) + TRUST_WEIGHT * compound * head(2) + dense(0),
            polarity: 0.0,
            neutrality: head(1) + dense(1),
        };
        let terms = terms_of(first, vader);
        let sum = |number: usize| {
            let weights = self.floats.get(HEADS + 2 * VADER_FEATURES + number * TERMS..).unwrap_or_default();
            dot(&terms, weights)
        };
        Estimate { rating: sum(0).clamp(-4.0, 4.0), polarity: sum(1), ..first }
    }
}

/// The sum of products, in eight sums that don't wait for one another.
fn dot<const N: usize>(numbers: &[f32; N], weights: &[f32]) -> f32 {
    let weights = weights.first_chunk::<N>().unwrap_or(&[0.0; N]);
    let (eights, rest) = numbers.as_chunks::<8>();
    let (weight_eights, weight_rest) = weights.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (numbers, weights) in eights.iter().zip(weight_eights) {
        for ((sum, number), weight) in sums.iter_mut().zip(numbers).zip(weights) {
            *sum += number * weight;
        }
    }
    let rest = rest.iter().zip(weight_rest).map(|(number, weight)| number * weight);
    sums.into_iter().chain(rest).sum()
}

/// The second stage's terms: 1, the numbers, and their products.
pub(crate) fn terms_of(first: Estimate, vader: &[f32; VADER_FEATURES]) -> [f32; TERMS] {
    let v = |number: usize| vader.get(number).copied().unwrap_or_default();
    let rating = first.rating.clamp(-4.0, 4.0);
    let numbers: [f32; COMBINED] = [
        rating,
        v(0),
        first.neutrality.clamp(-2.0, 2.0),
        v(1) + v(2),
        v(10).min(1.2),
        v(12),
        v(13),
        rating.abs(),
        v(0).abs(),
        v(3),
        v(4),
    ];
    let mut terms = [1.0; TERMS];
    let (_, rest) = terms.split_at_mut(1);
    let (singles, mut products) = rest.split_at_mut(COMBINED);
    singles.copy_from_slice(&numbers);
    let mut others = numbers.as_slice();
    while let Some(&one) = others.first() {
        let (row, next) = products.split_at_mut(others.len());
        for (product, other) in row.iter_mut().zip(others) {
            *product = one * other;
        }
        products = next;
        others = others.get(1..).unwrap_or_default();
    }
    terms
}
