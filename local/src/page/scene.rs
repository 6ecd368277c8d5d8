//! Everything of a run that its page reads and controls.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use edge::aws::S3Store;
use record_model::Schema;
use template::Topology;
use uuid::Uuid;

use super::answer::Refusal;
use super::watch::Watch;
use crate::aws::clock::Moment;
use crate::aws::kinesis::StreamStore;
use crate::aws::kinesis::store::{ShardCount, Stream};
use crate::aws::lambda::Function;
use crate::options::RunOptions;
use crate::pipeline::balance::waiting;
use crate::pipeline::bucket;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::machine::Machine;
use crate::pipeline::source::SourceTallies;
use crate::pipeline::takers::Takers;

/// A run, as its page sees it. Its parts are shared with the run itself.
pub(crate) struct Scene {
    /// An id that no other run has.
    pub(crate) run: String,
    pub(crate) started_ms: Moment,
    pub(crate) template: PathBuf,
    pub(crate) data_dir: PathBuf,
    /// The run's Kinesis, as any client calls it.
    pub(crate) kinesis: Router,
    pub(crate) kinesis_url: String,
    pub(crate) s3_url: String,
    pub(crate) topology: Topology,
    pub(crate) functions: BTreeMap<String, Arc<Function>>,
    pub(crate) streams: Arc<StreamStore>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) tallies: Arc<SourceTallies>,
    pub(crate) watch: Arc<Watch>,
    /// The data set and the schema of each stream.
    carried: BTreeMap<String, Carried>,
    /// The counts of each shard before any taker began.
    before: Vec<ShardCount>,
}

/// The data that a stream carries.
struct Carried {
    data_set: String,
    schema: Option<Schema>,
}

impl Scene {
    pub(crate) fn of(
        machine: &Machine,
        takers: &Takers,
        tallies: &Arc<SourceTallies>,
        options: &RunOptions,
    ) -> Self {
        let data_sets = &machine.data_sets;
        let carried = machine.topology.streams.iter().map(|stream| {
            let data_set = data_sets.of_stream(&stream.name).to_owned();
            let schema = data_sets.schema(&data_set).cloned();
            (stream.name.clone(), Carried { data_set, schema })
        });
        let (kinesis_url, s3_url) = machine.urls();
        Self {
            run: Uuid::new_v4().simple().to_string(),
            started_ms: machine.started_at_ms,
            template: options.template.clone(),
            data_dir: machine.folder.path().to_owned(),
            kinesis: machine.kinesis(),
            kinesis_url: kinesis_url.to_owned(),
            s3_url: s3_url.to_owned(),
            carried: carried.collect(),
            topology: machine.topology.clone(),
            functions: machine.functions.clone(),
            streams: Arc::clone(&machine.streams),
            ledger: Arc::clone(&machine.ledger),
            tallies: Arc::clone(tallies),
            watch: Arc::clone(&machine.watch),
            before: takers.before.clone(),
        }
    }

    /// The number of a stream's records that waited for a taker before this run.
    pub(crate) fn carried_over(&self, stream: &str, taker: &str) -> u64 {
        waiting(&self.before, stream, taker)
    }

    /// Finds a stream, which is one of the template's or was created by a client.
    pub(crate) fn stream(&self, name: &str) -> Result<Arc<Stream>, Refusal> {
        Ok(self.streams.stream(name)?)
    }

    /// The data set of a stream. A stream that is not in the template has a data set of its own name.
    pub(crate) fn data_set<'a>(&'a self, stream: &'a str) -> &'a str {
        self.carried.get(stream).map_or(stream, |carried| &carried.data_set)
    }

    /// The schema of a stream's records, if it is known.
    pub(crate) fn schema(&self, stream: &str) -> Option<&Schema> {
        self.carried.get(stream)?.schema.as_ref()
    }

    /// The schema of a data set.
    pub(crate) fn schema_of_set(&self, data_set: &str) -> Option<&Schema> {
        self.carried.values().find(|carried| carried.data_set == data_set)?.schema.as_ref()
    }

    /// Connects to a bucket of the run.
    pub(crate) fn bucket(&self, name: &str) -> Result<S3Store, Refusal> {
        if !self.topology.buckets.iter().any(|bucket| bucket == name) {
            return Err(Refusal::not_found(format!("bucket {name:?} is not in the template")));
        }
        bucket::connect(name, &self.s3_url).map_err(|error| Refusal::failed(&error))
    }

    pub(crate) fn function(&self, name: &str) -> Result<&Arc<Function>, Refusal> {
        self.functions.get(name).ok_or_else(|| Refusal::not_found(format!("function {name:?} is not there")))
    }
}
