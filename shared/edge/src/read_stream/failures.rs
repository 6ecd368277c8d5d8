//! Consecutive failures of a call: how long to wait before the next attempt, and when to give up.

use std::time::Duration;

use crate::backoff;

use super::calls::{Trouble, Verdict};

/// The first pause after a failure, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a call may fail before reading ends. A call that is only throttled succeeds eventually.
const PATIENCE_MS: i64 = 60_000;

/// Consecutive failures.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Failures {
    count: u32,
    since_ms: i64,
}

impl Failures {
    /// Counts one more failure. Returns what happens to the call, and after how many milliseconds. `luck` is
    /// 0 to 1 and spreads readers that were refused together.
    pub(super) fn one_more(&mut self, trouble: Trouble, now_ms: i64, luck: f64) -> (Verdict, i64) {
        let is_first = self.count == 0;
        if is_first {
            self.since_ms = now_ms;
        }
        let ceiling = backoff::ceiling(FIRST_PAUSE, LONGEST_PAUSE, self.count);
        self.count = self.count.saturating_add(1);
        let is_over = trouble == Trouble::Again && now_ms - self.since_ms >= PATIENCE_MS;
        let verdict = match trouble {
            Trouble::Fatal | Trouble::Gone => Verdict::GiveUp,
            _ if is_over => Verdict::GiveUp,
            _ => Verdict::Again { is_first },
        };
        let pause = ceiling.mul_f64(0.5 + luck / 2.0);
        (verdict, i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttle_is_waited_for_and_an_outage_for_a_minute() {
        let mut throttled = Failures::default();
        assert_eq!(throttled.one_more(Trouble::Throttled, 0, 1.0), (Verdict::Again { is_first: true }, 400));
        assert_eq!(
            throttled.one_more(Trouble::Throttled, 3_600_000, 0.0),
            (Verdict::Again { is_first: false }, 400)
        );
        let mut down = Failures::default();
        assert_eq!(down.one_more(Trouble::Again, 0, 0.0), (Verdict::Again { is_first: true }, 200));
        assert_eq!(down.one_more(Trouble::Again, 59_999, 0.0).0, Verdict::Again { is_first: false });
        assert_eq!(down.one_more(Trouble::Again, 60_000, 0.0).0, Verdict::GiveUp);
        assert_eq!(Failures::default().one_more(Trouble::Fatal, 0, 0.0).0, Verdict::GiveUp);
    }
}
