//! Has a batch's texts ready before its lines are written, for an enricher that asks a service.

use std::sync::Arc;
use std::time::Duration;

use edge::lambda::events::KinesisRecord;
use record_model::{Limits, Schema};
use text::{Label, Language};
use tokio::time::Instant;

use super::line_writer::{LineWriter, Opened};
use super::lines::Lines;
use crate::enrich::{Enricher, NotReady, Prepared, Text};

/// What is kept back of the time to begin records in, for the lines of what is ready.
const LINES_MARGIN: Duration = Duration::from_millis(500);

/// Reads records for their texts alone, by writing lines nobody keeps: it meets the very texts the lines will. Those
/// of the few records that turn out to be poison or dropped are among them.
pub(crate) struct Preparer<E> {
    enricher: Arc<E>,
    reader: LineWriter<Reader>,
    until: Instant,
    prepared: Prepared,
}

impl<E: Enricher> Preparer<E> {
    /// `None` where the enricher needs none.
    pub(crate) fn new(schema: &Schema, enricher: &Arc<E>) -> Option<Self> {
        E::PREPARES.then(|| Self {
            enricher: Arc::clone(enricher),
            reader: LineWriter::new(schema.clone(), Arc::new(Reader), Limits::default()),
            until: Instant::now(),
            prepared: Prepared::default(),
        })
    }

    /// Prepares what a batch holds.
    pub(crate) async fn batch(&mut self, records: &[KinesisRecord<'_>], begin_until: Instant) {
        self.until = begin_until.checked_sub(LINES_MARGIN).unwrap_or(begin_until);
        self.reader.write(records, self.until.into_std(), &mut Lines::default());
        self.prepare().await;
    }

    /// Prepares what a message put together from chunks holds.
    pub(crate) async fn message(&mut self, message: Opened<'_>) {
        // Why it can't be opened is found out again, and told, by the writer of its lines.
        let _ = self.reader.open(message, &mut Vec::new());
        self.prepare().await;
    }

    /// What the batch took.
    pub(crate) fn finish(&mut self) -> Prepared {
        std::mem::take(&mut self.prepared)
    }

    async fn prepare(&mut self) {
        // Nothing it opened is kept.
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

/// Notes each text.
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
