//! One lane of a shard: its records become batches, one at a time, and tumbling windows.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::batch::{Batch, BatchLimits};
use super::event::EventRecord;
use super::mapping::{Mapping, MappingError};
use super::window::{Ending, OpenWindow};
use crate::aws::clock::now_ms;
use crate::aws::stream::Phase;

/// After the end of a window its last records may still be on their way from the stream.
const WINDOW_GRACE: Duration = Duration::from_millis(500);

/// A lane at work.
pub(super) struct Lane {
    pub(super) mapping: Arc<Mapping>,
    pub(super) shard_id: String,
    pub(super) window: Option<OpenWindow>,
    incoming: mpsc::Receiver<Vec<EventRecord>>,
    pending: VecDeque<EventRecord>,
    phase: watch::Receiver<Phase>,
}

/// What there is to do next.
enum Gathered {
    Batch(Vec<EventRecord>),
    WindowOver,
    End,
}

impl Lane {
    pub(super) fn new(
        mapping: Arc<Mapping>,
        shard_id: String,
        incoming: mpsc::Receiver<Vec<EventRecord>>,
    ) -> Self {
        let phase = mapping.flow.phase();
        Self { mapping, shard_id, window: None, incoming, pending: VecDeque::new(), phase }
    }

    /// Delivers everything that comes in, then closes the window that is open.
    pub(super) async fn run(mut self) -> Result<(), MappingError> {
        loop {
            match self.gather().await {
                Gathered::Batch(records) => {
                    self.open_window_for(&records).await?;
                    self.deliver(records).await?;
                }
                Gathered::WindowOver => self.close_window(Ending::InTime).await?,
                Gathered::End => return self.close_window(Ending::Early).await,
            }
        }
    }

    async fn gather(&mut self) -> Gathered {
        let mut batch = Batch::new(self.limits());
        let mut due = None;
        loop {
            while let Some(record) = self.pending.pop_front_if(|record| batch.takes(record)) {
                batch.push(record);
            }
            if batch.is_full() || !self.pending.is_empty() {
                return Gathered::Batch(batch.into_records());
            }
            match self.incoming.try_recv() {
                Ok(records) => {
                    self.pending.extend(records);
                    continue;
                }
                Err(TryRecvError::Disconnected) if batch.is_empty() => return Gathered::End,
                Err(TryRecvError::Disconnected) => return Gathered::Batch(batch.into_records()),
                Err(TryRecvError::Empty) => {}
            }
            let draining = *self.phase.borrow_and_update() != Phase::Running;
            if !batch.is_empty() && draining {
                return Gathered::Batch(batch.into_records());
            }
            let wake = if batch.is_empty() {
                self.window_over_at()
            } else {
                Some(*due.get_or_insert_with(|| Instant::now() + self.mapping.settings.batching_window))
            };
            tokio::select! {
                records = self.incoming.recv() => self.pending.extend(records.into_iter().flatten()),
                _ = self.phase.changed() => {}
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                    return if batch.is_empty() { Gathered::WindowOver } else { Gathered::Batch(batch.into_records()) };
                }
            }
        }
    }

    fn limits(&self) -> BatchLimits {
        let settings = &self.mapping.settings;
        BatchLimits {
            records: settings.batch_size,
            window_ms: settings
                .tumbling_window
                .map(|length| i64::try_from(length.as_millis()).unwrap_or(i64::MAX)),
            state_bytes: self.window.as_ref().map_or(0, |window| window.state.get().len()),
        }
    }

    async fn open_window_for(&mut self, records: &[EventRecord]) -> Result<(), MappingError> {
        let (Some(length_ms), Some(first)) = (self.limits().window_ms, records.first()) else {
            return Ok(());
        };
        if self.window.as_ref().is_some_and(|window| window.holds(first.arrived_at_ms)) {
            return Ok(());
        }
        self.close_window(Ending::InTime).await?;
        self.window = Some(OpenWindow::of(first.arrived_at_ms, length_ms));
        Ok(())
    }

    fn window_over_at(&self) -> Option<Instant> {
        let left_ms = self.window.as_ref()?.end_ms().saturating_sub(now_ms());
        Some(Instant::now() + Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)) + WINDOW_GRACE)
    }
}
