//! Everything of a template started on this machine: endpoints, functions, mappings, deliveries.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edge::aws::S3Store;
use edge::aws::kinesis_reader::StreamReader;
use record_model::layout::CursorKey;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::aws::clock::{Clock, SystemClock, now_ms};
use crate::aws::event::Observer;
use crate::aws::event_source::{Destination, Mapping};
use crate::aws::fence::{Fence, Served};
use crate::aws::firehose::{Bucket, DeliveryError, Firehose, Ports};
use crate::aws::kinesis::store::{NewStream, Now, Settings, Start};
use crate::aws::kinesis::{KinesisEndpoint, KinesisOptions, StreamStore};
use crate::aws::lambda::{Asynchronous, Function, FunctionSettings, ServiceUrls};
use crate::aws::observers::Observers;
use crate::aws::s3::S3Endpoint;
use crate::aws::stream::source::{StreamError, StreamSource};
use crate::aws::stream::{Flow, Phase};
use crate::error::RunError;
use crate::options::RunOptions;
use crate::pipeline::bucket::{self, StorageError};
use crate::pipeline::data_set;
use crate::pipeline::delivery_progress::DeliveryProgress;
use crate::pipeline::folder::{DataFolder, FolderError};
use crate::pipeline::ledger::Ledger;
use crate::pipeline::progress::{Progress, ProgressSender};
use crate::run::Ended;
use template::{ACCOUNT, DeliveryStream, KinesisMapping, OnFailure, REGION, Stream, StreamMode, Topology};

/// A template at work.
pub(crate) struct Machine {
    pub(crate) folder: DataFolder,
    pub(crate) topology: Topology,
    /// The data set of each stream.
    pub(crate) data_sets: BTreeMap<String, String>,
    pub(crate) functions: BTreeMap<String, Arc<Function>>,
    pub(crate) mappings: Vec<Arc<Mapping>>,
    pub(crate) reader: StreamReader,
    pub(crate) started_at_ms: i64,
    pub(crate) progress: ProgressSender,
    pub(crate) ledger: Arc<Ledger>,
    /// Is told of everything that happens.
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) asynchronous: Arc<Asynchronous>,
    streams: Arc<StreamStore>,
    flow: Arc<Flow>,
    workers: JoinSet<Result<(), RunError>>,
    kinesis: KinesisEndpoint,
    s3: S3Endpoint,
    fence: Fence,
}

impl Machine {
    /// Starts everything but the sources.
    pub(crate) async fn start(
        options: &RunOptions,
        topology: Topology,
        progress: ProgressSender,
    ) -> Result<Self, RunError> {
        let folder = DataFolder::take(&options.data_dir)?;
        if options.fresh
            && let Some(aside) = folder.put_aside()?
        {
            let message = format!("what earlier runs left is in {} now", aside.display());
            progress.send(Progress::Note { message });
        }
        let (logs, buckets) = (folder.folder("logs")?, folder.folder("s3")?);
        for bucket in &topology.buckets {
            folder.folder(&format!("s3/{bucket}"))?;
            forget_cursors(&buckets.join(bucket))?;
        }
        let ledger = Arc::new(Ledger::default());
        let data_sets = data_set::by_stream(&topology);
        let told = DeliveryProgress::new(&topology, &data_sets, progress.clone());
        let observers: Vec<Arc<dyn Observer>> =
            vec![Arc::clone(&ledger) as _, Arc::new(told), Arc::new(progress.clone())];
        let observer: Arc<dyn Observer> = Arc::new(Observers::new(observers));
        let streams = StreamStore::observed(&folder.folder("streams")?, Some(Arc::clone(&observer)))?;
        for stream in &topology.streams {
            make_stream(&streams, stream)?;
        }
        let kinesis = KinesisOptions {
            port: options.kinesis_port,
            throttles: options.throttle,
            allowed_origins: options.allowed_origins.clone(),
        };
        let kinesis = KinesisEndpoint::start_with(kinesis, Arc::clone(&streams)).await?;
        let s3 = S3Endpoint::start_for(&buckets, options.s3_port, options.allowed_origins.clone()).await?;
        let served = Served { kinesis: kinesis.router(), s3: s3.router() };
        let fence = Fence::start(served, Arc::clone(&observer)).await?;
        let services =
            ServiceUrls { kinesis: kinesis.url().to_owned(), s3: s3.url().to_owned(), others: fence.url() };
        let settings = FunctionSettings {
            binaries: &options.binaries,
            logs: &logs,
            services,
            observer: Arc::clone(&observer),
        };
        let functions = functions(&topology, &settings)?;
        let reader = StreamReader::local(kinesis.url());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let mut machine = Self {
            folder,
            ledger,
            asynchronous: Arc::new(Asynchronous::new(Arc::clone(&clock), Arc::clone(&observer))),
            clock,
            observer,
            streams,
            data_sets,
            topology,
            functions,
            mappings: Vec::new(),
            reader,
            started_at_ms: now_ms(),
            progress,
            flow: Flow::new(),
            workers: JoinSet::new(),
            kinesis,
            s3,
            fence,
        };
        machine.start_workers(&options.data_dir.join("failed"))?;
        Ok(machine)
    }

    fn start_workers(&mut self, failed: &Path) -> Result<(), RunError> {
        for settings in self.topology.mappings.clone() {
            let function = settings.function.clone();
            let Some(mapping) = self.mapping(settings, failed)? else { continue };
            self.mappings.push(Arc::clone(&mapping));
            let work = mapping.run(self.reader.clone(), self.flow.reader());
            self.workers.spawn(async { work.await.map_err(|source| RunError::Mapping { function, source }) });
        }
        for settings in self.topology.deliveries.clone() {
            let delivery = settings.name.clone();
            let firehose = self.firehose(&settings)?;
            let work = until_stopped(firehose, self.flow.phase());
            self.workers
                .spawn(async { work.await.map_err(|source| RunError::Delivery { delivery, source }) });
        }
        Ok(())
    }

    fn mapping(&self, settings: KinesisMapping, failed: &Path) -> Result<Option<Arc<Mapping>>, RunError> {
        let Some(function) = self.functions.get(&settings.function).cloned() else { return Ok(None) };
        let bucket = match &settings.on_failure {
            Some(OnFailure::Bucket(bucket)) => Some(self.bucket(bucket)?),
            Some(OnFailure::Messages) | None => None,
        };
        let destination = Destination::new(settings.uuid.clone(), bucket, failed.join(&settings.function));
        Ok(Some(Arc::new(Mapping {
            data_set: self.data_set_of(&settings.stream),
            stream_arn: format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{}", settings.stream),
            settings,
            function,
            destination,
            flow: Arc::clone(&self.flow),
            progress: self.progress.clone(),
            tally: Mutex::default(),
        })))
    }

    fn firehose(&mut self, settings: &DeliveryStream) -> Result<Firehose, RunError> {
        let function =
            settings.processing.as_ref().and_then(|processing| self.functions.get(&processing.function));
        let backup = settings.backup.as_ref().map(|backup| self.bucket(&backup.bucket)).transpose()?;
        let taker = format!("delivery stream {}", settings.name);
        let source = self.source(&settings.stream, &taker, Start::TrimHorizon)?;
        let ports = Ports {
            function: function.map(|function| Arc::clone(function) as _),
            bucket: Arc::new(Bucket(self.bucket(&settings.bucket)?)),
            backup: backup.map(|bucket| Arc::new(Bucket(bucket)) as _),
            source,
            clock: Arc::clone(&self.clock),
            observer: Arc::clone(&self.observer),
        };
        let delivery = settings.name.clone();
        Firehose::new(settings, ports).map_err(|source| RunError::Prefix { delivery, source })
    }

    /// What the taker of this name reads the stream through. It begins at `start`, or where an earlier run left it.
    fn source(&self, stream: &str, taker: &str, start: Start) -> Result<Arc<dyn StreamSource>, StreamError> {
        Ok(Arc::new(self.streams.taker(stream, taker, start)?))
    }

    /// A client for a bucket of this machine.
    pub(crate) fn bucket(&self, name: &str) -> Result<S3Store, StorageError> {
        Ok(bucket::connect(name, self.s3.url())?)
    }

    pub(crate) fn data_set_of(&self, stream: &str) -> String {
        self.data_sets.get(stream).cloned().unwrap_or_else(|| stream.to_owned())
    }

    pub(crate) fn ready(&self) -> Progress {
        Progress::Ready { kinesis_url: self.kinesis.url().to_owned(), s3_url: self.s3.url().to_owned() }
    }

    /// Waits until a worker fails. Workers that end in peace, on a stream that was deleted, are no failure.
    pub(crate) async fn failure(&mut self) -> RunError {
        loop {
            match self.workers.join_next().await {
                Some(joined) => {
                    if let Err(error) =
                        joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
                    {
                        return error;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }

    /// Delivers everything that is on the streams, closes windows, writes buffers, and stops the workers. It ends early,
    /// and says why, by `end`, and where no taker took anything for `patience`.
    pub(crate) async fn drain(
        &mut self,
        patience: Duration,
        end: impl Future<Output = ()>,
    ) -> Result<Option<Ended>, RunError> {
        self.progress.send(Progress::Draining);
        self.flow.enter(Phase::Draining);
        let flow = Arc::clone(&self.flow);
        let streams = Arc::clone(&self.streams);
        let done = async {
            flow.settled().await;
            streams.drained().await;
        };
        let ledger = Arc::clone(&self.ledger);
        tokio::select! {
            () = done => {}
            () = end => return Ok(Some(Ended::ByRequest)),
            () = ledger.idle_for(patience) => return Ok(Some(Ended::ByTimeout(patience))),
            error = self.failure() => return Err(error),
        }
        self.flow.enter(Phase::Stopped);
        while let Some(joined) = self.workers.join_next().await {
            joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        }
        Ok(None)
    }

    /// Ends every process and both endpoints.
    pub(crate) async fn shutdown(mut self) {
        self.workers.shutdown().await;
        for function in self.functions.values() {
            function.shutdown().await;
        }
        drop((self.mappings, self.reader));
        self.fence.shutdown().await;
        self.s3.shutdown().await;
        self.kinesis.shutdown().await;
    }
}

/// Runs a delivery stream until the run stops; once it drains, nothing waits for a full buffer.
async fn until_stopped(firehose: Firehose, phase: watch::Receiver<Phase>) -> Result<(), DeliveryError> {
    let (mut draining, mut stopped) = (phase.clone(), phase);
    let drain = async {
        let _ = draining.wait_for(|phase| *phase != Phase::Running).await;
    };
    tokio::select! {
        done = firehose.run(drain) => done,
        _ = stopped.wait_for(|phase| *phase == Phase::Stopped) => Ok(()),
    }
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

/// A run's streams begin empty, as its cursors do.
fn make_stream(streams: &StreamStore, stream: &Stream) -> Result<(), StreamError> {
    match streams.delete(&stream.name) {
        Ok(()) | Err(StreamError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
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

/// A cursor says what is on a stream already, and this run's streams begin empty.
fn forget_cursors(bucket: &Path) -> Result<(), RunError> {
    let path = bucket.join(CursorKey::PREFIX);
    match std::fs::remove_dir_all(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(FolderError::Storage { path, source }.into())
        }
        _ => Ok(()),
    }
}
