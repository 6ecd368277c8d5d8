//! What a run did, and whether every record is accounted for.

use std::path::PathBuf;

use serde::Serialize;

use crate::pipeline::timeline::Timeline;

/// The result of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// One entry for each data set that had records, by name.
    pub data_sets: Vec<DataSetReport>,
    /// From the first source's start until everything was delivered.
    pub seconds: f64,
    /// Records put on all streams over `seconds`.
    pub records_per_s: f64,
    /// What was put and not found in what was written; the first [`MAX_NAMED`] are named.
    pub missing: Vec<String>,
    /// What was found more often than once; the first [`MAX_NAMED`] are named.
    pub doubled: Vec<String>,
    /// How many records are missing.
    pub missing_records: u64,
    /// How many records are there more often than once.
    pub doubled_records: u64,
    /// What was lost, refused as a whole, or not delivered, and why; one line each.
    pub problems: Vec<String>,
    /// What a person should know and what is no problem, one line each.
    pub notes: Vec<String>,
    /// When the run began, in milliseconds since 1970.
    #[serde(skip)]
    pub began_at_ms: i64,
    /// When records passed each stage.
    #[serde(skip)]
    pub timeline: Timeline,
}

/// Most missing or doubled records that are named.
pub const MAX_NAMED: usize = 10;

/// One data set's records through a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DataSetReport {
    /// Such as `crime`.
    pub name: String,
    /// Records its producers read.
    pub read: u64,
    /// Records its producers put.
    pub put: u64,
    /// User records found on its stream, whoever put them.
    pub on_stream: u64,
    /// Lines its consumers wrote.
    pub enriched: u64,
    /// Records its delivery streams wrote after a transform.
    pub typed: u64,
    /// Records its delivery streams wrote as they came.
    pub raw: u64,
    /// Records that an index of OpenSearch took from its delivery streams.
    pub indexed: u64,
    /// Records its transforms dropped.
    pub dropped: u64,
    /// Records its delivery streams wrote to their error prefix.
    pub failed: u64,
    /// Records its producers and consumers sent to quarantine.
    pub quarantined: u64,
    /// Records that ran out of retries, kept in the on-failure destination.
    pub given_up: u64,
    /// Objects written.
    pub objects: u64,
    /// The folders with the data set's objects that are there now.
    pub folders: Vec<PathBuf>,
}

impl Report {
    /// Whether every record that was put was found, once, and every source was read to its end.
    pub fn is_complete(&self) -> bool {
        self.missing_records == 0 && self.doubled_records == 0 && self.problems.is_empty()
    }
}
