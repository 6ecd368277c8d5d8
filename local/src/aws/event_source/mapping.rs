//! One mapping at work on its shards, parents before children, until the run stops.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::on_failure::OnFailure;
use super::shard::ShardAtWork;
use crate::aws::clock::Clock;
use crate::aws::event::{Name, Observer};
use crate::aws::lambda::Invoke;
use crate::aws::stream::{Phase, SourceShard, StreamError, StreamSource};
use crate::pipeline::bucket::StorageError;
use template::{ACCOUNT, KinesisMapping, REGION};

/// Why a mapping can't continue.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The stream can't be read, or a place in it can't be stored.
    #[error("the stream can't be read")]
    Stream(#[from] StreamError),
    /// A batch that was given up can't be stored.
    #[error("a batch that was given up can't be kept")]
    Destination(#[from] StorageError),
    /// An event can't be written.
    #[error("an event can't be written")]
    Event(#[from] serde_json::Error),
}

/// The ports that a mapping uses.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) source: Arc<dyn StreamSource>,
    pub(crate) function: Arc<dyn Invoke>,
    /// `None` means that what is given up is lost, as in Lambda.
    pub(crate) on_failure: Option<Arc<dyn OnFailure>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
}

/// A mapping at work.
pub(crate) struct Mapping {
    pub(crate) settings: KinesisMapping,
    /// The ARN of the stream, or of the fan-out consumer through which the mapping reads.
    pub(super) stream_arn: String,
    pub(super) function_arn: String,
    /// The names of the mapping and of the stream, as events have them.
    pub(super) names: (Name, Name),
    pub(super) ports: Ports,
}

impl Mapping {
    pub(crate) fn new(settings: KinesisMapping, ports: Ports) -> Self {
        let consumer = settings.consumer.as_ref().map(|consumer| format!("/consumer/{consumer}"));
        Self {
            stream_arn: format!(
                "arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{}{}",
                settings.stream,
                consumer.unwrap_or_default()
            ),
            function_arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", settings.function),
            names: (settings.name.as_str().into(), settings.stream.as_str().into()),
            settings,
            ports,
        }
    }

    /// Delivers the stream's records until the run stops or the stream is deleted. A shard begins once its
    /// parents are finished, in this process or an earlier one.
    pub(crate) async fn run(self: Arc<Self>, mut phase: watch::Receiver<Phase>) -> Result<(), MappingError> {
        let mut begun = BTreeSet::new();
        let mut running = JoinSet::new();
        loop {
            let shards = match self.ports.source.shards().await {
                Err(StreamError::NotFound { .. }) => Vec::new(),
                shards => shards?,
            };
            for id in self.ready(&shards, &begun)? {
                begun.insert(id.clone());
                running.spawn(ShardAtWork::run(Arc::clone(&self), id, phase.clone()));
            }
            tokio::select! {
                joined = running.join_next() => match joined {
                    Some(joined) => ended(joined)?,
                    None => return Ok(()),
                },
                _ = phase.wait_for(|phase| *phase == Phase::Stopped) => break,
            }
        }
        while let Some(joined) = running.join_next().await {
            ended(joined)?;
        }
        Ok(())
    }

    /// The shards that have not begun yet and may begin.
    fn ready(&self, shards: &[SourceShard], begun: &BTreeSet<String>) -> Result<Vec<String>, StreamError> {
        let source = &self.ports.source;
        let mut ready = Vec::new();
        for shard in shards.iter().filter(|shard| !begun.contains(&shard.id)) {
            let mut may_begin = !source.place(&shard.id)?.finished;
            for parent in &shard.parents {
                may_begin &= source.place(parent)?.finished;
            }
            if may_begin {
                ready.push(shard.id.clone());
            }
        }
        Ok(ready)
    }
}

/// A panic is passed on. If the stream is gone, its shards end, but not the run.
fn ended(joined: Result<Result<(), MappingError>, tokio::task::JoinError>) -> Result<(), MappingError> {
    match joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())) {
        Err(MappingError::Stream(StreamError::NotFound { .. })) => Ok(()),
        result => result,
    }
}
