//! How a batch's lines get into S3: the two levels, and what can go wrong.

mod batch_level;
mod chain;
mod ledger;
mod ledger_level;
mod output;
mod redriven;

use edge::store::{Attributes, StoreError};
use record_model::layout::EnrichedKey;

use crate::enrich::EnricherError;

pub(crate) use batch_level::write_latest;
pub(crate) use ledger_level::{Adopted, Ledger, count_up_to};
pub use output::Compression;
pub(crate) use output::{Contents, ObjectPacker, emptied};
pub(crate) use redriven::Redriven;

/// Metadata of an output object by which later attempts decide.
const ATTEMPT: &str = "attempt";
const STARTED_AT_MS: &str = "attempt-started-at-ms";
const LAST_SEQUENCE_NUMBER: &str = EnrichedKey::LAST_SEQUENCE_NUMBER;

/// How often one conditional write is tried before the attempt leaves the object to another writer.
const MAX_TRIES: usize = 8;

/// One call of the function by Lambda, as its objects record it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) request_id: String,
    /// Milliseconds since 1970 UTC. Of two attempts with the same start, the later one counts.
    pub(crate) started_at_ms: i64,
}

/// Why the batch is not in S3 yet. This is never the fault of a record: Lambda delivers what is reported again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    #[error("output could not be stored")]
    Store(#[from] StoreError),
    #[error("a later attempt, {later:?}, has written this batch already")]
    Superseded { later: String },
    #[error("another writer changed {key:?} during each of {MAX_TRIES} tries")]
    Contended { key: String },
    #[error("ledger {key:?} can't be read")]
    BadLedger { key: String, source: serde_json::Error },
    #[error("object {key:?} does not say which record is its last")]
    NoLastRecord { key: String },
    #[error("the data to be stored has no JSON form")]
    Form(#[from] serde_json::Error),
    #[error("output could not be compressed")]
    Compress(#[from] record_model::compress::CompressError),
    #[error("texts could not be enriched")]
    Enricher(#[from] EnricherError),
    #[error("output was not stored before the deadline")]
    Late,
}

impl DeliveryError {
    /// Whether the next attempt may succeed without any change by a person.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Superseded { .. }
            | Self::Contended { .. }
            | Self::Late
            | Self::Enricher(EnricherError::Busy(_)) => true,
            Self::Enricher(EnricherError::Refused(_))
            | Self::BadLedger { .. }
            | Self::NoLastRecord { .. }
            | Self::Form(_)
            | Self::Compress(_) => false,
        }
    }
}

impl Attempt {
    /// Returns a text that differs for any two attempts, so that their bytes and their tags differ. The
    /// request id alone would not suffice, because an asynchronous invocation is retried under the same one.
    pub(crate) fn mark(&self) -> String {
        format!("{}-{}", self.request_id, self.started_at_ms)
    }

    /// Writes this attempt into an object's metadata.
    pub(crate) fn sign(&self, attributes: &mut Attributes) {
        attributes.metadata.insert(ATTEMPT.to_owned(), self.mark());
        attributes.metadata.insert(STARTED_AT_MS.to_owned(), self.started_at_ms.to_string());
    }

    /// The attempt that wrote an object, if that attempt began after this one or at the same moment.
    fn is_superseded_by(&self, attributes: &Attributes) -> Option<String> {
        let writer = attributes.metadata.get(ATTEMPT)?;
        let started_at_ms: i64 = attributes.metadata.get(STARTED_AT_MS)?.parse().ok()?;
        (started_at_ms >= self.started_at_ms && *writer != self.mark()).then(|| writer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(request_id: &str, started_at_ms: i64) -> Attempt {
        Attempt { request_id: request_id.to_owned(), started_at_ms }
    }

    #[test]
    fn an_attempt_gives_way_to_later_ones_only() {
        let mut object = Attributes::default();
        attempt("first", 10).sign(&mut object);
        assert_eq!(attempt("second", 11).is_superseded_by(&object), None);
        assert_eq!(attempt("first", 10).is_superseded_by(&object), None);
        assert_eq!(attempt("older", 9).is_superseded_by(&object).as_deref(), Some("first-10"));
        assert_eq!(attempt("as old", 10).is_superseded_by(&object).as_deref(), Some("first-10"));
    }
}
