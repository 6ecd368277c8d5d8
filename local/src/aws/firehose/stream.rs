//! One delivery stream from a Kinesis stream to a bucket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edge::aws::S3Store;
use edge::aws::kinesis_reader::{ReaderError, StreamReader};
use tokio::sync::mpsc;

use super::intake::Intake;
use super::prefix::{Prefix, PrefixError};
use super::writer::Writer;
use crate::aws::lambda::Function;
use crate::aws::stream::{Flow, ReaderMark, each_shard};
use crate::pipeline::bucket::StorageError;
use crate::pipeline::position::{Position, Positions};
use crate::pipeline::progress::{Progress, ProgressSender};
use template::{ACCOUNT, DeliveryStream, Processing, REGION};

/// Batches that wait for the writer.
const MAX_WAITING_BATCHES: usize = 2;

/// Why a delivery stream can't go on.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The stream can't be read.
    #[error("the stream can't be read")]
    Stream(#[from] ReaderError),
    /// An object can't be written.
    #[error("an object can't be written")]
    Storage(#[from] StorageError),
    /// An event or an error line can't be written.
    #[error("an event can't be written")]
    Event(#[from] serde_json::Error),
}

/// What a delivery stream did, in records.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct DeliveryTally {
    pub(crate) delivered: u64,
    pub(crate) dropped: u64,
    pub(crate) failed: u64,
    pub(crate) objects: u64,
}

/// What a delivery stream is made from.
pub(crate) struct DeliverySettings {
    pub(crate) stream: DeliveryStream,
    pub(crate) data_set: String,
    /// The transformation function, where there is one.
    pub(crate) function: Option<Arc<Function>>,
    pub(crate) bucket: S3Store,
    pub(crate) flow: Arc<Flow>,
    pub(crate) progress: ProgressSender,
}

/// A delivery stream at work.
pub(crate) struct Delivery {
    pub(crate) settings: DeliveryStream,
    pub(crate) data_set: String,
    pub(super) arn: String,
    pub(super) stream_arn: String,
    pub(super) prefix: Prefix,
    pub(super) error_prefix: Prefix,
    pub(super) processing: Option<(Processing, Arc<Function>)>,
    pub(super) bucket: S3Store,
    pub(super) flow: Arc<Flow>,
    pub(super) progress: ProgressSender,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tally: DeliveryTally,
    ended: Positions,
}

impl Delivery {
    pub(crate) fn new(settings: DeliverySettings) -> Result<Self, PrefixError> {
        let DeliverySettings { stream, data_set, function, bucket, flow, progress } = settings;
        Ok(Self {
            arn: format!("arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{}", stream.name),
            stream_arn: format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{}", stream.stream),
            prefix: Prefix::of_objects(&stream.prefix)?,
            error_prefix: Prefix::of_errors(&stream.error_prefix, &stream.prefix)?,
            processing: stream.processing.clone().zip(function),
            settings: stream,
            data_set,
            bucket,
            flow,
            progress,
            state: Mutex::default(),
        })
    }

    /// Delivers the stream's records until the run stops, then writes what is still buffered. `beginning` keeps the
    /// flow from settling before that begins.
    pub(crate) async fn run(
        self: Arc<Self>,
        reader: StreamReader,
        beginning: ReaderMark,
    ) -> Result<(), DeliveryError> {
        let (out, incoming) = mpsc::channel(MAX_WAITING_BATCHES);
        let writer = Writer::new(Arc::clone(&self), incoming).run();
        let intake = async {
            let work = |shard| Intake::new(Arc::clone(&self), out.clone()).run(shard);
            let read = each_shard(&reader, &self.settings.stream, &self.flow, beginning, work).await;
            drop(out);
            read
        };
        tokio::try_join!(intake, writer)?;
        Ok(())
    }

    pub(crate) fn tally(&self) -> DeliveryTally {
        self.state().tally
    }

    /// How often this record reached its end.
    pub(crate) fn times_ended(&self, position: Position) -> u32 {
        self.state().ended.count(position)
    }

    pub(super) fn count(&self, positions: &[Position], change: impl FnOnce(&mut DeliveryTally)) {
        let mut state = self.state();
        change(&mut state.tally);
        for position in positions {
            state.ended.add(*position);
        }
        let tally = state.tally;
        let (data_set, delivery) = (self.data_set.clone(), self.settings.name.clone());
        let records = tally.delivered + tally.dropped + tally.failed;
        self.progress.send(Progress::Delivered { data_set, delivery, records });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
