//! When an invocation stops starting work, so that the work it started is finished and answered in time.
//!
//! The reserved time grows with the work that is left. The time for the answer grows with the event, because
//! a larger event leaves more to drop, count and report. The time for the object grows with the lines that
//! wait to be compressed and sent.

use std::time::Duration;

use tokio::time::Instant;

const MIB: usize = 1 << 20;
/// The time reserved for any answer.
const ANSWER: Duration = Duration::from_millis(250);
const ANSWER_PER_MIB: Duration = Duration::from_millis(50);
const ANSWER_PER_RECORD: Duration = Duration::from_micros(200);
/// Fewer bytes of lines say nothing about the pace.
const LEAST_MEASURED_BYTES: usize = 256 << 10;

/// The work that lies before an invocation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Todo {
    pub(crate) event_bytes: usize,
    pub(crate) records: usize,
}

/// The moments of one invocation, each no later than the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadlines {
    /// No record, and no message of a sweep, is begun after this.
    pub(crate) begin_until: Instant,
    /// Records that are settled by now are stored. The record after them waits for the next attempt.
    pub(crate) settle_until: Instant,
    /// Whatever is not stored by now is not waited for.
    pub(crate) answer_by: Instant,
}

impl Deadlines {
    /// The moments of an invocation that has `left` from `now` on. No record is begun within `margin` of its
    /// end. Beyond the margin, at most half of what is left is reserved, so that every invocation makes
    /// progress.
    pub(crate) fn new(now: Instant, left: Duration, margin: Duration, todo: Todo) -> Self {
        let wanted = todo.answer();
        let for_answer = wanted.min(left / 4);
        let before_end = |kept: Duration| now + left.saturating_sub(kept);
        let for_all = margin.max((wanted * 2).min(left / 2));
        Self {
            begin_until: before_end(for_all),
            settle_until: before_end((for_all + for_answer) / 2),
            answer_by: before_end(for_answer),
        }
    }
}

impl Todo {
    /// How long the answer may take on a shared core.
    fn answer(self) -> Duration {
        let of_bytes = ANSWER_PER_MIB.mul_f64(mib(self.event_bytes));
        let of_records = ANSWER_PER_RECORD.saturating_mul(u32::try_from(self.records).unwrap_or(u32::MAX));
        ANSWER + of_bytes + of_records
    }
}

/// How long it takes to make an object from lines and to send it, by the size of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    expected_per_mib: Duration,
    per_mib: Duration,
}

impl Pace {
    /// The pace that is expected before anything was measured. It is also the lower limit.
    pub(crate) fn expected(per_mib: Duration) -> Self {
        Self { expected_per_mib: per_mib, per_mib }
    }

    /// Takes in how long this many bytes took. A slow time counts at once and is gradually forgotten.
    pub(crate) fn measured(&mut self, bytes: usize, took: Duration) {
        if bytes >= LEAST_MEASURED_BYTES {
            let seen = took.div_f64(mib(bytes));
            self.per_mib = seen.max(self.per_mib * 7 / 8).max(self.expected_per_mib);
        }
    }

    /// The pace per byte of one of `writers` that write equally much.
    pub(crate) fn shared_by(self, writers: usize) -> Self {
        let writers = u32::try_from(writers).unwrap_or(u32::MAX);
        Self { per_mib: self.per_mib.saturating_mul(writers), ..self }
    }

    /// How long this many bytes will take.
    pub(crate) fn of(&self, bytes: usize) -> Duration {
        self.per_mib.mul_f64(mib(bytes))
    }
}

/// Decides whether another record may be begun. The more lines wait for their object, the earlier this ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begin {
    pub(crate) until: Instant,
    pub(crate) pace: Pace,
}

impl Begin {
    /// Whether another record may be begun after this many bytes of lines.
    pub(crate) fn may_begin(&self, now: std::time::Instant, lines_bytes: usize) -> bool {
        now + self.pace.of(lines_bytes) < self.until.into_std()
    }
}

#[allow(clippy::cast_precision_loss)] // no size of ours is near 2^53
fn mib(bytes: usize) -> f64 {
    bytes as f64 / MIB as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_todo() -> impl Strategy<Value = Todo> {
        (0..7 * MIB, 0..10_001_usize).prop_map(|(event_bytes, records)| Todo { event_bytes, records })
    }

    fn any_duration() -> impl Strategy<Value = Duration> {
        prop_oneof![0..3_000_u64, 0..900_000_u64].prop_map(Duration::from_millis)
    }

    proptest! {
        #[test]
        fn the_moments_of_an_invocation_stand_in_order(left in any_duration(), margin in any_duration(), todo in any_todo()) {
            let now = Instant::now();
            let Deadlines { begin_until, settle_until, answer_by } = Deadlines::new(now, left, margin, todo);
            prop_assert!(now <= begin_until && begin_until <= settle_until && settle_until <= answer_by);
            prop_assert!(answer_by <= now + left);
            prop_assert!(begin_until + margin <= (now + left).max(now + margin), "the margin is kept");
            // Whatever is to do, half of the time is for doing it, unless the margin forbids it.
            prop_assert!(begin_until >= now + (left / 2).min(left.saturating_sub(margin)));
        }

        #[test]
        fn what_is_kept_back_grows_with_what_is_still_to_do(
            left in any_duration(), margin in any_duration(), todo in any_todo(), bytes in 0..MIB, records in 0..1_000_usize,
        ) {
            let now = Instant::now();
            let more = Todo { event_bytes: todo.event_bytes + bytes, records: todo.records + records };
            let (less, more) = (Deadlines::new(now, left, margin, todo), Deadlines::new(now, left, margin, more));
            prop_assert!(more.answer_by <= less.answer_by && more.begin_until <= less.begin_until);
            // With time enough there is a quarter of a second for any answer, and more for a larger one.
            let kept = |moments: Deadlines| now + left - moments.answer_by;
            let todo = todo.answer();
            prop_assert!(left < todo * 4 || (kept(less) == todo && todo >= ANSWER));
        }

        #[test]
        fn the_more_lines_wait_the_earlier_no_record_is_begun(
            left in 0..60_000_u64, lines in 0..64 * MIB, more in 0..64 * MIB, took in 0..5_000_u64,
        ) {
            let now = Instant::now();
            let mut pace = Pace::expected(Duration::from_millis(20));
            pace.measured(lines, Duration::from_millis(took));
            let begin = Begin { until: now + Duration::from_millis(left), pace };
            let may_begin = |bytes| begin.may_begin(now.into_std(), bytes);
            prop_assert!(may_begin(lines) || !may_begin(lines + more));
            // If one is begun, there is time for the lines that wait at the pace that was measured.
            let needed = Duration::from_millis(if lines >= LEAST_MEASURED_BYTES { took } else { 0 });
            let slack = Duration::from_millis(1);
            prop_assert!(!may_begin(lines) || now + needed <= begin.until + slack);
        }
    }

    #[test]
    fn a_slow_time_counts_at_once_and_is_forgotten_by_and_by() {
        let expected = Pace::expected(Duration::from_millis(10));
        let mut pace = expected;
        pace.measured(MIB, Duration::from_secs(1));
        assert_eq!(pace.of(MIB), Duration::from_secs(1));
        pace.measured(MIB, Duration::ZERO);
        assert_eq!(pace.of(MIB), Duration::from_millis(875));
        for _ in 0..100 {
            pace.measured(MIB, Duration::ZERO);
        }
        assert_eq!(pace, expected);
    }
}
