//! Sums and rounding that give exactly the bits of `CPython` 3.12 and later.

use crate::vader::Valence;

/// `CPython`'s `sum`: a leading run of whole numbers is exact, the first float is added plainly, and the rest
/// is compensated (Neumaier).
pub(crate) fn compensated_sum(valences: impl Iterator<Item = Valence>) -> f64 {
    let (mut sum, mut lost, mut all_whole) = (0.0_f64, 0.0, true);
    for Valence { value, whole } in valences {
        let next = sum + value;
        if !all_whole {
            lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        }
        all_whole &= whole;
        sum = next;
    }
    sum + lost
}

/// `CPython`'s `round(value, PLACES)` for values of about 1: to the nearest decimal, where the exact binary
/// value decides ties.
pub(crate) fn round<const PLACES: usize>(value: f64) -> f64 {
    let scale = if PLACES == 4 { 10_000.0 } else { 1_000.0 };
    let scaled = value * scale;
    let nearest = scaled.round();
    if (scaled - nearest).abs() < 0.499_999 {
        return (nearest / scale).copysign(value);
    }
    // This is too near a tie for one multiplication to decide. The multiplication's error decides, and for an
    // exact tie the even digit.
    let below = scaled.floor();
    let over_tie = (scaled - below - 0.5) + value.mul_add(scale, -scaled);
    let up = over_tie > 0.0 || (over_tie == 0.0 && below % 2.0 != 0.0);
    ((below + f64::from(up)) / scale).copysign(value)
}
