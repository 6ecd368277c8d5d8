//! Sums and rounding with the very bits of `CPython` 3.12 and later.

use crate::vader::Valence;

/// `CPython`'s `sum`: a leading run of whole numbers exactly, the first float plainly, the rest compensated (Neumaier).
pub(crate) fn compensated_sum(valences: &[Valence]) -> f64 {
    let floats = valences.iter().position(|valence| !valence.whole).unwrap_or(valences.len());
    let (whole, rest) = valences.split_at_checked(floats).unwrap_or((valences, &[]));
    let mut sum: f64 = whole.iter().map(|valence| valence.value).sum();
    // The sum of no numbers is -0.0 in Rust.
    sum += 0.0;
    let Some((first, rest)) = rest.split_first() else { return sum };
    sum += first.value;
    let mut lost = 0.0;
    for Valence { value, .. } in rest {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}

/// `CPython`'s `round(value, PLACES)` for values of about 1: to the nearest decimal, ties by the exact binary value.
pub(crate) fn round<const PLACES: usize>(value: f64) -> f64 {
    let scale = if PLACES == 4 { 10_000.0 } else { 1_000.0 };
    let scaled = value * scale;
    let nearest = scaled.round();
    if (scaled - nearest).abs() < 0.499_999 {
        return (nearest / scale).copysign(value);
    }
    // Too near a tie for one multiplication to decide.
    format!("{value:.PLACES$}").parse().unwrap_or(value)
}
