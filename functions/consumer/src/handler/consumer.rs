//! The function: one event in, one answer out, generic over its ports.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use edge::lambda::events::{BatchAnswer, KinesisEvent, TumblingWindow};
use edge::lambda::{Invocation, InvocationError};
use edge::metrics::Metrics;
use edge::store::{Attributes, ObjectStore};
use record_model::Schema;
use tokio::time::{Instant, timeout_at};

use super::batch::{Batch, Buffers, Level};
use super::event::ConsumerEvent;
use super::settings::ConsumerSettings;
use crate::deadline::{Deadlines, Todo};
use crate::delivery::{Attempt, DeliveryError, ObjectPacker, write_latest};
use crate::enrich::Enricher;
use crate::read::{Budget, Preparer, Workers};
use crate::settle::{Age, SweepRequest};
use crate::window::WindowState;

/// A consumer of one data set.
pub struct Consumer<S, E: Enricher> {
    pub(super) store: S,
    pub(super) enricher: Arc<E>,
    pub(super) schema: Schema,
    pub(super) settings: ConsumerSettings,
    now_ms: fn() -> i64,
    /// The buffers, kept between two invocations.
    idle: Mutex<Option<Buffers<E>>>,
}

impl<S: ObjectStore, E: Enricher> Consumer<S, E> {
    /// Makes a consumer that writes to `store`; no request is sent yet.
    pub fn new(store: S, enricher: E, schema: Schema, settings: ConsumerSettings) -> Self {
        let (enricher, idle) = (Arc::new(enricher), Mutex::default());
        Self { store, enricher, schema, settings, now_ms: epoch_ms, idle }
    }

    /// Takes the time at which an attempt begins, in milliseconds since 1970 UTC, from `now_ms`.
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

    /// Answers one event. Everything before the record that the answer names is in S3, or everything if it
    /// names none.
    pub async fn answer(&self, invocation: &Invocation) -> Result<(Bytes, Option<Metrics>), InvocationError> {
        match ConsumerEvent::parse(&invocation.body) {
            Ok(ConsumerEvent::Stream(event)) => {
                let (done, metrics, window) = self.attempt(&event, invocation, None).await?;
                let answer = answer(&event, done, window.as_ref());
                Ok((answer.map_err(|error| InvocationError::new("window", &error))?, Some(metrics)))
            }
            Ok(ConsumerEvent::Redrive(redrive, event)) => self.redrive(redrive, &event, invocation).await,
            Ok(ConsumerEvent::Sweep(request)) => Ok((self.sweep(&request, invocation).await?, None)),
            Err(error) => Err(InvocationError::new(error.kind(), &error)),
        }
    }

    /// How many records of the batch, from its first on, are in S3 now. Where a level is given, the batch is
    /// redriven; else it is that of the stream.
    pub(super) async fn attempt(
        &self,
        event: &KinesisEvent<'_>,
        invocation: &Invocation,
        level: Option<Level>,
    ) -> Result<(usize, Metrics, Option<WindowState>), InvocationError> {
        let time = self.time(invocation, event.records.len());
        let started_at_ms = (self.now_ms)();
        let attempt = Attempt { request_id: invocation.request_id.clone(), started_at_ms };
        let mut batch = Batch::new(event, attempt, time);
        batch.is_redriven = level.is_some();
        let consumed = timeout_at(time.answer_by, self.consume(&mut batch, level)).await;
        let mut done = consumed.unwrap_or(Err(DeliveryError::Late)).unwrap_or_else(|error| {
            batch.report.failed(&error);
            0
        });
        if let (Some(window), true) = (&event.window, done == event.records.len())
            && let Err(error) = self.end_window_by(time.answer_by, window, &batch).await
        {
            batch.report.failed(&error);
            if event.records.is_empty() {
                return Err(InvocationError::new("window", &error));
            }
            done = 0;
        }
        let metrics = batch.report.metrics(self.schema.name(), invocation, event, done);
        Ok((done, metrics, batch.window))
    }

    /// How many records of the batch, from its first on, are in S3 now.
    async fn consume(&self, batch: &mut Batch<'_>, level: Option<Level>) -> Result<usize, DeliveryError> {
        let Some(first) = batch.records.first() else { return Ok(0) };
        let level = match level {
            Some(level) => level,
            None => self.level(first).await?,
        };
        let mut buffers = self.take_buffers();
        let done = self.write(batch, level, &mut buffers).await;
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(buffers);
        done
    }

    async fn end_window_by(
        &self,
        answer_by: Instant,
        window: &TumblingWindow<'_>,
        batch: &Batch<'_>,
    ) -> Result<(), DeliveryError> {
        timeout_at(answer_by, self.end_window(window, batch)).await.unwrap_or(Err(DeliveryError::Late))
    }

    /// Writes the window's summary if this is its last event.
    async fn end_window(&self, window: &TumblingWindow<'_>, batch: &Batch<'_>) -> Result<(), DeliveryError> {
        let Some(state) = batch.window.as_ref().filter(|_| window.is_final || window.is_terminated_early)
        else {
            return Ok(());
        };
        let mark = batch.attempt.mark();
        let Some((key, mut summary)) = state.summary(window, self.schema.name(), &mark)? else {
            return Ok(());
        };
        summary.push(b'\n');
        let attributes =
            Attributes { content_type: Some("application/json".to_owned()), ..Attributes::default() };
        write_latest(&self.store, &key, summary.into(), attributes, &batch.attempt).await
    }

    async fn sweep(&self, request: &SweepRequest, invocation: &Invocation) -> Result<Bytes, InvocationError> {
        let age = Age { default: self.settings.chunk_max_age, now_ms: (self.now_ms)() };
        let swept = request.run(&self.store, self.schema.name(), age, self.time(invocation, 0)).await;
        let answer = swept.map_err(|error| InvocationError::new("sweep", &error))?;
        tracing::info!(swept = answer.swept, waiting = answer.waiting, "incomplete messages swept");
        let answer = serde_json::to_vec(&answer).map_err(|error| InvocationError::new("sweep", &error))?;
        Ok(answer.into())
    }

    fn time(&self, invocation: &Invocation, records: usize) -> Deadlines {
        let left = invocation.deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let todo = Todo { event_bytes: invocation.body.len(), records };
        Deadlines::new(Instant::now(), left, self.settings.deadline_margin, todo)
    }

    fn take_buffers(&self) -> Buffers<E> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        idle.unwrap_or_else(|| self.new_buffers())
    }

    fn new_buffers(&self) -> Buffers<E> {
        let ConsumerSettings { workers, memory_mb, compression, .. } = self.settings;
        let budget = Budget::of(memory_mb, workers);
        Buffers {
            preparer: Preparer::new(&self.schema, &self.enricher, budget),
            workers: Workers::new(workers, &self.schema, &self.enricher, budget),
            packer: ObjectPacker::new(compression, budget.kept_bytes()),
        }
    }
}

/// The answer to a batch of which so many records, from its first on, are in S3.
fn answer(
    event: &KinesisEvent<'_>,
    done: usize,
    window: Option<&WindowState>,
) -> Result<Bytes, serde_json::Error> {
    let answer = match event.records.get(done) {
        None => BatchAnswer::success(),
        Some(first_failed) => BatchAnswer::failed_from(first_failed.sequence_number),
    };
    let state = window.map(serde_json::value::to_raw_value).transpose()?;
    Ok(match &state {
        None => answer.into_json(),
        Some(state) => answer.with_state(state).into_json(),
    })
}

fn epoch_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
