//! Runs a delivery stream's state machine: it does what the machine asks for through the ports, and reports
//! the results back.

use std::pin::pin;
use std::sync::Arc;

use edge::opensearch::OpenSearchError;
use futures::FutureExt;
use template::DeliveryStream;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::DeliveryError;
use super::delivery::Delivery;
use super::destination::{Destination, DestinationError};
use super::encoding::encoded;
use super::ids::Ids;
use super::prefix::PrefixError;
use super::search::Index;
use super::settings::Rules;
use super::step::{Action, Errand, Input};
use super::transform::Unanswered;
use super::writes::{Kind, Object};
use crate::aws::clock::Clock;
use crate::aws::event::Observer;
use crate::aws::lambda::{Invocation, InvocationError, Invoke};
use crate::aws::stream::source::{StreamError, StreamSource};

/// The ports of a delivery stream: what it reads from, invokes and writes to, and what tells it the time.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) source: Arc<dyn StreamSource>,
    /// The transformation function, if there is one.
    pub(crate) function: Option<Arc<dyn Invoke>>,
    pub(crate) bucket: Arc<dyn Destination>,
    /// The server behind the index, where the delivery stream has one.
    pub(crate) index: Option<Arc<dyn Index>>,
    /// The bucket of the backup, where there is one.
    pub(crate) backup: Option<Arc<dyn Destination>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
}

/// A delivery stream that can be run.
pub(crate) struct Firehose {
    delivery: Delivery,
    ports: Ports,
}

impl Firehose {
    pub(crate) fn new(settings: &DeliveryStream, ports: Ports) -> Result<Self, PrefixError> {
        let ids = Ids::new(Uuid::new_v4().as_u128());
        Ok(Self { delivery: Delivery::new(Rules::of(settings)?, ids), ports })
    }

    /// Delivers the stream's records until the stream is deleted, `stop` ends, or the future is dropped. What
    /// is not passed by then is delivered again by the next run. Once `drain` ends, nothing waits for a full
    /// buffer any more. A place that is being stored when `stop` ends is still reported to the observer.
    pub(crate) async fn run(
        mut self,
        drain: impl Future<Output = ()> + Send,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), DeliveryError> {
        let (mut drain, mut stop) = (pin!(drain.fuse()), pin!(stop.fuse()));
        let (mut is_draining, mut is_stopping) = (false, false);
        let mut work = JoinSet::new();
        let mut input = Input::Begin;
        loop {
            let mut actions = Vec::new();
            self.delivery.step(self.ports.clock.now(), input, &mut actions)?;
            let mut wake = None;
            for action in actions {
                match action {
                    Action::WakeAt(at) => wake = at,
                    Action::Tell(event) => self.ports.observer.on(event),
                    Action::End => return Ok(()),
                    Action::Do(errand) => {
                        work.spawn(self.ports.clone().run(errand));
                    }
                }
            }
            if is_stopping && !self.delivery.is_keeping_a_place() {
                return Ok(());
            }
            input = tokio::select! {
                Some(done) = work.join_next() => {
                    done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?
                }
                () = &mut drain, if !is_draining => {
                    is_draining = true;
                    Input::Drain
                }
                () = &mut stop, if !is_stopping => {
                    is_stopping = true;
                    Input::Woke
                }
                () = self.ports.clock.sleep_until(wake.unwrap_or(0)), if wake.is_some() => Input::Woke,
            };
        }
    }
}

impl Ports {
    /// Runs an errand. If the stream no longer exists, this ends without an error, and what was read from it
    /// is still delivered.
    async fn run(self, errand: Errand) -> Result<Input, DeliveryError> {
        let input = match errand {
            Errand::ListShards => self.shards().await,
            Errand::Watch { seen } => Ok(Input::Changed(self.source.changed(seen).await)),
            Errand::Read { shard, id, after, limit } => {
                let page = self.source.read(&id, after.as_deref(), limit).await;
                page.map(|page| Input::Read { shard, page })
            }
            Errand::Pass { shard, id, place } => {
                self.source.pass(&id, place).await.map(|()| Input::Passed { shard })
            }
            Errand::Invoke { shard, number, invocation } => {
                let answer = self.answer(invocation).await;
                Ok(Input::Answered { shard, invocation: number, answer })
            }
            Errand::Index { number, lines } => {
                Ok(Input::Indexed { request: number, answer: self.index(lines).await })
            }
            Errand::Write { number, object } => {
                Ok(Input::Written { object: number, result: self.write(object).await })
            }
        };
        match input {
            Err(StreamError::NotFound { .. }) => Ok(Input::Gone),
            input => Ok(input?),
        }
    }

    async fn shards(&self) -> Result<Input, StreamError> {
        let shards = self.source.shards().await?.into_iter();
        let placed = shards.map(|shard| self.source.place(&shard.id).map(|place| (shard, place)));
        placed.collect::<Result<_, _>>().map(Input::Shards)
    }

    async fn answer(&self, invocation: Invocation) -> Result<bytes::Bytes, Unanswered> {
        let Some(function) = &self.function else {
            let message = "there is no function of this name here".to_owned();
            return Err(Unanswered { code: "Lambda.ResourceNotFound", message });
        };
        function.invoke(invocation).await.map_err(|error| {
            let code = match error {
                InvocationError::Throttled { .. } => "Lambda.InvokeLimitExceeded",
                _ => "Lambda.FunctionError",
            };
            Unanswered { code, message: error.to_string() }
        })
    }

    async fn index(&self, lines: bytes::Bytes) -> Result<bytes::Bytes, OpenSearchError> {
        let Some(index) = &self.index else {
            let reason = "no server is given".to_owned();
            return Err(OpenSearchError::Refused { status: 503, reason });
        };
        index.bulk(lines).await
    }

    /// Writes an object as it is stored; so many bytes long.
    async fn write(&self, object: Object) -> Result<u64, DestinationError> {
        let backup = self.backup.as_ref().filter(|_| object.kind == Kind::BackedUp);
        let stored = encoded(object)?;
        let bytes = stored.body.len() as u64;
        backup.unwrap_or(&self.bucket).write(stored).await?;
        Ok(bytes)
    }
}
