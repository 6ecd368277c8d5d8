//! One attempt at one batch: from its records to the object in S3.

use std::time::Instant;

use edge::lambda::events::{KinesisEvent, KinesisRecord};
use edge::store::ObjectStore;
use record_model::layout::{EnrichedKey, LedgerKey};

use super::consumer::Consumer;
use super::report::{Report, Stored};
use super::settings::DeliveryLevel;
use crate::deadline::{Begin, Deadlines};
use crate::delivery::{
    Adopted, Attempt, Contents, DeliveryError, Ledger, ObjectPacker, Redriven, count_up_to, write_latest,
};
use crate::enrich::Enricher;
use crate::read::{Lines, Preparer, Workers};
use crate::settle::{Settling, Verdicts};
use crate::window::WindowState;

/// What is reused from one batch to the next.
pub(super) struct Buffers<E: Enricher> {
    pub(super) preparer: Option<Preparer<E>>,
    pub(super) workers: Workers<E>,
    pub(super) packer: ObjectPacker,
}

/// One attempt at one batch.
pub(super) struct Batch<'a> {
    pub(super) records: &'a [KinesisRecord<'a>],
    pub(super) attempt: Attempt,
    time: Deadlines,
    pub(super) window: Option<WindowState>,
    pub(super) report: Report,
    /// Whether verdicts of earlier attempts may differ from those of this one.
    pub(super) is_redriven: bool,
}

/// By what an attempt stores its records.
pub(super) enum Level {
    /// An object for each start, which a later attempt replaces.
    Batch,
    /// The next slot of the shard's ledger.
    Ledger(Ledger),
    /// The next slot of the shard's redrives.
    Redriven(Redriven),
}

impl Level {
    /// How many of these records, from the first on, are in S3 already.
    fn covered(&self, records: &[KinesisRecord<'_>]) -> usize {
        if let Self::Ledger(ledger) = self { ledger.covered(records) } else { 0 }
    }
}

/// Lines on their way to an object.
struct Output<'a> {
    records: &'a [KinesisRecord<'a>],
    lines: &'a Lines,
    /// The first record that is not in S3 yet.
    from: usize,
    /// Whether they were given up once, so that another attempt's object may pass over them.
    is_redriven: bool,
}

impl<'a> Batch<'a> {
    pub(super) fn new(event: &'a KinesisEvent<'a>, attempt: Attempt, time: Deadlines) -> Self {
        let window = event.window.as_ref().map(WindowState::read);
        let report = Report::default();
        Self { records: &event.records, attempt, time, window, report, is_redriven: false }
    }
}

impl<S: ObjectStore, E: Enricher> Consumer<S, E> {
    /// By what a batch of the stream is stored: the ledger of its shard, where there is one.
    pub(super) async fn level(&self, first: &KinesisRecord<'_>) -> Result<Level, DeliveryError> {
        match &self.settings.delivery {
            DeliveryLevel::Batch => Ok(Level::Batch),
            DeliveryLevel::Ledger { epoch } => {
                Ledger::read(&self.store, first.stream, first.shard_id, epoch).await.map(Level::Ledger)
            }
        }
    }

    /// How many records of the batch, from its first on, are in S3 now.
    pub(super) async fn write(
        &self,
        batch: &mut Batch<'_>,
        level: Level,
        buffers: &mut Buffers<E>,
    ) -> Result<usize, DeliveryError> {
        let in_s3 = level.covered(batch.records);
        // A window also counts what is in S3 already, because its own state says what it has counted.
        let skipped = if batch.window.is_some() { 0 } else { in_s3 };
        let todo = batch.records.get(skipped..).unwrap_or_default();
        let mut lines = read(todo, batch, buffers).await;
        let started = Instant::now();
        self.settle(todo, &mut lines, batch, buffers).await;
        if batch.is_redriven {
            let verdicts = Verdicts::of(&self.store, self.schema.name(), todo).await?;
            verdicts.leave_out(todo, &mut lines);
        }
        batch.report.count(&lines, in_s3);
        let is_redriven = batch.is_redriven;
        let output = Output { records: todo, lines: &lines, from: in_s3 - skipped, is_redriven };
        let written = self.write_object(&output, &batch.attempt, level, &mut buffers.packer).await;
        batch.report.stored(started.elapsed(), written.as_ref().ok());
        let done = match written {
            Ok(written) => written.done,
            Err(error) if in_s3 == 0 => return Err(error),
            Err(error) => {
                batch.report.failed(&error);
                output.from.min(lines.records.len())
            }
        };
        if let Some(window) = &mut batch.window {
            window.count(todo.get(..done).unwrap_or_default(), &lines);
        }
        buffers.workers.reuse(lines);
        Ok(skipped + done)
    }

    async fn settle(
        &self,
        records: &[KinesisRecord<'_>],
        lines: &mut Lines,
        batch: &mut Batch<'_>,
        buffers: &mut Buffers<E>,
    ) {
        let (store, data_set, until) = (&self.store, self.schema.name(), batch.time.settle_until);
        let (workers, preparer) = (&mut buffers.workers, buffers.preparer.as_mut());
        let settling = Settling { store, data_set, records, workers, preparer, until };
        if let Some(error) = settling.settle(lines).await {
            batch.report.failed(&error);
        }
        if let Some(preparer) = &mut buffers.preparer {
            batch.report.prepared(preparer.finish());
        }
    }

    /// Writes the object of what is not in S3 yet.
    async fn write_object(
        &self,
        output: &Output<'_>,
        attempt: &Attempt,
        level: Level,
        packer: &mut ObjectPacker,
    ) -> Result<Stored, DeliveryError> {
        let ready = output.lines.records.len();
        let records = output.records.get(output.from..ready).unwrap_or_default();
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok(Stored { done: ready, bytes: 0 });
        };
        let attributes = packer.attributes(&Contents {
            first_sequence_number: first.sequence_number,
            last_sequence_number: last.sequence_number,
            records: records.len(),
            lines: output.lines.count_from(output.from),
            schema: self.schema.name(),
            models: self.enricher.models(),
        });
        let body = packer.pack(output.lines.tail(output.from), &attempt.mark())?;
        let bytes = body.len();
        let (position, extension) = (first.position(), packer.extension());
        let key =
            |epoch: Option<&str>| EnrichedKey::new(self.schema.name(), &position, epoch, extension).key();
        match level {
            Level::Batch => write_latest(&self.store, &key(None), body, attributes, attempt).await?,
            Level::Ledger(ledger) => {
                match ledger.write(&self.store, &key(self.epoch_in_keys()), body, &attributes).await? {
                    Adopted::Ours => {}
                    Adopted::Anothers { last } => {
                        let theirs = if output.is_redriven { 0 } else { count_up_to(records, &last) };
                        return Ok(Stored { done: output.from + theirs, bytes: 0 });
                    }
                }
            }
            Level::Redriven(redriven) => {
                let epoch = self.epoch();
                let own_key = |number| key(Some(&LedgerKey::redriven_object_epoch(epoch, number)));
                redriven.write(&self.store, own_key, body, &attributes).await?;
            }
        }
        Ok(Stored { done: ready, bytes })
    }

    fn epoch(&self) -> &str {
        match &self.settings.delivery {
            DeliveryLevel::Ledger { epoch } => epoch,
            DeliveryLevel::Batch => LedgerKey::FIRST_EPOCH,
        }
    }

    /// The epoch in the names of objects, so that a replay writes beside what it replays.
    fn epoch_in_keys(&self) -> Option<&str> {
        Some(self.epoch()).filter(|epoch| *epoch != LedgerKey::FIRST_EPOCH)
    }
}

/// Makes the lines of `records`, after their texts are prepared.
async fn read<E: Enricher>(
    records: &[KinesisRecord<'_>],
    batch: &mut Batch<'_>,
    buffers: &mut Buffers<E>,
) -> Lines {
    let started = Instant::now();
    let begin = Begin { until: batch.time.begin_until, pace: buffers.packer.pace() };
    if let Some(preparer) = &mut buffers.preparer {
        preparer.batch(records, &begin).await;
    }
    let lines = buffers.workers.write(records, &begin);
    batch.report.enriched(started.elapsed());
    lines
}
