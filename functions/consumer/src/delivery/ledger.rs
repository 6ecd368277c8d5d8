//! The ledger object of one shard: what is decided, and where the next object goes.

use serde::{Deserialize, Serialize};

/// The content of the object `state/ledger/<stream>/<shard>/<epoch>`.
///
/// The same content never comes back, because `done` only grows, and so its `ETag` never comes back either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LedgerEntry {
    /// Every record up to this one is decided; `None` where the first object is still to come.
    pub(crate) done: Option<String>,
    /// Key of the object after those records. Whoever creates it decides what comes next.
    pub(crate) slot: String,
}

impl LedgerEntry {
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    pub(crate) fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }
}
