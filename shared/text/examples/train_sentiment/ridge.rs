//! Ridge regression by dual coordinate descent, where a target may also be a bound.

use text::training::VADER_FEATURES;

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

impl Target {
    pub(crate) fn wanted(self) -> f32 {
        let (Target::Near(wanted) | Target::AtLeast(wanted) | Target::AtMost(wanted)) = self;
        wanted
    }
}

/// Features of a sample: slots with values, and VADER's numbers.
pub(crate) type Features<'a> = (&'a [(usize, f32)], &'a [f32; VADER_FEATURES]);

/// What is fitted to: features, target and strength.
pub(crate) type Sample<'a> = (Features<'a>, Target, f32);

/// A linear function of features.
pub(crate) struct Weights {
    pub(crate) slots: Vec<f32>,
    pub(crate) vader: [f32; VADER_FEATURES],
}

impl Weights {
    pub(crate) fn of(&self, (slots, vader): Features<'_>) -> f32 {
        let slots: f32 = slots.iter().map(|&(slot, value)| self.slots[slot] * value).sum();
        slots + self.vader.iter().zip(vader).map(|(weight, value)| weight * value).sum::<f32>()
    }

    fn add(&mut self, (slots, vader): Features<'_>, variances: &[f32], times: f32) {
        for &(slot, value) in slots {
            self.slots[slot] += times * value * variances[slot];
        }
        for (weight, value) in self.vader.iter_mut().zip(vader) {
            *weight += times * value;
        }
    }
}

/// Fits weights to features with a target and a strength (the inverse of the ridge) each. A slot's variance is how
/// lightly the ridge holds its weight; that of VADER's numbers is 1.
pub(crate) fn fit(variances: &[f32], samples: &[Sample<'_>]) -> Weights {
    let mut weights = Weights { slots: vec![0.0; variances.len()], vader: [0.0; VADER_FEATURES] };
    let mut duals = vec![0.0_f32; samples.len()];
    let norms: Vec<f32> = samples.iter().map(|(features, ..)| norm(*features, variances)).collect();
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut dice = 88_172_645_463_325_252_u64;
    for _ in 0..ROUNDS {
        shuffle(&mut order, &mut dice);
        for &at in &order {
            let (features, target, strength) = samples[at];
            let miss = target.wanted() - weights.of(features) - duals[at] / strength;
            let mut dual = duals[at] + miss / (norms[at] + 1.0 / strength);
            match target {
                Target::AtLeast(_) => dual = dual.max(0.0),
                Target::AtMost(_) => dual = dual.min(0.0),
                Target::Near(_) => {}
            }
            weights.add(features, variances, dual - duals[at]);
            duals[at] = dual;
        }
    }
    weights
}

fn norm((slots, vader): Features<'_>, variances: &[f32]) -> f32 {
    let squares = slots.iter().map(|&(slot, value)| value * value * variances[slot]).sum::<f32>();
    squares + vader.iter().map(|value| value * value).sum::<f32>()
}

fn shuffle(order: &mut [usize], dice: &mut u64) {
    for at in (1..order.len()).rev() {
        *dice ^= *dice << 13;
        *dice ^= *dice >> 7;
        *dice ^= *dice << 17;
        order.swap(at, (*dice % (at as u64 + 1)) as usize);
    }
}
