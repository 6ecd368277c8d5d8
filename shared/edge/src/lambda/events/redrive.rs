//! A batch that was given up, invoked again by a person: what the event says of it, and what the consumer answers.
//!
//! The event is that of the stream with a member `redrive` before its records. The answer is that of any batch, or asks to
//! look first which records are stored.

use serde::{Deserialize, Serialize};

/// The first member of the event of a redrive.
pub const REDRIVE: &str = "redrive";

/// What is said of a batch that is invoked again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The [`ToScan::redriven`] after which it was looked which records are stored: the event holds those alone that are
    /// not, of records up to [`ToScan::decided`], in one run without a gap. `None` where nobody looked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<u64>,
}

/// The answer of a consumer at the ledger level that can't know which of the records are stored: whoever redrives looks for
/// objects whose metadata cover them, and invokes with the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToScan {
    /// The bucket with the results.
    pub bucket: String,
    /// Name of the data set.
    pub data_set: String,
    /// `LEDGER_EPOCH`.
    pub epoch: String,
    /// Name of the stream.
    pub stream: String,
    /// The shard.
    pub shard_id: String,
    /// Every record of the shard up to this one is decided: which of them are stored changes by redrives alone.
    pub decided: String,
    /// Redriven objects of the shard so far.
    pub redriven: u64,
}

/// The answer to a redrive: what is to be looked for first, or what of the batch is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedriveAnswer {
    /// Whether the function knows what a redrive is. One that does not would skip what is decided, and call it a success.
    #[serde(default)]
    pub redriven: bool,
    /// It is to be looked first. Nothing was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redrive: Option<ToScan>,
    /// The first record that is not stored, as in the answer to a batch.
    #[serde(default, rename = "batchItemFailures", skip_serializing_if = "Option::is_none")]
    pub failures: Option<Vec<ItemFailure>>,
}

impl RedriveAnswer {
    /// Nothing was stored: it is to be looked first.
    pub fn to_scan(of: ToScan) -> Self {
        Self { redriven: true, redrive: Some(of), failures: None }
    }

    /// Everything before this record is stored, or everything.
    pub fn stored_before(first_failed: Option<&str>) -> Self {
        let failure = |number: &str| ItemFailure { sequence_number: number.to_owned() };
        let failures = first_failed.into_iter().map(failure).collect();
        Self { redriven: true, redrive: None, failures: Some(failures) }
    }
}

/// One record that is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFailure {
    /// Its sequence number.
    #[serde(rename = "itemIdentifier")]
    pub sequence_number: String,
}
