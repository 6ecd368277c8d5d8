//! The moments of one invocation: when it began, and by when each of its parts must be over.

use std::time::{Duration, SystemTime};

use edge::clock::{now_ms, since_epoch_ms};
use edge::lambda::Invocation;
use tokio::time::Instant;

/// A lease lasts this much longer than its invocation, since clocks differ.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// An invocation with less time than this begins nothing.
pub(crate) const LEAST_TIME: Duration = Duration::from_millis(100);

/// The margin is at least this, if that leaves three quarters of the time, since the cursor must be saved.
const LEAST_MARGIN: Duration = Duration::from_millis(500);

/// A request is started no later than this long before the last moment for its answer.
const LAST_CALL: Duration = Duration::from_millis(500);

/// The parts of an invocation's time: reading, then sending what was read, then putting aside what can't be
/// sent, then saving the cursor. Each has its share, whatever the margin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shares {
    /// How long records are read.
    pub(crate) reading: Duration,
    /// For how long requests are started.
    pub(crate) starting: Duration,
    /// For how long answers are waited for.
    pub(crate) sending: Duration,
    /// For how long records are put aside.
    pub(crate) aside: Duration,
    /// How long the cursor may take to be saved.
    pub(crate) saving: Duration,
}

impl Shares {
    /// Divides `time`. The margin is reserved from the time for sending, and as much again from the time for
    /// reading. If the invocation is too short for its margin, a quarter of the time is used instead.
    pub(crate) fn of(time: Duration, margin: Duration) -> Self {
        let margin = margin.max(LEAST_MARGIN).min(time / 4);
        let sending = time.saturating_sub(margin);
        Self {
            reading: sending.saturating_sub(margin),
            starting: sending.saturating_sub(LAST_CALL.min(margin / 2)),
            sending,
            aside: time.saturating_sub(margin / 2),
            saving: time.saturating_sub(margin / 8),
        }
    }
}

/// The moments of one invocation.
pub(crate) struct Moments {
    pub(crate) now_ms: i64,
    pub(crate) lease_expires_at_ms: i64,
    pub(crate) shares: Shares,
    /// No record is read after this.
    pub(crate) stop_at: Instant,
    /// No request is under way after this.
    pub(crate) deadline: Instant,
    /// Nothing is put aside after this.
    pub(crate) aside_by: Instant,
    /// By then the cursor is saved, or the error is reported.
    pub(crate) answer_by: Instant,
}

/// An invocation has too little time or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "invocation has {left_ms} ms left, expected at least {} ms: the function's timeout is too short, \
     or the clock of this machine is ahead of the one that sets the deadline",
    LEAST_TIME.as_millis()
)]
pub struct NoTime {
    /// Milliseconds until its deadline; negative if the deadline has passed.
    pub left_ms: i64,
}

impl Moments {
    pub(crate) fn of(invocation: &Invocation, margin: Duration) -> Result<Self, NoTime> {
        let (start, time) = (Instant::now(), invocation.time_left());
        if time < LEAST_TIME {
            return Err(NoTime {
                left_ms: since_epoch_ms(invocation.deadline) - since_epoch_ms(SystemTime::now()),
            });
        }
        if margin > time / 4 {
            let (margin_ms, time_ms) = (margin.as_millis(), time.as_millis());
            tracing::warn!(
                margin_ms,
                time_ms,
                "DEADLINE_MARGIN_MS is over a quarter of the time, so a quarter is used"
            );
        }
        let shares = Shares::of(time, margin);
        Ok(Self {
            now_ms: now_ms(),
            lease_expires_at_ms: since_epoch_ms(invocation.deadline + LEASE_MARGIN),
            shares,
            stop_at: start + shares.reading,
            deadline: start + shares.sending,
            aside_by: start + shares.aside,
            answer_by: start + shares.saving,
        })
    }
}

/// How long a record is tried in a run that begins at a record which earlier runs tried for `tried`: what is
/// left of the patience, and at least half a run, so that the records after it get their chance. What can't
/// be done within one run continues in the next.
pub(crate) fn patience(patience: Duration, tried: Duration, run: Duration) -> Duration {
    patience.saturating_sub(tried).max(patience.min(run / 2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_part_of_an_invocation_has_its_time_whatever_the_margin(
            time_ms in 100..900_000_u64,
            margin_ms in 0..600_000_u64,
        ) {
            let time = Duration::from_millis(time_ms);
            let margin = Duration::from_millis(margin_ms);
            let Shares { reading, starting, sending, aside, saving } = Shares::of(time, margin);
            prop_assert!(2 * reading + Duration::from_micros(1) >= time);
            let ends = [reading, starting, sending, aside, saving, time];
            prop_assert!(ends.is_sorted_by(|a, b| a < b), "{ends:?}");
            prop_assert!(sending + margin.min(time / 4) <= time);
        }

        #[test]
        fn runs_outlast_any_patience(patience_ms in 0..900_000_u64, run_ms in 100..900_000_u64) {
            let (whole, run) = (Duration::from_millis(patience_ms), Duration::from_millis(run_ms));
            let (mut tried, mut runs) = (Duration::ZERO, 1);
            while patience(whole, tried, run) > run / 2 {
                (tried, runs) = (tried + run, runs + 1);
            }
            prop_assert!(runs <= patience_ms / run_ms + 2, "{runs} runs");
        }
    }
}
