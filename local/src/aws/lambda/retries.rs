//! How long and how often Lambda retries an asynchronous invocation, as a state machine without a clock.
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>

use std::time::Duration;

use crate::aws::clock::{Moment, milliseconds};
use template::AsynchronousRetries;

/// The pauses before the first and the second retry of a function that failed.
const PAUSES: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];
/// The pause before the first retry of an invocation that was not admitted. Each further pause is twice as
/// long.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// The longest such pause.
const MAX_BACKOFF: Duration = Duration::from_mins(5);

/// How one try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered,
    Failed,
    /// The function was not invoked, because its concurrency is used up. This uses up no retry.
    Throttled,
}

/// What to do after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Nothing,
    TryAgain { at: Moment },
    GiveUp(Condition),
}

/// Why an event is dropped, in the words of Lambda's on-failure records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    RetriesExhausted,
    EventAgeExceeded,
}

impl Condition {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
        }
    }
}

/// One event on its way to its function.
#[derive(Debug, Clone)]
pub(super) struct Retries {
    limits: AsynchronousRetries,
    begun: Moment,
    failed: u32,
    throttled: u32,
}

impl Retries {
    pub(super) fn new(limits: AsynchronousRetries, begun: Moment) -> Self {
        Self { limits, begun, failed: 0, throttled: 0 }
    }

    /// How many tries of the function itself have failed so far.
    pub(super) fn failed(&self) -> u32 {
        self.failed
    }

    /// What follows from a try that ended now. An event that would be too old at its next try is dropped at
    /// once.
    pub(super) fn after(&mut self, outcome: Outcome, now: Moment) -> Next {
        let pause = match outcome {
            Outcome::Answered => return Next::Nothing,
            Outcome::Failed => {
                self.failed += 1;
                if self.failed > self.limits.maximum_retry_attempts {
                    return Next::GiveUp(Condition::RetriesExhausted);
                }
                let [first, later] = PAUSES;
                if self.failed == 1 { first } else { later }
            }
            Outcome::Throttled => {
                self.throttled = self.throttled.saturating_add(1);
                let doubled = 1_u32.checked_shl(self.throttled - 1).unwrap_or(u32::MAX);
                FIRST_BACKOFF.saturating_mul(doubled).min(MAX_BACKOFF)
            }
        };
        let at = now.saturating_add(milliseconds(pause));
        if at > self.begun.saturating_add(milliseconds(self.limits.maximum_event_age)) {
            return Next::GiveUp(Condition::EventAgeExceeded);
        }
        Next::TryAgain { at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_function_that_fails_is_tried_after_one_minute_and_after_two_more() {
        let mut retries = Retries::new(AsynchronousRetries::default(), 0);
        assert_eq!(retries.after(Outcome::Failed, 500), Next::TryAgain { at: 60_500 });
        assert_eq!(retries.after(Outcome::Failed, 61_000), Next::TryAgain { at: 181_000 });
        assert_eq!(retries.after(Outcome::Failed, 181_500), Next::GiveUp(Condition::RetriesExhausted));
    }

    #[test]
    fn an_event_is_not_tried_past_its_age() {
        let mut retries = Retries::new(
            AsynchronousRetries { maximum_event_age: Duration::from_mins(1), ..Default::default() },
            0,
        );
        assert_eq!(retries.after(Outcome::Failed, 1), Next::GiveUp(Condition::EventAgeExceeded));
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![Just(Outcome::Answered), Just(Outcome::Failed), Just(Outcome::Throttled)]
    }

    proptest! {
        #[test]
        fn every_event_ends_by_its_rules(
            retries in 0_u32..=2,
            age_s in 60_u64..=21_600,
            outcomes in proptest::collection::vec((outcome(), 0_i64..30_000), 1..200),
        ) {
            let limits = AsynchronousRetries {
                maximum_retry_attempts: retries,
                maximum_event_age: Duration::from_secs(age_s),
            };
            let oldest = milliseconds(limits.maximum_event_age);
            let (mut event, mut now, mut failed, mut throttled, mut backoff) = (Retries::new(limits, 0), 0, 0, 0, 0);
            for (outcome, took) in outcomes {
                now += took;
                failed += u32::from(outcome == Outcome::Failed);
                throttled += u32::from(outcome == Outcome::Throttled);
                match event.after(outcome, now) {
                    Next::Nothing => {
                        prop_assert_eq!(outcome, Outcome::Answered);
                        return Ok(());
                    }
                    Next::GiveUp(Condition::RetriesExhausted) => {
                        prop_assert_eq!(failed, retries + 1);
                        return Ok(());
                    }
                    Next::GiveUp(Condition::EventAgeExceeded) => {
                        prop_assert!(now + 300_000 > oldest);
                        return Ok(());
                    }
                    Next::TryAgain { at } => {
                        let pause = at - now;
                        prop_assert!(at <= oldest && failed <= retries);
                        if outcome == Outcome::Failed {
                            prop_assert_eq!(pause, if failed == 1 { 60_000 } else { 120_000 });
                        } else {
                            prop_assert!(pause >= backoff && (1_000..=300_000).contains(&pause));
                            prop_assert!(throttled > 1 || pause == 1_000);
                            backoff = pause;
                        }
                        now = at;
                    }
                }
            }
        }
    }
}
