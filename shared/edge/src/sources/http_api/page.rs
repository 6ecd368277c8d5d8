//! A page of an API, in the form in which a cursor remembers it.

use serde::{Deserialize, Serialize};

/// Where a page is, and what is needed to ask for the pages after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    /// Position of its first record.
    pub(super) first: u64,
    /// The token or URL to ask with; `None` for the first page of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
    /// The mark of the run. Only records after it are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<String>,
    /// The mark of the next run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) newest: Option<String>,
    /// Version of the first page. It is sent so that the server can say that nothing has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
}
