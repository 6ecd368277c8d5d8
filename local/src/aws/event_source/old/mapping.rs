//! One mapping: its shards, each split into lanes that keep the order of their keys.

use std::sync::{Arc, Mutex, PoisonError};

use edge::aws::kinesis_reader::{ReadRecord, ReaderError, StreamReader};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Destination;
use super::event::EventRecord;
use super::lane::Lane;
use crate::aws::lambda::Function;
use crate::aws::stream::{Flow, ReaderMark, ShardReader, Step, each_shard};
use crate::pipeline::bucket::StorageError;
use crate::pipeline::progress::{Progress, ProgressSender};
use template::KinesisMapping;

/// Why a mapping can't go on.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The stream can't be read.
    #[error("the stream can't be read")]
    Stream(#[from] ReaderError),
    /// A given-up batch can't be kept.
    #[error("a batch that was given up can't be kept")]
    Destination(#[from] StorageError),
    /// An event can't be written.
    #[error("an event can't be written")]
    Event(#[from] serde_json::Error),
}

/// What a mapping did, in records.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct MappingTally {
    pub(crate) acknowledged: u64,
    pub(crate) given_up: u64,
    /// Tumbling windows whose last call failed for good: their state is lost.
    pub(crate) windows_lost: u64,
}

/// A mapping at work. Its checkpoints live as long as the run.
pub(crate) struct Mapping {
    pub(crate) settings: KinesisMapping,
    pub(crate) data_set: String,
    pub(crate) stream_arn: String,
    pub(crate) function: Arc<Function>,
    pub(crate) destination: Destination,
    pub(crate) flow: Arc<Flow>,
    pub(crate) progress: ProgressSender,
    pub(crate) tally: Mutex<MappingTally>,
}

impl Mapping {
    /// Delivers the stream's records until the run stops. `beginning` keeps the flow from settling before that begins.
    pub(crate) async fn run(
        self: Arc<Self>,
        reader: StreamReader,
        beginning: ReaderMark,
    ) -> Result<(), MappingError> {
        let work = |shard| Arc::clone(&self).shard(shard);
        each_shard(&reader, &self.settings.stream, &self.flow, beginning, work).await
    }

    pub(crate) fn tally(&self) -> MappingTally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut MappingTally)) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut tally);
        self.progress
            .send(Progress::Consumed { data_set: self.data_set.clone(), records: tally.acknowledged });
    }

    async fn shard(self: Arc<Self>, mut shard: ShardReader) -> Result<ShardReader, MappingError> {
        let mut lanes = JoinSet::new();
        let senders: Vec<_> = (0..self.lane_count())
            .map(|_| {
                // One page waits while another is worked on; the reader waits for both.
                let (sender, receiver) = mpsc::channel(1);
                lanes.spawn(Lane::new(Arc::clone(&self), shard.shard_id().to_owned(), receiver).run());
                sender
            })
            .collect();
        while let Step::Records(records) = shard.next().await? {
            for (sender, records) in senders.iter().zip(self.by_lane(shard.shard_id(), &records)?) {
                if !records.is_empty() && sender.send(records).await.is_err() {
                    // The lane failed: its error comes with the join.
                    break;
                }
            }
            if senders.iter().any(mpsc::Sender::is_closed) {
                break;
            }
        }
        drop(senders);
        while let Some(joined) = lanes.join_next().await {
            joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        }
        Ok(shard)
    }

    /// A window's state belongs to a whole shard, so there is one lane then.
    fn lane_count(&self) -> usize {
        if self.settings.tumbling_window.is_some() { 1 } else { self.settings.parallelization_factor }
    }

    /// The records of each lane in order; a partition key always has the same lane.
    fn by_lane(&self, shard_id: &str, records: &[ReadRecord]) -> Result<Vec<Vec<EventRecord>>, MappingError> {
        let count = self.lane_count();
        let mut lanes: Vec<Vec<EventRecord>> = std::iter::repeat_with(Vec::new).take(count).collect();
        for record in records {
            let lane = lane_of(&record.partition_key, count);
            if let Some(lane) = lanes.get_mut(lane) {
                lane.push(EventRecord::new(record, shard_id, &self.stream_arn)?);
            }
        }
        Ok(lanes)
    }
}

fn lane_of(partition_key: &str, lanes: usize) -> usize {
    if lanes <= 1 {
        return 0;
    }
    let lane = record_model::keys::hash_key(partition_key) % lanes as u128;
    usize::try_from(lane).unwrap_or(0)
}
