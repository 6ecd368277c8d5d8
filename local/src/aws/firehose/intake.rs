//! One shard's records on their way in: taken apart, buffered for the transform, handed on.

use std::sync::Arc;

use edge::aws::kinesis_reader::ReadRecord;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::apart::{SourceRecord, apart};
use super::event::event_bytes;
use super::stream::{Delivery, DeliveryError};
use super::transform::transform;
use super::writer::{End, Finished};
use crate::aws::lambda::MAX_EVENT_BYTES;
use crate::aws::stream::{Phase, ShardReader, Step};

/// Room in an event for everything but its records.
const ENVELOPE_BYTES: usize = 1 << 10;

/// Where one shard's records wait for the transform.
pub(super) struct Intake {
    delivery: Arc<Delivery>,
    out: mpsc::Sender<Vec<Finished>>,
    waiting: Vec<SourceRecord>,
    data_bytes: usize,
    event_bytes: usize,
    due: Option<Instant>,
}

impl Intake {
    pub(super) fn new(delivery: Arc<Delivery>, out: mpsc::Sender<Vec<Finished>>) -> Self {
        Self { delivery, out, waiting: Vec::new(), data_bytes: 0, event_bytes: ENVELOPE_BYTES, due: None }
    }

    /// Takes the shard's records in until its end or the end of the run.
    pub(super) async fn run(mut self, mut shard: ShardReader) -> Result<ShardReader, DeliveryError> {
        let shard_id: Arc<str> = shard.shard_id().into();
        let mut phase = self.delivery.flow.phase();
        loop {
            let due = self.due;
            // `next` keeps its place when it is dropped between two reads; what it read it returns.
            tokio::select! {
                step = shard.next() => match step? {
                    Step::Records(records) => self.take(&shard_id, &records).await?,
                    Step::Closed | Step::Stopped => break,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.hand_on().await?,
                _ = phase.changed() => {}
            }
            if *phase.borrow_and_update() != Phase::Running {
                self.hand_on().await?;
            }
        }
        self.hand_on().await?;
        Ok(shard)
    }

    async fn take(&mut self, shard_id: &Arc<str>, records: &[ReadRecord]) -> Result<(), DeliveryError> {
        for record in records {
            let user_records = apart(&self.delivery.settings.stream, shard_id, record);
            self.delivery.flow.more(user_records.len());
            self.delivery.flow.done(1);
            for record in user_records {
                self.push(record).await?;
            }
        }
        if self.delivery.settings.processing.is_none() {
            self.hand_on().await?;
        }
        Ok(())
    }

    async fn push(&mut self, record: SourceRecord) -> Result<(), DeliveryError> {
        let limit = self
            .delivery
            .settings
            .processing
            .as_ref()
            .map_or(usize::MAX, |processing| processing.buffer_bytes);
        let more = event_bytes(&record);
        if self.event_bytes + more > MAX_EVENT_BYTES {
            self.hand_on().await?;
        }
        self.event_bytes += more;
        self.data_bytes += record.data.len();
        self.waiting.push(record);
        if let Some(processing) = &self.delivery.settings.processing {
            self.due.get_or_insert_with(|| Instant::now() + processing.buffer_interval);
        }
        if self.data_bytes >= limit { self.hand_on().await } else { Ok(()) }
    }

    /// Sends what waits through the transform, if there is one, to the writer.
    async fn hand_on(&mut self) -> Result<(), DeliveryError> {
        let records = std::mem::take(&mut self.waiting);
        (self.data_bytes, self.event_bytes, self.due) = (0, ENVELOPE_BYTES, None);
        if records.is_empty() {
            return Ok(());
        }
        let finished = match &self.delivery.processing {
            Some((processing, function)) => transform(&self.delivery, processing, function, records).await?,
            None => records.iter().map(as_it_is).collect(),
        };
        // A writer that failed tells so itself.
        let _ = self.out.send(finished).await;
        Ok(())
    }
}

fn as_it_is(record: &SourceRecord) -> Finished {
    let end = End::Deliver { data: record.data.clone(), partition_keys: std::collections::BTreeMap::new() };
    Finished::new(record, end)
}
