//! The second stage: two small regressions on the first stage's estimates of texts it had not seen.

use text::training::{Estimate, TERMS, terms_of};

use crate::corpus::Sample;

const RATING_RIDGE: f64 = 1e-3;
const POLARITY_RIDGE: f64 = 3.0 / 2_000.0;
/// Newton's steps of the logistic regression.
const STEPS: usize = 20;
/// Tweets are what the labels are for most, and where VADER's own are hard to beat.
const TWEETS_FOR_POLARITY: f64 = 6.0;

/// Normal equations: a row for each term, and the right side as its last column.
type Equations = Vec<[f64; TERMS + 1]>;

/// Terms whose weighted sum is the rating, by least squares. Every rated file weighs the same.
pub(crate) fn fit_rating(samples: &[(&Sample, Estimate)]) -> [f32; TERMS] {
    let counts = counts(samples);
    let mut equations = ridge(RATING_RIDGE);
    for &(sample, estimate) in samples {
        let terms = terms_of(estimate, &sample.vader).map(f64::from);
        add(&mut equations, &terms, 1.0 / counts[sample.set], f64::from(sample.gold) / counts[sample.set]);
    }
    solve(equations).map(|term| term as f32)
}

/// Terms whose weighted sum is the log-odds of a positive mean, by logistic regression.
pub(crate) fn fit_polarity(samples: &[(&Sample, Estimate)]) -> [f32; TERMS] {
    let counts = counts(samples);
    let mut fitted = [0.0_f64; TERMS];
    for _ in 0..STEPS {
        let mut equations = ridge(POLARITY_RIDGE);
        for (equation, term) in equations.iter_mut().zip(fitted) {
            equation[TERMS] = -POLARITY_RIDGE * term;
        }
        for &(sample, estimate) in samples.iter().filter(|(sample, _)| sample.gold != 0.0) {
            let terms = terms_of(estimate, &sample.vader).map(f64::from);
            let odds: f64 = terms.iter().zip(fitted).map(|(term, weight)| term * weight).sum();
            let expected = 1.0 / (1.0 + (-odds).exp());
            let weight = if sample.set == 0 { TWEETS_FOR_POLARITY } else { 1.0 } / counts[sample.set];
            let miss = if sample.gold > 0.0 { 1.0 - expected } else { -expected };
            add(&mut equations, &terms, weight * (expected * (1.0 - expected) + 1e-9), weight * miss);
        }
        fitted.iter_mut().zip(solve(equations)).for_each(|(term, step)| *term += step);
    }
    fitted.map(|term| term as f32)
}

fn counts(samples: &[(&Sample, Estimate)]) -> [f64; 4] {
    let mut counts = [0.0; 4];
    for (sample, _) in samples {
        counts[sample.set] += 1.0;
    }
    counts
}

fn ridge(strength: f64) -> Equations {
    let mut equations = vec![[0.0; TERMS + 1]; TERMS];
    for (row, equation) in equations.iter_mut().enumerate() {
        equation[row] = strength;
    }
    equations
}

fn add(equations: &mut Equations, terms: &[f64; TERMS], weight: f64, right: f64) {
    for (equation, one) in equations.iter_mut().zip(terms) {
        for (cell, other) in equation.iter_mut().zip(terms) {
            *cell += weight * one * other;
        }
        equation[TERMS] += one * right;
    }
}

/// Gauss and Jordan's elimination with the largest pivot.
fn solve(mut rows: Equations) -> [f64; TERMS] {
    for column in 0..TERMS {
        let pivot = (column..TERMS).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        rows.swap(column, pivot.unwrap_or(column));
        let pivot = rows[column];
        for (number, row) in rows.iter_mut().enumerate() {
            if number != column {
                let times = row[column] / pivot[column];
                row.iter_mut().zip(pivot).for_each(|(cell, above)| *cell -= times * above);
            }
        }
    }
    std::array::from_fn(|number| rows[number][TERMS] / rows[number][number])
}
