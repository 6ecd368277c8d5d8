//! The newest failures, and where each failed record is stored. Its reason and payload are read when somebody looks.

use std::collections::BTreeMap;

use super::ring::Ring;
use crate::aws::clock::Moment;
use crate::aws::event::{Condition, Name};

/// The most failures that are kept.
const KEPT: usize = 2_000;
/// The most reasons that are counted separately. Any others are counted together.
const MAX_REASONS: usize = 50;
const OTHER_REASONS: &str = "other reasons";

/// The ways in which a record can leave a pipeline other than by its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// A function put the record into quarantine.
    Quarantined,
    /// A delivery stream wrote the record to its error prefix.
    Failed,
    /// An event source mapping gave the record's batch up.
    Discarded,
}

impl Exit {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Quarantined => "quarantined",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Quarantined, Self::Failed, Self::Discarded].into_iter().find(|exit| exit.as_str() == text)
    }
}

/// Something that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// One record, which is an object under a bucket's `quarantine/`.
    Quarantined { bucket: Name, key: String },
    /// Lines with one error code in an object under a delivery stream's error prefix.
    Failed { delivery: Name, key: String, records: u64, code: String, message: String },
    /// A batch, with the place where it is kept, or `None` if it is lost.
    Discarded {
        mapping: Name,
        stream: Name,
        shard: Name,
        records: u64,
        condition: Condition,
        kept: Option<String>,
    },
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Quarantined { .. } => Exit::Quarantined,
            Self::Failed { .. } => Exit::Failed,
            Self::Discarded { .. } => Exit::Discarded,
        }
    }
}

/// The failures of a run.
#[derive(Debug)]
pub(crate) struct Failures {
    pub(crate) newest: Ring<(Moment, Failure)>,
    /// The number of records by reason, for failures whose event names the reason. A quarantined record's does not.
    pub(crate) reasons: BTreeMap<(Exit, String), u64>,
}

impl Default for Failures {
    fn default() -> Self {
        Self { newest: Ring::new(KEPT), reasons: BTreeMap::new() }
    }
}

impl Failures {
    pub(super) fn take(&mut self, at_ms: Moment, failure: Failure) {
        let told = match &failure {
            Failure::Quarantined { .. } => None,
            Failure::Failed { code, records, .. } => Some((Exit::Failed, code.clone(), *records)),
            Failure::Discarded { condition, records, .. } => {
                Some((Exit::Discarded, condition.as_str().to_owned(), *records))
            }
        };
        if let Some((exit, reason, records)) = told {
            count(&mut self.reasons, (exit, reason), records);
        }
        self.newest.push((at_ms, failure));
    }
}

/// Adds to the count of a reason. The number of reasons is bounded.
pub(crate) fn count(reasons: &mut BTreeMap<(Exit, String), u64>, reason: (Exit, String), records: u64) {
    let is_known = reasons.contains_key(&reason) || reasons.len() < MAX_REASONS;
    let reason = if is_known { reason } else { (reason.0, OTHER_REASONS.to_owned()) };
    *reasons.entry(reason).or_default() += records;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_by_records_and_their_number_is_bounded() {
        let mut failures = Failures::default();
        for number in 0..100 {
            failures.take(
                0,
                Failure::Failed {
                    delivery: "D".into(),
                    key: "k".to_owned(),
                    records: 2,
                    code: number.to_string(),
                    message: String::new(),
                },
            );
        }
        assert_eq!(failures.reasons.values().sum::<u64>(), 200);
        assert_eq!(failures.reasons.len(), MAX_REASONS + 1);
        assert_eq!(failures.newest.kept(), 100);
    }
}
