//! Pauses between tries.

use std::time::Duration;

/// Returns a random pause between nothing and `first` doubled `tries` times, but at most `longest`.
///
/// Full jitter spreads clients that were refused together further than any fixed pause does:
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.
pub(crate) fn full_jitter(first: Duration, longest: Duration, tries: u32) -> Duration {
    ceiling(first, longest, tries).mul_f64(fastrand::f64())
}

/// Returns the longest such pause.
pub(crate) fn ceiling(first: Duration, longest: Duration, tries: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(tries)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_with_the_tries_and_stays_under_its_ceiling() {
        let (first, longest) = (Duration::from_millis(50), Duration::from_secs(1));
        for tries in [0, 1, 2, 5, 31, 32, u32::MAX] {
            let ceiling = first.saturating_mul(2_u32.saturating_pow(tries)).min(longest);
            assert!((0..100).all(|_| full_jitter(first, longest, tries) <= ceiling));
        }
    }
}
