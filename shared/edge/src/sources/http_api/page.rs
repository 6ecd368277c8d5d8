//! A page of an API, as a cursor remembers it.

use serde::{Deserialize, Serialize};

/// Where a page is, and what is needed to ask for those after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    /// Position of its first record.
    pub(super) first: u64,
    /// The token or URL to ask with; none for the first page of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
    /// The mark of the run: only records after it are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<String>,
    /// The mark of the next run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) newest: Option<String>,
    /// Version of the first page, to be told when nothing has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
}
