//! When an object that could not be written is tried again.
//!
//! "If the destination is Amazon S3 and delivery fails, Firehose keeps retrying until the retention period
//! ends": <https://docs.aws.amazon.com/firehose/latest/dev/troubleshooting.html>. The pauses in between are
//! not documented.

use crate::aws::clock::Moment;

/// The pause before the second try. Each further pause is twice as long.
const FIRST_WAIT_MS: Moment = 250;
/// The longest pause.
const MAX_WAIT_MS: Moment = 30_000;
/// The retention period, which is the default of a stream.
const PATIENCE_MS: Moment = 24 * 3_600_000;
/// The same while a run ends, so that a bucket that stays broken does not keep the run from reporting it.
const PATIENCE_AT_THE_END_MS: Moment = 60_000;

/// The tries of one object.
#[derive(Debug, Default)]
pub(super) struct Retry {
    tries: u32,
    first_failed: Option<Moment>,
}

impl Retry {
    /// A try failed. Returns when the next is due, or `None` if there is none.
    pub(super) fn failed(&mut self, now: Moment, draining: bool) -> Option<Moment> {
        self.failed_within(now, if draining { PATIENCE_AT_THE_END_MS } else { PATIENCE_MS })
    }

    /// As [`Retry::failed`], for what is tried so long.
    pub(super) fn failed_within(&mut self, now: Moment, patience: Moment) -> Option<Moment> {
        let wait = FIRST_WAIT_MS.saturating_mul(1 << self.tries.min(16)).min(MAX_WAIT_MS);
        self.tries += 1;
        let first_failed = *self.first_failed.get_or_insert(now);
        (now.saturating_sub(first_failed) < patience).then_some(now.saturating_add(wait))
    }

    pub(super) fn tries(&self) -> u32 {
        self.tries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each try was made, if all of them fail at once.
    fn tries(draining: bool) -> Vec<Moment> {
        let (mut retry, mut tried) = (Retry::default(), vec![0]);
        while let Some(next) = retry.failed(*tried.last().unwrap(), draining) {
            tried.push(next);
        }
        tried
    }

    #[test]
    fn an_object_is_tried_until_the_retention_period_ends_and_never_in_a_tight_loop() {
        let tried = tries(false);
        let waits: Vec<Moment> = tried.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(waits[..4], [250, 500, 1_000, 2_000]);
        assert!(waits.is_sorted());
        assert_eq!(waits.last(), Some(&MAX_WAIT_MS));
        let last = *tried.last().unwrap();
        assert!((PATIENCE_MS..PATIENCE_MS + MAX_WAIT_MS).contains(&last), "{last}");
    }

    #[test]
    fn the_end_of_a_run_waits_a_minute_for_a_bucket() {
        let last = *tries(true).last().unwrap();
        assert!((PATIENCE_AT_THE_END_MS..PATIENCE_AT_THE_END_MS + MAX_WAIT_MS).contains(&last), "{last}");
    }
}
