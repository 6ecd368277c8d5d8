//! What turns a text into sentiment and keywords, as a port.

use std::error::Error;
use std::future::{Future, ready};

use text::Language;
use tokio::time::Instant;

use super::members::{Enriched, TextMembers};

/// Adds sentiment and keywords to records. docs/consumer.md has a whole enricher of one's own.
///
/// The same text gives the same members each time: a retried batch must not differ from its first attempt. What an
/// enricher has to keep besides is in `consumer::contract`, which the feature `contract-tests` publishes.
pub trait Enricher: Send + Sync {
    /// Whether texts go through [`Enricher::prepare`] before they are enriched.
    const PREPARES: bool = false;

    /// The most of a text, in bytes, that is handed over: its first characters. The line says how much of a longer text
    /// that leaves out.
    const WINDOW_BYTES: usize = text::WINDOW_BYTES;

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

    /// Writes what a text says. If a text is not ready, its record and all records after it wait for the next attempt.
    fn enrich(
        &self,
        scratch: &mut Self::Scratch,
        text: &str,
        language: &Language<'_>,
        members: TextMembers<'_>,
    ) -> Result<Enriched, NotReady>;

    /// Versions of the models behind it, for output lines and object metadata: ASCII without blanks.
    fn models(&self) -> &str;
}

/// A text to enrich.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Code of its language.
    pub language: String,
    /// Its first [`Enricher::WINDOW_BYTES`].
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
