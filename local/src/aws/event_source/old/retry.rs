//! What happens to a failed batch: again, in two halves, or given up.

use std::time::Duration;

use template::KinesisMapping;

/// First pause before a retry; it doubles with each, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why a batch is given up, in the words of Lambda's on-failure records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    RetriesExhausted,
    TooOld,
}

impl Condition {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetryAttemptsExhausted",
            Self::TooOld => "RecordAgeExceeded",
        }
    }
}

/// What to do next with a batch that failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Again,
    /// In two parts, the second from this index. Splitting uses up no retry.
    Split(usize),
    GiveUp(Condition),
}

/// A batch of `records` has now failed `attempts` times.
pub(super) fn next(mapping: &KinesisMapping, records: usize, attempts: u64) -> Next {
    if mapping.bisect_on_error && records > 1 {
        return Next::Split(records / 2);
    }
    match mapping.maximum_retry_attempts {
        Some(maximum) if attempts > maximum => Next::GiveUp(Condition::RetriesExhausted),
        _ => Next::Again,
    }
}

/// How long to wait before attempt `attempts + 1`.
pub(super) fn pause(attempts: u64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

/// Whether a record that arrived then is past the mapping's age.
pub(super) fn is_too_old(mapping: &KinesisMapping, arrived_at_ms: i64, now_ms: i64) -> bool {
    let age_ms = u128::try_from(now_ms.saturating_sub(arrived_at_ms)).unwrap_or(0);
    mapping.maximum_record_age.is_some_and(|maximum| age_ms > maximum.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use template::StartingPosition;

    pub(in crate::aws::event_source::old) fn mapping() -> KinesisMapping {
        KinesisMapping {
            name: "F/E".to_owned(),
            uuid: "u".to_owned(),
            function: "F".to_owned(),
            stream: "S".to_owned(),
            starting_position: StartingPosition::TrimHorizon,
            batch_size: 100,
            batching_window: Duration::ZERO,
            parallelization_factor: 1,
            maximum_retry_attempts: Some(2),
            maximum_record_age: Some(Duration::from_mins(1)),
            bisect_on_error: false,
            report_batch_item_failures: true,
            tumbling_window: None,
            on_failure: None,
        }
    }

    #[test]
    fn a_batch_is_given_up_after_its_first_try_and_the_retries() {
        let mapping = mapping();
        assert_eq!(next(&mapping, 5, 1), Next::Again);
        assert_eq!(next(&mapping, 5, 2), Next::Again);
        assert_eq!(next(&mapping, 5, 3), Next::GiveUp(Condition::RetriesExhausted));
    }

    #[test]
    fn splitting_goes_before_retrying_down_to_one_record() {
        let mapping = KinesisMapping { bisect_on_error: true, ..mapping() };
        assert_eq!(next(&mapping, 5, 9), Next::Split(2));
        assert_eq!(next(&mapping, 1, 1), Next::Again);
        assert_eq!(next(&mapping, 1, 3), Next::GiveUp(Condition::RetriesExhausted));
    }

    #[test]
    fn without_a_limit_nothing_is_given_up() {
        let mapping = KinesisMapping { maximum_retry_attempts: None, ..mapping() };
        assert_eq!(next(&mapping, 1, 1_000_000), Next::Again);
    }

    #[test]
    fn age_counts_from_arrival() {
        assert!(!is_too_old(&mapping(), 0, 60_000));
        assert!(is_too_old(&mapping(), 0, 60_001));
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert!(pause(1) < pause(2));
        assert_eq!(pause(u64::MAX), LONGEST_PAUSE);
    }
}
