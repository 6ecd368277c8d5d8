//! Everything of a template on this machine: the folder, the endpoints, the streams and the functions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use edge::aws::S3Store;
use template::{Stream, StreamMode, Topology};

use crate::aws::clock::{Clock, Moment, SystemClock, now_ms};
use crate::aws::event::Observer;
use crate::aws::firehose::Index;
use crate::aws::kinesis::StreamStore;
use crate::aws::kinesis::store::{NewStream, Now, Settings, ShardCount};
use crate::aws::lambda::{Asynchronous, Function, FunctionSettings};
use crate::aws::observers::Observers;
use crate::aws::scheduler;
use crate::aws::stream::StreamError;
use crate::error::RunError;
use crate::options::RunOptions;
use crate::page::{RunPhase, Watch};
use crate::pipeline::balance::{delivery_id, mapping_id, waiting};
use crate::pipeline::bucket::{self, StorageError};
use crate::pipeline::data_set::DataSets;
use crate::pipeline::delivered::DeliveredObjects;
use crate::pipeline::endpoints::Endpoints;
use crate::pipeline::folder::DataFolder;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::progress::{Progress, ProgressSender};
use crate::pipeline::status::DataSetStatus;
use crate::pipeline::timeline::Slots;

/// What a template's takers and sources work with.
pub(crate) struct Machine {
    pub(crate) folder: DataFolder,
    pub(crate) topology: Topology,
    pub(crate) data_sets: DataSets,
    pub(crate) functions: BTreeMap<String, Arc<Function>>,
    pub(crate) started_at_ms: i64,
    pub(crate) progress: ProgressSender,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) delivered: Arc<DeliveredObjects>,
    /// What the page shows.
    pub(crate) watch: Arc<Watch>,
    pub(crate) slots: Arc<Slots>,
    /// Is told of everything that happens.
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) asynchronous: Arc<Asynchronous>,
    pub(crate) streams: Arc<StreamStore>,
    /// The server of OpenSearch, where there is one.
    pub(crate) index: Option<Arc<dyn Index>>,
    endpoints: Endpoints,
}

impl Machine {
    /// Starts everything but the takers and the sources. Streams of an earlier run are as it left them.
    pub(crate) async fn start(
        options: &RunOptions,
        topology: Topology,
        progress: ProgressSender,
    ) -> Result<Self, RunError> {
        let folder = folder(options, &topology, &progress)?;
        let (ledger, delivered) = (Arc::new(Ledger::default()), Arc::new(DeliveredObjects::default()));
        let watch = Arc::new(Watch::default());
        let slots = Arc::new(Slots::begin());
        let mut observers: Vec<Arc<dyn Observer>> =
            vec![Arc::clone(&ledger) as _, Arc::clone(&delivered) as _, Arc::clone(&slots) as _];
        observers.push(Arc::new(progress.clone()));
        observers.extend(options.page.as_ref().map(|_| Arc::clone(&watch) as _));
        let observer: Arc<dyn Observer> = Arc::new(Observers::new(observers));
        let streams = StreamStore::observed(&folder.folder("streams")?, Some(Arc::clone(&observer)))?;
        for stream in &topology.streams {
            provide(&streams, stream)?;
        }
        let endpoints = Endpoints::start(options, &folder.folder("s3")?, &streams, &observer).await?;
        let settings = FunctionSettings {
            binaries: &options.binaries,
            logs: &folder.folder("logs")?,
            services: endpoints.services(),
            observer: Arc::clone(&observer),
        };
        let functions = functions(&topology, &settings)?;
        endpoints.serve(&functions, &folder)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        Ok(Self {
            folder,
            ledger,
            delivered,
            watch,
            slots,
            asynchronous: Arc::new(Asynchronous::new(Arc::clone(&clock), Arc::clone(&observer))),
            clock,
            observer,
            streams,
            index: options.opensearch.clone().map(|server| Arc::new(server) as _),
            data_sets: DataSets::of(&topology, options),
            topology,
            functions,
            started_at_ms: now_ms(),
            progress,
            endpoints,
        })
    }

    /// A client for a bucket of this machine.
    pub(crate) fn bucket(&self, name: &str) -> Result<S3Store, StorageError> {
        Ok(bucket::connect(name, self.endpoints.s3.url())?)
    }

    pub(crate) fn data_set_of(&self, stream: &str) -> String {
        self.data_sets.of_stream(stream).to_owned()
    }

    /// Where on-failure documents for queues and topics are kept.
    pub(crate) fn failed(&self) -> PathBuf {
        self.folder.path().join("failed")
    }

    /// The last whole second before the run began, in milliseconds since 1970.
    pub(crate) fn whole_second_of_start(&self) -> i64 {
        self.started_at_ms - self.started_at_ms.rem_euclid(1000)
    }

    /// Where Kinesis and S3 are.
    pub(crate) fn urls(&self) -> (&str, &str) {
        (self.endpoints.kinesis.url(), self.endpoints.s3.url())
    }

    /// The Kinesis of the run, as any client calls it.
    pub(crate) fn kinesis(&self) -> axum::Router {
        self.endpoints.kinesis.router()
    }

    pub(crate) fn ready(&self, page_url: Option<String>) -> Progress {
        let (kinesis_url, s3_url) = self.urls();
        Progress::Ready { kinesis_url: kinesis_url.to_owned(), s3_url: s3_url.to_owned(), page_url }
    }

    /// The run's inputs are at their end.
    pub(crate) fn begin_to_drain(&self) {
        self.progress.send(Progress::Draining);
        self.watch.enter(RunPhase::Draining);
    }

    /// The run is over, and is looked back at.
    pub(crate) fn begin_to_check(&self) {
        self.progress.send(Progress::Checking);
        self.watch.enter(RunPhase::Checking);
    }

    /// The present state of each data set.
    pub(crate) fn status(&self, now: Moment) -> Vec<DataSetStatus> {
        let shards = self.streams.counts();
        let mut rows: BTreeMap<&str, DataSetStatus> = BTreeMap::new();
        for stream in &self.topology.streams {
            let name = self.data_sets.of_stream(&stream.name);
            let row = rows.entry(name).or_default();
            name.clone_into(&mut row.name);
            let of_stream = shards.iter().filter(|shard| *shard.stream == *stream.name);
            row.put += of_stream.map(|shard| shard.put_now).sum::<u64>();
            row.waiting += self.slowest(&stream.name, &shards);
            row.next_tick = self.next_tick(name, now);
        }
        rows.into_values().collect()
    }

    /// Records of the stream that wait for its slowest taker.
    fn slowest(&self, stream: &str, shards: &[ShardCount]) -> u64 {
        let mappings = self.topology.mappings.iter().filter(|mapping| mapping.stream == stream);
        let mappings = mappings.map(|mapping| mapping_id(&mapping.name));
        let deliveries = self.topology.deliveries.iter().filter(|delivery| delivery.stream == stream);
        let takers = mappings.chain(deliveries.map(|delivery| delivery_id(&delivery.name)));
        takers.map(|taker| waiting(shards, stream, &taker)).max().unwrap_or(0)
    }

    fn next_tick(&self, data_set: &str, now: Moment) -> Option<Duration> {
        let schedules = self.topology.schedules.iter().filter(|schedule| schedule.enabled);
        let of_data_set = schedules.filter(|schedule| self.data_sets.of_schedule(schedule) == Some(data_set));
        let next = of_data_set.filter_map(|schedule| {
            let last = self.ledger.fired(&schedule.name)?;
            scheduler::next(schedule, last, now)
        });
        next.min().map(|at| whole_seconds(at.saturating_sub(now)))
    }

    /// Ends every process and the endpoints.
    pub(crate) async fn shutdown(self) {
        for function in self.functions.values() {
            function.shutdown().await;
        }
        self.endpoints.shutdown().await;
    }
}

/// The run's folder, which nobody else uses, with a folder for each bucket. `--fresh` puts aside what was
/// there.
fn folder(
    options: &RunOptions,
    topology: &Topology,
    progress: &ProgressSender,
) -> Result<DataFolder, RunError> {
    let folder = DataFolder::take(&options.data_dir)?;
    if options.fresh
        && let Some(aside) = folder.put_aside()?
    {
        let message = format!("what earlier runs left is in {} now", aside.display());
        progress.send(Progress::Note { message });
    }
    for bucket in &topology.buckets {
        folder.folder(&format!("s3/{bucket}"))?;
    }
    Ok(folder)
}

fn functions(
    topology: &Topology,
    settings: &FunctionSettings<'_>,
) -> Result<BTreeMap<String, Arc<Function>>, RunError> {
    let made = topology.functions.iter().map(|definition| {
        Ok((definition.name.clone(), Arc::new(Function::new(definition.clone(), settings)?)))
    });
    made.collect()
}

fn provide(streams: &StreamStore, stream: &Stream) -> Result<(), StreamError> {
    let settings = Settings {
        on_demand: stream.mode == StreamMode::OnDemand,
        retention_hours: u32::try_from(stream.retention.as_secs() / 3600).unwrap_or(u32::MAX),
        max_record_kib: stream.max_record_kib,
        ..Settings::default()
    };
    let (name, shards) = (stream.name.clone(), stream.shards);
    streams.provide(&NewStream { name, shards, settings, tags: BTreeMap::new() }, Now::system())?;
    Ok(())
}

/// Rounds to whole seconds, so that a status changes no faster than a person reads.
fn whole_seconds(milliseconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(milliseconds / 1000).unwrap_or(0))
}
