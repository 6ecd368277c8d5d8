//! What happens to a failed batch: it is retried, split in two, or given up.

use std::time::Duration;

use super::settings::LaneSettings;
use crate::aws::clock::{Moment, milliseconds};
use crate::aws::event::Condition;

/// The first pause before a retry. It doubles with each, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What to do next with a batch that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Again,
    /// Split it, the second part beginning at this index. Splitting uses up no retry.
    Split(usize),
    GiveUp(Condition),
}

/// A batch of `records` has now failed `failures` times.
pub(super) fn next(settings: &LaneSettings, records: usize, failures: u64) -> Next {
    if settings.bisect_on_error && records > 1 {
        return Next::Split(records / 2);
    }
    match settings.maximum_retry_attempts {
        Some(maximum) if failures > maximum => Next::GiveUp(Condition::RetriesExhausted),
        _ => Next::Again,
    }
}

/// How many milliseconds to wait before the next try after this many failures.
pub(super) fn pause(failures: u64) -> i64 {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    milliseconds(FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE))
}

/// When a record that arrived then exceeds the mapping's maximum age.
pub(super) fn expires_at(settings: &LaneSettings, arrived_at: Moment) -> Moment {
    let Some(maximum) = settings.maximum_record_age else { return Moment::MAX };
    arrived_at.saturating_add(milliseconds(maximum)).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert!(pause(1) < pause(2));
        assert_eq!(pause(u64::MAX), milliseconds(LONGEST_PAUSE));
    }
}
