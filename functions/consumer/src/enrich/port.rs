//! What turns a text into sentiment and keywords, as a port.

use std::error::Error;
use std::future::{Future, ready};

use text::{Label, Language};
use tokio::time::Instant;

/// Adds sentiment and keywords to records.
///
/// The same text gives the same bytes each time: a retried batch must not differ from its first attempt.
pub trait Enricher: Send + Sync {
    /// Whether texts go through [`Enricher::prepare`] before they are enriched.
    const PREPARES: bool = false;

    /// Buffers of one thread.
    type Scratch: Send;

    /// Does the part of enriching `texts` that needs a network, and returns by `until`. The texts are those of a batch, in
    /// order.
    fn prepare(&self, texts: Vec<Text>, until: Instant) -> impl Future<Output = Prepared> + Send {
        drop((texts, until));
        ready(Prepared::default())
    }

    /// Makes the buffers for a thread that is about to enrich.
    fn scratch(&self) -> Self::Scratch;

    /// Appends the members `"sentiment":…,"keywords":…` of a line and returns the label for the invocation's counts.
    /// A text that can't be enriched gets `null` and `[]`. If a text is not ready, its record and all records after it
    /// wait for the next attempt.
    fn enrich(
        &self,
        scratch: &mut Self::Scratch,
        text: &str,
        language: &Language<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Label>, NotReady>;

    /// Versions of the models behind it, for output lines and object metadata.
    fn models(&self) -> &str;
}

/// A text to enrich.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Code of its language.
    pub language: String,
    /// All of it.
    pub text: String,
}

/// What came of [`Enricher::prepare`].
#[derive(Debug, Default)]
pub struct Prepared {
    /// Units the service bills for it.
    pub billed_units: usize,
    /// Why some texts are not ready, if some are not.
    pub failure: Option<EnricherError>,
}

/// A text could not be prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotReady;

/// Why texts are not ready. This is never the fault of a record: Lambda delivers what is reported again.
#[derive(Debug, thiserror::Error)]
pub enum EnricherError {
    /// The next attempt may succeed.
    #[error("enricher is busy or out of reach")]
    Busy(#[source] Box<dyn Error + Send + Sync>),
    /// A person has to put something right first.
    #[error("enricher can't be used")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

/// The members of a line whose text is absent or in a language that is not scored.
pub(crate) const NOT_ENRICHED: &[u8] = br#""sentiment":null,"keywords":[]"#;
