//! Prepares the texts of a batch before its lines are written, for an enricher that asks a service.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use edge::lambda::events::KinesisRecord;
use record_model::Schema;
use text::Language;
use tokio::time::Instant;

use super::budget::Budget;
use super::line_writer::{LineWriter, Opened};
use super::lines::Lines;
use crate::deadline::Begin;
use crate::enrich::{Enriched, Enricher, NotReady, Prepared, Text, TextMembers};

/// Time reserved for writing the lines of the texts that were answered.
const LINES_MARGIN: Duration = Duration::from_millis(500);

/// Runs the line writer without keeping its output, to collect the texts that it asks for. These are the
/// texts that the lines will contain, and those of the few records that turn out to be poison or are dropped.
pub(crate) struct Preparer<E: Enricher> {
    enricher: Arc<E>,
    reader: LineWriter<Reader<E>>,
    until: Instant,
    prepared: Prepared,
}

impl<E: Enricher> Preparer<E> {
    /// Makes a preparer; `None` if the enricher needs no preparation.
    pub(crate) fn new(schema: &Schema, enricher: &Arc<E>, budget: Budget) -> Option<Self> {
        E::PREPARES.then(|| Self {
            enricher: Arc::clone(enricher),
            reader: LineWriter::new(schema.clone(), Arc::new(Reader(PhantomData)), budget),
            until: Instant::now(),
            prepared: Prepared::default(),
        })
    }

    /// Prepares the texts of a batch.
    pub(crate) async fn batch(&mut self, records: &[KinesisRecord<'_>], begin: &Begin) {
        self.until = begin.until.checked_sub(LINES_MARGIN).unwrap_or(begin.until);
        self.reader.write(records, &Begin { until: self.until, ..*begin }, &mut Lines::default());
        self.prepare().await;
    }

    /// Prepares the texts of a message that was put together from chunks.
    pub(crate) async fn message(&mut self, message: Opened<'_>) {
        // If it can't be opened, the writer of its lines finds that out later and says why.
        let _ = self.reader.open(message, &mut Vec::new());
        self.prepare().await;
    }

    /// What preparing the batch cost, and what failed.
    pub(crate) fn finish(&mut self) -> Prepared {
        std::mem::take(&mut self.prepared)
    }

    async fn prepare(&mut self) {
        // Nothing that was decoded here is kept, so its bytes don't count against the batch's budget.
        self.reader.start_batch();
        let texts = std::mem::take(self.reader.scratch());
        if texts.is_empty() {
            return;
        }
        let prepared = self.enricher.prepare(texts, self.until).await;
        self.prepared.billed_units += prepared.billed_units;
        self.prepared.failure = self.prepared.failure.take().or(prepared.failure);
    }
}

/// Collects each text, cut to what the enricher is handed.
struct Reader<E>(PhantomData<E>);

impl<E: Enricher> Enricher for Reader<E> {
    type Scratch = Vec<Text>;

    const WINDOW_BYTES: usize = E::WINDOW_BYTES;

    fn scratch(&self) -> Vec<Text> {
        Vec::new()
    }

    fn enrich(
        &self,
        texts: &mut Vec<Text>,
        text: &str,
        language: &Language<'_>,
        members: TextMembers<'_>,
    ) -> Result<Enriched, NotReady> {
        texts.push(Text { language: language.code().to_owned(), text: text.to_owned() });
        Ok(members.unscored())
    }

    fn models(&self) -> &'static str {
        ""
    }
}
