//! Ridge regression by dual coordinate descent, where a target may also be a bound.

use text::training::{SLOTS, VADER_FEATURES};

use crate::corpus::Sample;

/// Rounds over the samples: enough that more change nothing in the fourth decimal place.
const ROUNDS: usize = 20;

/// What a sample asks of the prediction.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// Be near this value.
    Near(f32),
    /// Be this or more.
    AtLeast(f32),
    /// Be this or less.
    AtMost(f32),
}

/// A linear function of a sample.
pub(crate) struct Weights {
    pub(crate) slots: Vec<f32>,
    pub(crate) vader: [f32; VADER_FEATURES],
}

impl Weights {
    pub(crate) fn of(&self, sample: &Sample) -> f32 {
        let slots: f32 = sample.features.iter().map(|&(slot, value)| self.slots[slot] * value).sum();
        slots + self.vader.iter().zip(&sample.vader).map(|(weight, value)| weight * value).sum::<f32>()
    }

    fn add(&mut self, sample: &Sample, times: f32) {
        for &(slot, value) in &sample.features {
            self.slots[slot] += times * value;
        }
        for (weight, value) in self.vader.iter_mut().zip(&sample.vader) {
            *weight += times * value;
        }
    }
}

/// Fits the weights to samples with a target and a strength (the inverse of the ridge) each.
pub(crate) fn fit(samples: &[(&Sample, Target, f32)]) -> Weights {
    let mut weights = Weights { slots: vec![0.0; 2 * SLOTS], vader: [0.0; VADER_FEATURES] };
    let mut duals = vec![0.0_f32; samples.len()];
    let norms: Vec<f32> = samples.iter().map(|(sample, ..)| norm(sample)).collect();
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut dice = 88_172_645_463_325_252_u64;
    for _ in 0..ROUNDS {
        shuffle(&mut order, &mut dice);
        for &at in &order {
            let (sample, target, strength) = samples[at];
            let (Target::Near(wanted) | Target::AtLeast(wanted) | Target::AtMost(wanted)) = target;
            let miss = wanted - weights.of(sample) - duals[at] / strength;
            let mut dual = duals[at] + miss / (norms[at] + 1.0 / strength);
            match target {
                Target::AtLeast(_) => dual = dual.max(0.0),
                Target::AtMost(_) => dual = dual.min(0.0),
                Target::Near(_) => {}
            }
            weights.add(sample, dual - duals[at]);
            duals[at] = dual;
        }
    }
    weights
}

fn norm(sample: &Sample) -> f32 {
    let squares = sample.features.iter().map(|&(_, value)| value * value).sum::<f32>();
    squares + sample.vader.iter().map(|value| value * value).sum::<f32>()
}

fn shuffle(order: &mut [usize], dice: &mut u64) {
    for at in (1..order.len()).rev() {
        *dice ^= *dice << 13;
        *dice ^= *dice >> 7;
        *dice ^= *dice << 17;
        order.swap(at, (*dice % (at as u64 + 1)) as usize);
    }
}
