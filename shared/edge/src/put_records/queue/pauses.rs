//! How long to wait after a failure. The dice are numbers from 0 to 1, which the caller throws.

use std::time::Duration;

use tokio::time::Instant;

use crate::backoff::ceiling;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Pauses that grow with the number of consecutive failures.
#[derive(Debug)]
pub(super) struct Pauses {
    longest: Duration,
    stream_until: Option<Instant>,
    failed_in_a_row: u32,
}

impl Pauses {
    /// No pause is longer than a quarter of the time for which one entry is tried, so an entry is given up
    /// soon after that time.
    pub(super) fn new(patience: Duration) -> Self {
        Self { longest: LONGEST_PAUSE.min(patience / 4), stream_until: None, failed_in_a_row: 0 }
    }

    /// How long an entry waits that was refused after this many tries. Entries that were refused together
    /// share the dice and are retried together: with separate delays each would become its own request.
    pub(super) fn of_entry(&self, tries: u32, dice: f64) -> Duration {
        ceiling(FIRST_PAUSE, self.longest, tries).mul_f64(dice)
    }

    /// Until when the whole stream is left alone, if that is still to come.
    pub(super) fn of_stream(&self, now: Instant) -> Option<Instant> {
        self.stream_until.filter(|until| *until > now)
    }

    /// A request failed as a whole, and the next one would fail too.
    pub(super) fn stream_failed(&mut self, now: Instant, dice: f64) {
        self.stream_until =
            Some(now + ceiling(FIRST_PAUSE, self.longest, self.failed_in_a_row).mul_f64(dice));
        self.failed_in_a_row += 1;
    }

    /// A request was answered, so the next failure counts as the first.
    pub(super) fn stream_answered(&mut self) {
        self.failed_in_a_row = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_pause_is_longer_than_a_quarter_of_the_patience(
            patience_ms in 0..60_000_u64,
            tries in 0..40_u32,
            dice in 0.0..1.0,
        ) {
            let (patience, now) = (Duration::from_millis(patience_ms), Instant::now());
            let mut pauses = Pauses::new(patience);
            prop_assert!(pauses.of_entry(tries, dice) <= patience / 4);
            (0..=tries).for_each(|_| pauses.stream_failed(now, dice));
            prop_assert!(pauses.of_stream(now).is_none_or(|until| until <= now + patience / 4));
            pauses.stream_answered();
            pauses.stream_failed(now, dice);
            prop_assert!(pauses.of_stream(now).is_none_or(|until| until <= now + FIRST_PAUSE));
        }
    }
}
