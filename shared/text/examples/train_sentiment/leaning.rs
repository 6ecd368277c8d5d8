//! How far each slot's weight may go: the more clearly its texts lean to one side, the further.
//!
//! After Wang & Manning, "Baselines and Bigrams", ACL 2012, who scale a linear classifier's features by naive Bayes'
//! log-odds. A slot that many features share leans to no side, so the noise of collisions is held down as well.

use text::training::{ROWS, SLOTS};

use crate::ridge::Sample;

/// Samples every slot is taken to have seen of each side.
const SMOOTHING: f32 = 1.0;
/// Added to every slot's leaning, so that none is held at zero.
const LEAST: f32 = 0.05;

/// A variance for each slot of the rating, 1 on average over the samples' features, and 1 for each row of the trust.
///
/// A sample counts for its side by its strength as a share of `strength`, and by its target as one of `full_rating`.
pub(crate) fn variances(samples: &[Sample<'_>], strength: f32, full_rating: f32) -> Vec<f32> {
    let mut sides = vec![[SMOOTHING; 2]; SLOTS];
    let mut counts = vec![0.0_f64; SLOTS];
    for ((features, _), target, of_sample) in samples {
        let lean = (target.wanted() / full_rating).clamp(-1.0, 1.0) * of_sample / strength;
        for &(slot, _) in features.iter().filter(|(slot, _)| *slot < SLOTS) {
            sides[slot][usize::from(lean > 0.0)] += lean.abs();
            counts[slot] += 1.0;
        }
    }
    let all = |side: usize| sides.iter().map(|sides| f64::from(sides[side])).sum::<f64>();
    let even = (all(1) / all(0)) as f32;
    let mut variances: Vec<f32> =
        sides.iter().map(|[negative, positive]| (positive / negative / even).ln().abs() + LEAST).collect();
    let total: f64 =
        variances.iter().zip(&counts).map(|(&variance, count)| f64::from(variance) * count).sum();
    let mean = (total / counts.iter().sum::<f64>()) as f32;
    for variance in &mut variances {
        *variance /= mean;
    }
    variances.resize(SLOTS + ROWS, 1.0);
    variances
}
