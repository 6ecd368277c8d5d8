//! What happened to all entries of one run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Entry, Refusal};
use crate::BoxError;

/// The report of one run. Every entry that was pushed is counted in `accepted` or kept in `unsent`.
#[derive(Debug, Default)]
pub struct PutReport {
    /// How many entries the stream acknowledged.
    pub accepted: u64,
    /// How many user records are inside them.
    pub accepted_records: u64,
    /// How many refused entries were sent again; each attempt counts.
    pub retried: u64,
    /// Requests sent.
    pub calls: u64,
    /// Requests that failed as a whole.
    pub failed_calls: u64,
    /// How many entries were acknowledged, by shard id.
    pub per_shard: BTreeMap<String, u64>,
    /// How many user records of aggregates a reshard put on a shard other than that of their key.
    pub misplaced_records: u64,
    /// The entries that the stream did not acknowledge, in the order in which they were pushed.
    pub unsent: Vec<Unsent>,
    /// Why the run ended early, if it did.
    pub stopped: Option<StopReason>,
}

impl PutReport {
    /// Returns the fullest shard's share, relative to an even share among `shards` open shards: 1.0 is even.
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
    /// The entry was refused for longer than one entry is tried.
    Refused(Refusal),
    /// The calls that contained it failed for longer than one entry is tried.
    Unavailable,
    /// The stream finds the entry invalid, even alone in a request.
    Invalid,
    /// The run ended first. The entry may be stored all the same, if its request was under way.
    Stopped,
}

impl UnsentReason {
    /// Returns a short stable word, for metrics and quarantine.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.as_str(),
            Self::Unavailable => "unavailable",
            Self::Invalid => "invalid",
            Self::Stopped => "stopped",
        }
    }

    /// Whether a person must decide if it is tried again; if not, the next run tries it.
    pub fn is_given_up(self) -> bool {
        !matches!(self, Self::Stopped)
    }
}

/// Why a run ended before everything was sent.
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
    /// Returns a short stable word, for answers and logs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Fatal(_) => "stream",
            Self::TooManyGivenUp => "too many given up",
        }
    }
}
