//! A whole run: it starts, runs the sources, drains, checks and stops.

use std::fmt;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::RunError;
use crate::options::RunOptions;
use crate::page::{Page, Scene};
use crate::pipeline::account;
use crate::pipeline::machine::Machine;
use crate::pipeline::progress::{Progress, ProgressSender};
use crate::pipeline::report::Report;
use crate::pipeline::schedule;
use crate::pipeline::source::{self, SourceTallies};
use crate::pipeline::status;
use crate::pipeline::sweep;
use crate::pipeline::takers::Takers;
use template::Topology;

/// How long scheduled invocations that still run when a run is stopped may take to end.
const LAST_INVOCATIONS: Duration = Duration::from_secs(10);

/// Runs the pipeline of a template on this machine, and accounts for every record.
///
/// With inputs and `drain` it ends by itself. Otherwise it runs until `drain` ends, and then delivers what is
/// on the streams. Once `end` ends, it stops at once and reports what was done so far. `progress` is told
/// what happens, from this task. Every process ends with the run.
pub async fn run(
    options: RunOptions,
    progress: impl Fn(Progress),
    drain: impl Future<Output = ()>,
    end: impl Future<Output = ()>,
) -> Result<Report, RunError> {
    let (sender, mut events) = ProgressSender::channel();
    let mut work = std::pin::pin!(to_report(options, sender, drain, end));
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            Some(event) = events.recv() => progress(event),
        }
    };
    while let Ok(event) = events.try_recv() {
        progress(event);
    }
    result
}

async fn to_report(
    options: RunOptions,
    progress: ProgressSender,
    drain: impl Future<Output = ()>,
    end: impl Future<Output = ()>,
) -> Result<Report, RunError> {
    let mut topology = topology(&options)?;
    leave_out_unbuilt(&mut topology, &options.binaries);
    source::check(&options, &topology)?;
    for reason in &topology.left_out {
        progress.send(Progress::Warning { message: reason.clone() });
    }
    let machine = Machine::start(&options, topology, progress).await?;
    let mut takers = Takers::begin(&machine).await?;
    let result = work(&machine, &mut takers, &options, drain, end).await;
    takers.shutdown().await;
    machine.shutdown().await;
    result
}

/// What there is to run of the template.
fn topology(options: &RunOptions) -> Result<Topology, RunError> {
    let mut parameters = options.parameters.clone();
    if options.opensearch.is_some() {
        for (name, value) in template::search_parameters(&options.template)? {
            parameters.entry(name).or_insert(value);
        }
    }
    let mut topology = template::read(&options.template, &parameters)?;
    if options.opensearch.is_none() {
        topology.leave_out_searches("it delivers to OpenSearch, and --opensearch URL names no server");
    }
    Ok(topology)
}

/// Leaves out the functions of other projects that have no binary here, unless that is all of them.
fn leave_out_unbuilt(topology: &mut Topology, binaries: &Path) {
    let (built, unbuilt): (Vec<_>, Vec<_>) = topology
        .functions
        .clone()
        .into_iter()
        .partition(|function| binaries.join(&function.binary).is_file() || function.role.is_some());
    if built.is_empty() {
        return;
    }
    for function in unbuilt {
        let path = binaries.join(&function.binary);
        let runtime = function.runtime.unwrap_or_default();
        let reason = format!("its program {} for runtime {runtime:?} is not there", path.display());
        topology.leave_out_function(&function.name, &reason);
    }
}

async fn work(
    machine: &Machine,
    takers: &mut Takers,
    options: &RunOptions,
    drain: impl Future<Output = ()>,
    end: impl Future<Output = ()>,
) -> Result<Report, RunError> {
    let tallies = Arc::new(SourceTallies::default());
    let page = page(machine, takers, &tallies, options).await?;
    let begun = Instant::now();
    let mut end = pin!(end);
    let mut problems = Vec::new();
    let feed = Feed { tallies: &tallies, page_url: page.as_ref().map(Page::url) };
    let ended = tokio::select! {
        ended = to_the_end(machine, takers, options, (feed, drain)) => ended?,
        () = &mut end => Some(Ended::Request),
        () = status::tell(machine, &tallies) => None,
    };
    if ended.is_none() {
        problems = sweep::finish(machine).await;
    }
    let took = begun.elapsed();
    machine.begin_to_check();
    let mut report = account::account(machine, takers, &tallies, took).await;
    if let Some(page) = page {
        page.shutdown().await;
    }
    report.problems.extend(problems);
    report.problems.extend(ended.map(|ended| ended.to_string()));
    Ok(report)
}

/// The page of the run, where there is to be one.
async fn page(
    machine: &Machine,
    takers: &Takers,
    tallies: &Arc<SourceTallies>,
    options: &RunOptions,
) -> Result<Option<Page>, RunError> {
    let Some(settings) = &options.page else { return Ok(None) };
    Ok(Some(Page::start(Scene::of(machine, takers, tallies, options), settings).await?))
}

/// What is told of the sources, and where the page is.
struct Feed<'a> {
    tallies: &'a SourceTallies,
    page_url: Option<String>,
}

/// Feeds the streams until `drain` or the end of the inputs, and then has everything delivered.
async fn to_the_end(
    machine: &Machine,
    takers: &mut Takers,
    options: &RunOptions,
    (feed, drain): (Feed<'_>, impl Future<Output = ()>),
) -> Result<Option<Ended>, RunError> {
    let sources = source::sources(machine, options)?;
    let timers = schedule::scheduler(machine, options)?;
    machine.progress.send(machine.ready(feed.page_url));
    let inputs = async {
        source::run(&sources, feed.tallies, &machine.progress).await;
        if !options.drain || options.inputs.is_empty() {
            std::future::pending::<()>().await;
        }
    };
    let schedules = async {
        timers.run().await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = inputs => {}
        () = schedules => {}
        () = drain => {}
        error = takers.failure() => return Ok(Some(Ended::Failure(error))),
    }
    machine.begin_to_drain();
    machine.asynchronous.finish(LAST_INVOCATIONS).await;
    tokio::select! {
        drained = takers.drain(machine) => Ok(drained.err().map(Ended::Failure)),
        () = machine.ledger.idle_for(options.drain_timeout) => Ok(Some(Ended::Timeout(options.drain_timeout))),
    }
}

/// Why a run ended before everything was delivered.
#[derive(Debug)]
pub(crate) enum Ended {
    /// A person ended it.
    Request,
    /// No records were taken for this long.
    Timeout(Duration),
    /// A reader of a stream can't continue.
    Failure(RunError),
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => formatter.write_str("the run was ended before everything was delivered")?,
            Self::Timeout(limit) => write!(
                formatter,
                "no records were taken for {} s while the run drained (--drain-timeout)",
                limit.as_secs()
            )?,
            Self::Failure(error) => formatter.write_str(&edge::logging::chain(error))?,
        }
        formatter.write_str("; another run in the same folder delivers the rest")
    }
}
