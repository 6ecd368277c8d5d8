//! The port that turns a text into sentiment and keywords.

use std::error::Error;
use std::future::{Future, ready};

use text::Language;
use tokio::time::Instant;

use super::members::{Enriched, TextMembers};

/// Adds sentiment and keywords to records. docs/consumer.md shows a complete enricher.
///
/// The same text must give the same members each time, since a retried batch must not differ from its first
/// attempt. The other rules for an enricher are in `consumer::contract`, which the feature `contract-tests`
/// publishes.
pub trait Enricher: Send + Sync {
    /// Whether texts go through [`Enricher::prepare`] before they are enriched.
    const PREPARES: bool = false;

    /// The most bytes of a text that are handed over, from its beginning. The line of a longer text says how
    /// much was left out.
    const WINDOW_BYTES: usize = text::WINDOW_BYTES;

    /// The buffers of one thread.
    type Scratch: Send;

    /// Does the part of enriching `texts` that needs a network, and returns by `until`. The texts belong to
    /// one batch and are in order.
    fn prepare(&self, texts: Vec<Text>, until: Instant) -> impl Future<Output = Prepared> + Send {
        drop((texts, until));
        ready(Prepared::default())
    }

    /// Makes the buffers for a thread that is about to enrich.
    fn scratch(&self) -> Self::Scratch;

    /// Writes what a text says. If a text is not ready, its record and all records after it wait for the next
    /// attempt.
    fn enrich(
        &self,
        scratch: &mut Self::Scratch,
        text: &str,
        language: &Language<'_>,
        members: TextMembers<'_>,
    ) -> Result<Enriched, NotReady>;

    /// Returns the versions of the models, for output lines and object metadata, in ASCII without blanks.
    fn models(&self) -> &str;
}

/// A text to enrich.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The code of its language.
    pub language: String,
    /// Its first [`Enricher::WINDOW_BYTES`] bytes.
    pub text: String,
}

/// The result of [`Enricher::prepare`].
#[derive(Debug, Default)]
pub struct Prepared {
    /// How many units the service bills for it.
    pub billed_units: usize,
    /// Why some texts are not ready, if some are not.
    pub failure: Option<EnricherError>,
}

/// The text could not be prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotReady;

/// Why texts are not ready. This is never the fault of a record: Lambda delivers what is reported again.
#[derive(Debug, thiserror::Error)]
pub enum EnricherError {
    /// The next attempt may succeed.
    #[error("enricher is busy or out of reach")]
    Busy(#[source] Box<dyn Error + Send + Sync>),
    /// A person must put something right first.
    #[error("enricher can't be used")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}
