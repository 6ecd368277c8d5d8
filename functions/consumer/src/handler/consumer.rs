//! The function: one event in, one answer out, generic over its ports.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use edge::lambda::events::{BatchAnswer, KinesisEvent, KinesisRecord, TumblingWindow};
use edge::lambda::{Invocation, InvocationError};
use edge::metrics::Metrics;
use edge::store::{Attributes, ObjectStore};
use record_model::Schema;
use tokio::time::Instant;

use super::report::{Report, Stored};
use super::settings::{ConsumerSettings, DeliveryLevel};
use crate::delivery::{
    Adopted, Attempt, Contents, DeliveryError, Ledger, Packer, Position, count_up_to, write_latest,
};
use crate::enrich::Enricher;
use crate::read::{Lines, Preparer, Workers};
use crate::settle::{Age, SweepRequest, Time, settle};
use crate::window::WindowState;

/// What is kept back of the time for the answer itself.
const ANSWER_MARGIN: Duration = Duration::from_millis(200);

/// A consumer of one data set.
pub struct Consumer<S, E: Enricher> {
    store: S,
    enricher: Arc<E>,
    schema: Schema,
    settings: ConsumerSettings,
    now_ms: fn() -> i64,
    /// Buffers, between two invocations.
    idle: Mutex<Option<Buffers<E>>>,
}

struct Buffers<E: Enricher> {
    preparer: Option<Preparer<E>>,
    workers: Workers<E>,
    packer: Packer,
}

/// One attempt at one batch.
struct Batch<'a> {
    records: &'a [KinesisRecord<'a>],
    attempt: Attempt,
    begin_until: Instant,
    window: Option<WindowState>,
    report: Report,
}

/// Lines on their way into an object.
struct Output<'a> {
    records: &'a [KinesisRecord<'a>],
    lines: &'a Lines,
    /// The first record that is not in S3 yet.
    from: usize,
}

impl<S: ObjectStore, E: Enricher> Consumer<S, E> {
    /// A consumer that writes to `store`; no request is sent yet.
    pub fn new(store: S, enricher: E, schema: Schema, settings: ConsumerSettings) -> Self {
        let (enricher, idle) = (Arc::new(enricher), Mutex::default());
        Self { store, enricher, schema, settings, now_ms: epoch_ms, idle }
    }

    /// Takes the time of an attempt's beginning, milliseconds since 1970 UTC, from `now_ms`.
    #[must_use]
    pub fn with_clock(self, now_ms: fn() -> i64) -> Self {
        Self { now_ms, ..self }
    }

    /// Answers one invocation and prints its metrics.
    pub async fn handle(&self, invocation: Invocation) -> Result<Bytes, InvocationError> {
        let (answer, metrics) = self.answer(&invocation).await?;
        if let Some(metrics) = metrics {
            metrics.emit();
        }
        Ok(answer)
    }

    /// The answer to one event: everything before the record it names, or all, is in S3.
    pub async fn answer(&self, invocation: &Invocation) -> Result<(Bytes, Option<Metrics>), InvocationError> {
        let event = match KinesisEvent::parse(&invocation.body) {
            Ok(event) => event,
            Err(error) => {
                let request = SweepRequest::parse(&invocation.body);
                let request = request.ok_or_else(|| InvocationError::new("bad_event", &error))?;
                return self.sweep(&request, invocation).await.map(|answer| (answer, None));
            }
        };
        let left = time_left(invocation);
        let now = Instant::now();
        let mut batch = Batch {
            records: &event.records,
            attempt: Attempt { request_id: invocation.request_id.clone(), started_at_ms: (self.now_ms)() },
            begin_until: now + left.saturating_sub(self.settings.deadline_margin),
            window: event.window.as_ref().map(WindowState::read),
            report: Report::default(),
        };
        let answer_by = now + left.saturating_sub(ANSWER_MARGIN);
        let consumed = tokio::time::timeout_at(answer_by, self.consume(&mut batch)).await;
        let mut done = consumed.unwrap_or(Err(DeliveryError::Late)).unwrap_or_else(|error| {
            batch.report.failed(&error);
            0
        });
        if let (Some(window), true) = (&event.window, done == event.records.len())
            && let Err(error) = self.end_window(window, &batch).await
        {
            batch.report.failed(&error);
            if event.records.is_empty() {
                return Err(InvocationError::new("window", &error));
            }
            done = 0;
        }
        let metrics = batch.report.metrics(self.schema.name(), invocation, &event, done);
        Ok((answer(&event, done, batch.window.as_ref()), Some(metrics)))
    }

    /// How many records of the batch, from its first on, are in S3 now.
    async fn consume(&self, batch: &mut Batch<'_>) -> Result<usize, DeliveryError> {
        let Some(first) = batch.records.first() else { return Ok(0) };
        let ledger = match &self.settings.delivery {
            DeliveryLevel::Batch => None,
            DeliveryLevel::Ledger { epoch } => {
                Some(Ledger::read(&self.store, first.stream, first.shard_id, epoch).await?)
            }
        };
        let mut buffers = self.take_buffers();
        let done = self.write(batch, ledger, &mut buffers).await;
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(buffers);
        done
    }

    async fn write(
        &self,
        batch: &mut Batch<'_>,
        ledger: Option<Ledger>,
        buffers: &mut Buffers<E>,
    ) -> Result<usize, DeliveryError> {
        let (records, begin_until) = (batch.records, batch.begin_until.into_std());
        let in_s3 = ledger.as_ref().map_or(0, |ledger| ledger.covered(records));
        // A window counts what is in S3 already too: its own state says what it has counted.
        let skipped = if batch.window.is_some() { 0 } else { in_s3 };
        let todo = records.get(skipped..).unwrap_or_default();
        let mut preparer = buffers.preparer.as_mut();
        let started = Instant::now();
        if let Some(preparer) = &mut preparer {
            preparer.batch(todo, batch.begin_until).await;
        }
        let preparing = started.elapsed();
        let mut lines = batch.report.enriching(|| buffers.workers.write(todo, begin_until));
        let started = Instant::now();
        if let Some(writer) = buffers.workers.first()
            && let Some(error) =
                settle(&self.store, self.schema.name(), todo, writer, preparer.as_deref_mut(), &mut lines)
                    .await
        {
            batch.report.failed(&error.into());
        }
        if let Some(preparer) = preparer {
            batch.report.prepared(preparer.finish(), preparing);
        }
        let output = Output { records: todo, lines: &lines, from: in_s3 - skipped };
        batch.report.count(&lines, in_s3);
        let written = self.write_object(&output, &batch.attempt, ledger, &mut buffers.packer).await;
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
        buffers.workers.take_back(lines);
        Ok(skipped + done)
    }

    /// Writes the object of what is not in S3 yet.
    async fn write_object(
        &self,
        output: &Output<'_>,
        attempt: &Attempt,
        ledger: Option<Ledger>,
        packer: &mut Packer,
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
        let key = Position::of(first).enriched_key(self.schema.name());
        let Some(ledger) = ledger else {
            let key = key + packer.extension();
            write_latest(&self.store, &key, body, attributes, attempt).await?;
            return Ok(Stored { done: ready, bytes });
        };
        let key = key + &self.epoch_suffix() + packer.extension();
        match ledger.write(&self.store, &key, body, &attributes).await? {
            Adopted::Ours => Ok(Stored { done: ready, bytes }),
            Adopted::Anothers { last } => {
                Ok(Stored { done: output.from + count_up_to(records, &last), bytes: 0 })
            }
        }
    }

    /// Writes the window's summary where this is its last event.
    async fn end_window(&self, window: &TumblingWindow<'_>, batch: &Batch<'_>) -> Result<(), DeliveryError> {
        let Some(state) = batch.window.as_ref().filter(|_| window.is_final || window.is_terminated_early)
        else {
            return Ok(());
        };
        let mark = batch.attempt.mark();
        let Some((key, mut summary)) = state.summary(window, self.schema.name(), &mark) else {
            return Ok(());
        };
        summary.push(b'\n');
        let attributes =
            Attributes { content_type: Some("application/json".to_owned()), ..Attributes::default() };
        write_latest(&self.store, &key, summary.into(), attributes, &batch.attempt).await
    }

    async fn sweep(&self, request: &SweepRequest, invocation: &Invocation) -> Result<Bytes, InvocationError> {
        let (now, left) = (Instant::now(), time_left(invocation));
        let time = Time {
            begin_until: now + left.saturating_sub(self.settings.deadline_margin),
            answer_by: now + left.saturating_sub(ANSWER_MARGIN),
        };
        let age = Age { default: self.settings.chunk_max_age, now_ms: (self.now_ms)() };
        let swept = request.run(&self.store, self.schema.name(), age, time).await;
        let answer = swept.map_err(|error| InvocationError::new("sweep", &error))?;
        tracing::info!(swept = answer.swept, waiting = answer.waiting, "incomplete messages swept");
        // Numbers and a flag: nothing in it can fail.
        Ok(serde_json::to_vec(&answer).unwrap_or_default().into())
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
            preparer: Preparer::new(&self.schema, &self.enricher),
            workers: Workers::new(self.settings.workers, &self.schema, &self.enricher),
            packer: Packer::new(self.settings.compression),
        })
    }
}

fn answer(event: &KinesisEvent<'_>, done: usize, window: Option<&WindowState>) -> Bytes {
    let answer = match event.records.get(done) {
        None => BatchAnswer::success(),
        Some(first_failed) => BatchAnswer::failed_from(first_failed.sequence_number),
    };
    match window.and_then(|state| serde_json::value::to_raw_value(state).ok()) {
        None => answer.into_json(),
        Some(state) => answer.with_state(&state).into_json(),
    }
}

fn time_left(invocation: &Invocation) -> Duration {
    invocation.deadline.duration_since(SystemTime::now()).unwrap_or_default()
}

fn epoch_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
