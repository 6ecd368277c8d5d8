//! Prepares the texts of a batch before its lines are written, for an enricher that asks a service.

use std::sync::Arc;
use std::time::Duration;

use edge::lambda::events::KinesisRecord;
use record_model::{Limits, Schema};
use text::{Label, Language};
use tokio::time::Instant;

use super::line_writer::{LineWriter, Opened};
use super::lines::Lines;
use crate::enrich::{Enricher, NotReady, Prepared, Text};

/// Time reserved for writing the lines of the texts that were answered.
const LINES_MARGIN: Duration = Duration::from_millis(500);

/// Runs the line writer dry: its output is discarded, and the texts that it asks for are collected. They are the very
/// texts that the lines will have, and those of the few records that turn out to be poison or are dropped.
pub(crate) struct Preparer<E> {
    enricher: Arc<E>,
    reader: LineWriter<Reader>,
    until: Instant,
    prepared: Prepared,
}

impl<E: Enricher> Preparer<E> {
    /// `None` where the enricher needs no preparation.
    pub(crate) fn new(schema: &Schema, enricher: &Arc<E>) -> Option<Self> {
        E::PREPARES.then(|| Self {
            enricher: Arc::clone(enricher),
            reader: LineWriter::new(schema.clone(), Arc::new(Reader), Limits::default()),
            until: Instant::now(),
            prepared: Prepared::default(),
        })
    }

    /// Prepares the texts of a batch.
    pub(crate) async fn batch(&mut self, records: &[KinesisRecord<'_>], begin_until: Instant) {
        self.until = begin_until.checked_sub(LINES_MARGIN).unwrap_or(begin_until);
        self.reader.write(records, self.until.into_std(), &mut Lines::default());
        self.prepare().await;
    }

    /// Prepares the texts of a message that was put together from chunks.
    pub(crate) async fn message(&mut self, message: Opened<'_>) {
        // If it can't be opened, the writer of its lines finds that out again and says why.
        let _ = self.reader.open(message, &mut Vec::new());
        self.prepare().await;
    }

    /// What preparing the batch cost, and what failed.
    pub(crate) fn finish(&mut self) -> Prepared {
        std::mem::take(&mut self.prepared)
    }

    async fn prepare(&mut self) {
        // Nothing that was opened here is kept, so its bytes don't count against the batch's budget.
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

/// Collects each text.
struct Reader;

impl Enricher for Reader {
    type Scratch = Vec<Text>;

    fn scratch(&self) -> Vec<Text> {
        Vec::new()
    }

    fn enrich(
        &self,
        texts: &mut Vec<Text>,
        text: &str,
        language: &Language<'_>,
        _: &mut Vec<u8>,
    ) -> Result<Option<Label>, NotReady> {
        texts.push(Text { language: language.code().to_owned(), text: text.to_owned() });
        Ok(None)
    }

    fn models(&self) -> &'static str {
        ""
    }
}
