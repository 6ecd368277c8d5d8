//! What became of all entries of one run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Entry, Refusal};
use crate::BoxError;

/// The account of one run: every entry pushed is counted in `accepted` or kept in `unsent`.
#[derive(Debug, Default)]
pub struct PutReport {
    /// Entries the stream acknowledged.
    pub accepted: u64,
    /// User records inside them.
    pub accepted_records: u64,
    /// Entries refused and tried again, each time counted.
    pub retried: u64,
    /// Requests sent.
    pub calls: u64,
    /// Requests that failed as a whole.
    pub failed_calls: u64,
    /// Entries acknowledged, by shard id.
    pub per_shard: BTreeMap<String, u64>,
    /// User records of aggregates that a reshard put beside the shard of their key.
    pub misplaced_records: u64,
    /// Entries the stream did not acknowledge, in the order they were pushed.
    pub unsent: Vec<Unsent>,
    /// Why the run ended early, if it did.
    pub stopped: Option<StopReason>,
}

impl PutReport {
    /// The fullest shard's share against an even one, of `shards` open ones: 1.0 is even.
    #[allow(clippy::cast_precision_loss, reason = "a ratio to be read by people")]
    pub fn skew(&self, shards: usize) -> f64 {
        let fullest = self.per_shard.values().max().copied().unwrap_or(0);
        if self.accepted == 0 {
            return 1.0;
        }
        fullest as f64 * shards.max(self.per_shard.len()) as f64 / self.accepted as f64
    }
}

/// An entry that was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// The entry.
    pub entry: Entry,
    /// Why not.
    pub reason: UnsentReason,
    /// How long it was tried.
    pub tried_for: Duration,
}

/// Why an entry was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsentReason {
    /// Refused for longer than the patience for one entry.
    Refused(Refusal),
    /// The calls it was in failed for longer than the patience for one entry.
    Unavailable,
    /// The stream finds it invalid, alone in a request.
    Invalid,
    /// The run ended first. It may be stored all the same, if its request was on the way.
    Stopped,
}

impl UnsentReason {
    /// A short stable word, for metrics and quarantine.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.as_str(),
            Self::Unavailable => "unavailable",
            Self::Invalid => "invalid",
            Self::Stopped => "stopped",
        }
    }

    /// Whether trying again is for a person to decide; if not, the next run does it.
    pub fn is_given_up(self) -> bool {
        !matches!(self, Self::Stopped)
    }
}

/// Why a run ended before all was sent.
#[derive(Debug)]
pub enum StopReason {
    /// Its time is over.
    Deadline,
    /// The stream can't be written to.
    Fatal(BoxError),
    /// More entries were given up than are kept.
    TooManyGivenUp,
}

impl StopReason {
    /// A short stable word, for answers and logs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Fatal(_) => "stream",
            Self::TooManyGivenUp => "too many given up",
        }
    }
}
