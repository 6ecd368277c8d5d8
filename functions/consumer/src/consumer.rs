//! The function: one event in, one answer out, generic over its ports.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use edge::ObjectStore;
use edge::events::{BatchAnswer, KinesisEvent, KinesisRecord};
use edge::runtime::{Invocation, InvocationError};
use record_model::Schema;
use tokio::time::Instant;

use crate::delivery::{Adopted, Attempt, DeliveryError, Ledger, write_latest};
use crate::enricher::Enricher;
use crate::lines::Lines;
use crate::output::{Contents, Packer};
use crate::position::Position;
use crate::report::Report;
use crate::settings::{ConsumerSettings, DeliveryLevel};
use crate::settle::settle;
use crate::workers::Workers;

/// What is kept back of the time for the answer itself.
const ANSWER_MARGIN: Duration = Duration::from_millis(200);

/// A consumer of one data set.
pub struct Consumer<S, E: Enricher> {
    store: S,
    enricher: Arc<E>,
    schema: Schema,
    settings: ConsumerSettings,
    /// Buffers, between two invocations.
    idle: Mutex<Option<Buffers<E>>>,
}

struct Buffers<E: Enricher> {
    workers: Workers<E>,
    packer: Packer,
}

/// One attempt at one batch.
struct Batch<'a> {
    records: &'a [KinesisRecord<'a>],
    attempt: Attempt,
    begin_until: Instant,
}

impl<S: ObjectStore, E: Enricher> Consumer<S, E> {
    /// A consumer that writes to `store`; no request is sent yet.
    pub fn new(store: S, enricher: E, schema: Schema, settings: ConsumerSettings) -> Self {
        Self { store, enricher: Arc::new(enricher), schema, settings, idle: Mutex::default() }
    }

    /// Answers one invocation: everything before the record it names, or all, is in S3.
    pub async fn handle(&self, invocation: Invocation) -> Result<Bytes, InvocationError> {
        let event =
            KinesisEvent::parse(&invocation.body).map_err(|error| InvocationError::new("bad_event", &error))?;
        let left = invocation.deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let now = Instant::now();
        let batch = Batch {
            records: &event.records,
            attempt: Attempt { request_id: invocation.request_id.clone(), started_at_ms: epoch_ms() },
            begin_until: now + left.saturating_sub(self.settings.deadline_margin),
        };
        let mut report = Report::default();
        let answer_by = now + left.saturating_sub(ANSWER_MARGIN);
        let consumed = tokio::time::timeout_at(answer_by, self.consume(&batch, &mut report)).await;
        let done = consumed.unwrap_or(Err(DeliveryError::Late)).unwrap_or_else(|error| {
            report.failed(&error);
            0
        });
        report.emit(self.schema.name(), &invocation, &event, done);
        let answer = match event.records.get(done) {
            None => BatchAnswer::success(),
            Some(first_failed) => BatchAnswer::failed_from(first_failed.sequence_number),
        };
        Ok(answer.into_json())
    }

    /// How many records of the batch, from its first on, are in S3 now.
    async fn consume(&self, batch: &Batch<'_>, report: &mut Report) -> Result<usize, DeliveryError> {
        let Some(first) = batch.records.first() else { return Ok(0) };
        let ledger = match &self.settings.delivery {
            DeliveryLevel::Batch => None,
            DeliveryLevel::Ledger { epoch } => {
                Some(Ledger::read(&self.store, first.stream, first.shard_id, epoch).await?)
            }
        };
        let is_done = |record: &&KinesisRecord<'_>| {
            ledger.as_ref().is_some_and(|ledger| ledger.covers(record.sequence_number))
        };
        let skipped = batch.records.iter().take_while(is_done).count();
        let records = batch.records.get(skipped..).unwrap_or_default();
        let mut buffers = self.take_buffers();
        let written = self.write(records, batch, ledger, &mut buffers, report).await;
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(buffers);
        report.skipped = skipped;
        match written {
            Ok(done) => Ok(skipped + done),
            Err(error) if skipped == 0 => Err(error),
            Err(error) => {
                report.failed(&error);
                Ok(skipped)
            }
        }
    }

    async fn write(
        &self,
        records: &[KinesisRecord<'_>],
        batch: &Batch<'_>,
        ledger: Option<Ledger>,
        buffers: &mut Buffers<E>,
        report: &mut Report,
    ) -> Result<usize, DeliveryError> {
        let mut lines = report.enriching(|| buffers.workers.write(records, batch.begin_until.into_std()));
        let started = Instant::now();
        if let Some(writer) = buffers.workers.first()
            && let Some(error) = settle(&self.store, self.schema.name(), records, writer, &mut lines).await
        {
            report.failed(&error.into());
        }
        report.count(&lines);
        let done = records.get(..lines.records.len()).unwrap_or_default();
        let written = self.write_object(done, &lines, &batch.attempt, ledger, &mut buffers.packer, report).await;
        report.storing += started.elapsed();
        written
    }

    /// Writes the object of `done`, and gives how many records are in S3 by it.
    async fn write_object(
        &self,
        done: &[KinesisRecord<'_>],
        lines: &Lines,
        attempt: &Attempt,
        ledger: Option<Ledger>,
        packer: &mut Packer,
        report: &mut Report,
    ) -> Result<usize, DeliveryError> {
        let (Some(first), Some(last)) = (done.first(), done.last()) else { return Ok(0) };
        let attributes = packer.attributes(&Contents {
            first_sequence_number: first.sequence_number,
            last_sequence_number: last.sequence_number,
            records: done.len(),
            lines: lines.count(),
            schema: self.schema.name(),
            models: self.enricher.models(),
        });
        let body = packer.pack(&lines.bytes, &attempt.mark())?;
        report.bytes_out = body.len();
        let mut key = Position::of(first).enriched_key(self.schema.name());
        let Some(ledger) = ledger else {
            key.push_str(packer.extension());
            write_latest(&self.store, &key, body, attributes, attempt).await?;
            return Ok(done.len());
        };
        key.push_str(&self.epoch_suffix());
        key.push_str(packer.extension());
        match ledger.write(&self.store, &key, body, &attributes).await? {
            Adopted::Ours => Ok(done.len()),
            Adopted::Anothers { last } => {
                let is_theirs = |record: &&KinesisRecord<'_>| {
                    record.sequence_number.parse().is_ok_and(|number: record_model::keys::SequenceNumber| number <= last)
                };
                Ok(done.iter().take_while(is_theirs).count())
            }
        }
    }

    /// A replay writes beside what it replays.
    fn epoch_suffix(&self) -> String {
        match &self.settings.delivery {
            DeliveryLevel::Ledger { epoch } if epoch != "0" => format!("-e{epoch}"),
            _ => String::new(),
        }
    }

    fn take_buffers(&self) -> Buffers<E> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        idle.unwrap_or_else(|| Buffers {
            workers: Workers::new(self.settings.workers, &self.schema, &self.enricher),
            packer: Packer::new(self.settings.compression),
        })
    }
}

fn epoch_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
