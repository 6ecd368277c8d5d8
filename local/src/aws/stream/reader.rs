//! One shard, read in order from its beginning through throttling, expired iterators and empty answers.

use std::time::Duration;

use edge::aws::kinesis_reader::{Page, ReadRecord, ReaderError, Start, StreamReader};
use tokio::sync::watch;

use super::flow::{Flow, Phase, ReaderMark};

/// Most records of one read.
const MAX_RECORDS: u16 = 2_000;
/// Between two reads of a shard with nothing new: a shard gives 5 reads a second.
const IDLE: Duration = Duration::from_millis(200);
/// The same while draining, when a run waits for it.
const IDLE_DRAINING: Duration = Duration::from_millis(20);
/// Before the next try of a call that failed.
const AFTER_FAILURE: Duration = Duration::from_millis(250);
/// Tries of one call before it counts as failed for good.
const MAX_TRIES: u32 = 20;

/// What a shard gave.
#[derive(Debug)]
pub(crate) enum Step {
    /// At least one record, in order.
    Records(Vec<ReadRecord>),
    /// The shard was closed and is read to its end.
    Closed,
    /// The run stops.
    Stopped,
}

/// A place in one shard.
#[derive(Debug)]
pub(crate) struct ShardReader {
    reader: StreamReader,
    stream: String,
    shard_id: String,
    place: Place,
    last_read: Option<String>,
    mark: ReaderMark,
    phase: watch::Receiver<Phase>,
}

#[derive(Debug)]
enum Place {
    /// An iterator has to be taken, after the last record read.
    Unknown,
    Iterator(String),
    End,
}

impl ShardReader {
    pub(super) fn new(
        reader: StreamReader,
        stream: &str,
        shard_id: String,
        flow: &std::sync::Arc<Flow>,
    ) -> Self {
        Self {
            reader,
            stream: stream.to_owned(),
            shard_id,
            place: Place::Unknown,
            last_read: None,
            mark: flow.reader(),
            phase: flow.phase(),
        }
    }

    pub(crate) fn shard_id(&self) -> &str {
        &self.shard_id
    }

    /// Waits for the next records, the end of the shard, or the end of the run.
    pub(crate) async fn next(&mut self) -> Result<Step, ReaderError> {
        loop {
            let phase = *self.phase.borrow_and_update();
            if phase == Phase::Stopped {
                return Ok(Step::Stopped);
            }
            if matches!(self.place, Place::End) {
                return Ok(Step::Closed);
            }
            let page = self.page().await?;
            self.mark.read(page.records.len(), page.millis_behind_latest == 0);
            if let Some(last) = page.records.last() {
                self.last_read = Some(last.sequence_number.clone());
                return Ok(Step::Records(page.records));
            }
            self.pause(if phase == Phase::Draining { IDLE_DRAINING } else { IDLE }).await;
        }
    }

    /// One read that went through, however many tries it takes within reason.
    async fn page(&mut self) -> Result<Page, ReaderError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_page().await {
                Ok(page) => return Ok(page),
                Err(ReaderError::ExpiredIterator) => self.place = Place::Unknown,
                Err(error) if error.is_retryable() && tries < MAX_TRIES => {
                    tracing::debug!(shard_id = self.shard_id, %error, "a read is tried again");
                    self.pause(AFTER_FAILURE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_page(&mut self) -> Result<Page, ReaderError> {
        let iterator = match &self.place {
            Place::Iterator(iterator) => iterator.clone(),
            Place::Unknown => {
                let start = self.last_read.as_deref().map_or(Start::TrimHorizon, Start::After);
                self.reader.iterator(&self.stream, &self.shard_id, &start).await?
            }
            Place::End => return Ok(Page::default()),
        };
        let page = self.reader.read(&iterator, MAX_RECORDS).await?;
        self.place = page.next_iterator.clone().map_or(Place::End, Place::Iterator);
        Ok(page)
    }

    /// Waits, but no longer than until the phase changes.
    async fn pause(&mut self, time: Duration) {
        let _ = tokio::time::timeout(time, self.phase.changed()).await;
    }
}
