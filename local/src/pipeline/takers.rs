//! The takers of a run's streams, which are event source mappings and delivery streams: started, drained and
//! stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use template::{DeliveryStream, KinesisMapping, OnFailure, StartingPosition};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::aws::event::Event;
use crate::aws::event_source::{Destination, Mapping, Ports as MappingPorts, Target};
use crate::aws::firehose::{Bucket, DeliveryError, Firehose, Ports as DeliveryPorts};
use crate::aws::kinesis::store::{ShardCount, Start, Taker};
use crate::aws::stream::{Patient, Phase, StreamError, StreamSource};
use crate::error::RunError;
use crate::pipeline::balance::{delivery_id, is_never_invoked, mapping_id};
use crate::pipeline::machine::Machine;

/// A running mapping, what it reads through, and where it keeps what it gives up.
pub(crate) struct MappingAtWork {
    pub(crate) mapping: Arc<Mapping>,
    pub(crate) source: Arc<dyn StreamSource>,
    pub(crate) destination: Option<Arc<Destination>>,
}

impl MappingAtWork {
    pub(crate) fn function(&self) -> &str {
        &self.mapping.settings.function
    }

    pub(crate) fn name(&self) -> &str {
        &self.mapping.settings.name
    }
}

/// Everything that takes records.
pub(crate) struct Takers {
    pub(crate) mappings: Vec<MappingAtWork>,
    /// The streams as they were before any taker began.
    pub(crate) before: Vec<ShardCount>,
    /// Where each mapping began in each shard, after a sequence number.
    began_at: BTreeMap<(String, String), String>,
    phase: watch::Sender<Phase>,
    workers: JoinSet<Result<(), RunError>>,
    /// Mappings whose function is never invoked. A drain would wait for them for ever.
    throttled: JoinSet<Result<(), RunError>>,
}

impl Takers {
    /// Gives every taker of the template its place, notes all places, and lets the takers work.
    pub(crate) async fn begin(machine: &Machine) -> Result<Self, RunError> {
        let mut mappings = Vec::new();
        for settings in machine.topology.mappings.clone() {
            mappings.extend(mapping(machine, settings)?);
        }
        let deliveries = machine.topology.deliveries.iter().map(|settings| delivery(machine, settings));
        let deliveries = deliveries.collect::<Result<Vec<_>, _>>()?;
        let mut takers = Self {
            began_at: places(&mappings).await?,
            before: machine.streams.counts(),
            mappings,
            phase: watch::Sender::new(Phase::Running),
            workers: JoinSet::new(),
            throttled: JoinSet::new(),
        };
        tell_throttled(machine);
        takers.work(machine, deliveries);
        Ok(takers)
    }

    fn work(&mut self, machine: &Machine, deliveries: Vec<Firehose>) {
        for at_work in &self.mappings {
            let function = at_work.function().to_owned();
            let work = Arc::clone(&at_work.mapping).run(self.phase.subscribe());
            let is_throttled = is_never_invoked(&machine.topology, &function);
            let workers = if is_throttled { &mut self.throttled } else { &mut self.workers };
            workers.spawn(async { work.await.map_err(|source| RunError::Mapping { function, source }) });
        }
        for (settings, firehose) in machine.topology.deliveries.iter().zip(deliveries) {
            let delivery = settings.name.clone();
            let work = until_stopped(firehose, self.phase.subscribe());
            self.workers
                .spawn(async { work.await.map_err(|source| RunError::Delivery { delivery, source }) });
        }
    }

    /// Where a mapping was in a shard before this run; `None` is at the shard's beginning.
    pub(crate) fn began_at(&self, mapping: &str, shard: &str) -> Option<String> {
        self.began_at.get(&(mapping.to_owned(), shard.to_owned())).cloned()
    }

    /// Waits until a taker fails. A taker that ends because its stream was deleted has not failed.
    pub(crate) async fn failure(&mut self) -> RunError {
        loop {
            let joined = tokio::select! {
                Some(joined) = self.workers.join_next() => joined,
                Some(joined) = self.throttled.join_next() => joined,
                else => return std::future::pending().await,
            };
            match joined {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
    }

    /// Waits until everything on the streams is delivered, and stops the takers. Open windows are closed
    /// then. What a mapping is never given, since its function is never invoked, is not waited for.
    pub(crate) async fn drain(&mut self, machine: &Machine) -> Result<(), RunError> {
        self.phase.send_replace(Phase::Draining);
        let mappings = self.mappings.iter();
        let throttled = mappings.filter(|at_work| is_never_invoked(&machine.topology, at_work.function()));
        let throttled = throttled.map(|at_work| mapping_id(at_work.name())).collect();
        tokio::select! {
            () = machine.streams.drained(&throttled) => {}
            error = self.failure() => return Err(error),
        }
        self.phase.send_replace(Phase::Stopped);
        while let Some(joined) = self.workers.join_next().await {
            joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        }
        Ok(())
    }

    /// Ends every taker where it is.
    pub(crate) async fn shutdown(&mut self) {
        self.throttled.shutdown().await;
        self.workers.shutdown().await;
    }
}

/// Says at once which functions are never invoked.
fn tell_throttled(machine: &Machine) {
    for function in &machine.topology.functions {
        if is_never_invoked(&machine.topology, &function.name) {
            let message = format!(
                "function {} is never invoked: its reserved concurrency is 0, so Lambda throttles every batch and event \
                 for it",
                function.name
            );
            machine.observer.on(Event::Warning { message });
        }
    }
}

async fn places(mappings: &[MappingAtWork]) -> Result<BTreeMap<(String, String), String>, StreamError> {
    let mut places = BTreeMap::new();
    for at_work in mappings {
        for shard in at_work.source.shards().await? {
            if let Some(after) = at_work.source.place(&shard.id)?.after {
                places.insert((at_work.name().to_owned(), shard.id), after);
            }
        }
    }
    Ok(places)
}

fn mapping(machine: &Machine, settings: KinesisMapping) -> Result<Option<MappingAtWork>, RunError> {
    let Some(function) = machine.functions.get(&settings.function).cloned() else { return Ok(None) };
    let target = match &settings.on_failure {
        Some(OnFailure::Bucket(bucket)) => Some(Target::Bucket(machine.bucket(bucket)?)),
        Some(OnFailure::Messages) => Some(Target::Messages(machine.failed().join(&settings.function))),
        None => None,
    };
    let destination = target.map(|target| Arc::new(Destination::new(settings.uuid.clone(), target)));
    let start = match settings.starting_position {
        StartingPosition::TrimHorizon => Start::TrimHorizon,
        StartingPosition::Latest => Start::Latest,
        StartingPosition::AtTimestamp(at) => {
            Start::AtTimestamp(u64::try_from(at.as_millisecond()).unwrap_or(0))
        }
    };
    let taker = machine.streams.taker(&settings.stream, &mapping_id(&settings.name), start)?;
    let source: Arc<dyn StreamSource> = Arc::new(patient(machine, taker));
    let ports = MappingPorts {
        source: Arc::clone(&source),
        function,
        on_failure: destination.clone().map(|destination| destination as _),
        clock: Arc::clone(&machine.clock),
        observer: Arc::clone(&machine.observer),
    };
    Ok(Some(MappingAtWork { mapping: Arc::new(Mapping::new(settings, ports)), source, destination }))
}

fn delivery(machine: &Machine, settings: &DeliveryStream) -> Result<Firehose, RunError> {
    let function =
        settings.processing.as_ref().and_then(|processing| machine.functions.get(&processing.function));
    let backup = settings.backup.as_ref().map(|backup| machine.bucket(&backup.bucket)).transpose()?;
    let taker = machine.streams.taker(&settings.stream, &delivery_id(&settings.name), Start::TrimHorizon)?;
    let ports = DeliveryPorts {
        source: Arc::new(patient(machine, taker)),
        function: function.map(|function| Arc::clone(function) as _),
        bucket: Arc::new(Bucket(machine.bucket(&settings.bucket)?)),
        index: machine.index.clone(),
        backup: backup.map(|bucket| Arc::new(Bucket(bucket)) as _),
        clock: Arc::clone(&machine.clock),
        observer: Arc::clone(&machine.observer),
    };
    let delivery = settings.name.clone();
    Firehose::new(settings, ports).map_err(|source| RunError::Prefix { delivery, source })
}

fn patient(machine: &Machine, source: Taker) -> Patient<Taker> {
    Patient { source, clock: Arc::clone(&machine.clock), observer: Arc::clone(&machine.observer) }
}

/// Runs a delivery stream until the run stops. Once the run drains, nothing waits for a full buffer.
async fn until_stopped(firehose: Firehose, phase: watch::Receiver<Phase>) -> Result<(), DeliveryError> {
    let reach = |wanted: Phase| {
        let mut phase = phase.clone();
        async move { drop(phase.wait_for(|phase| *phase >= wanted).await) }
    };
    firehose.run(reach(Phase::Draining), reach(Phase::Stopped)).await
}
