//! A whole run: start, sources, drain, check, stop.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::RunError;
use crate::options::RunOptions;
use crate::pipeline::accounting;
use crate::pipeline::ledger::{Counts, FailedInvocations};
use crate::pipeline::machine::Machine;
use crate::pipeline::progress::{Progress, ProgressSender};
use crate::pipeline::report::Report;
use crate::pipeline::schedule;
use crate::pipeline::source::{self, SourceTallies};
use crate::pipeline::sweep;
use template::Topology;

/// How long scheduled invocations that are at work when a run is stopped may take to end.
const LAST_INVOCATIONS: Duration = Duration::from_secs(10);

/// Runs the pipeline of a template on this machine, and accounts for every record.
///
/// With inputs and `drain` it ends by itself; otherwise it runs until `drain` ends, and then delivers what is on the
/// streams. Once `end` ends, it stops at once, and reports what was done so far. `progress` is told what happens, from
/// this task. Every process ends with the run.
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
    let mut topology = template::read(&options.template, &options.parameters)?;
    leave_out_unbuilt(&mut topology, &options.binaries);
    source::check(&options, &topology)?;
    for reason in &topology.left_out {
        progress.send(Progress::Warning { message: reason.clone() });
    }
    let mut machine = Machine::start(&options, topology, progress).await?;
    let result = work(&mut machine, &options, drain, end).await;
    machine.shutdown().await;
    result
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
    machine: &mut Machine,
    options: &RunOptions,
    drain: impl Future<Output = ()>,
    end: impl Future<Output = ()>,
) -> Result<Report, RunError> {
    let sources = source::sources(machine, options)?;
    let scheduler = schedule::scheduler(machine, options)?;
    let tallies = SourceTallies::default();
    let progress = machine.progress.clone();
    progress.send(machine.ready());
    let begun = Instant::now();
    let until_the_end = async {
        source::run(&sources, &tallies, &progress).await;
        if !options.drain || options.inputs.is_empty() {
            std::future::pending::<()>().await;
        }
    };
    let schedules = async {
        scheduler.run().await;
        std::future::pending::<()>().await;
    };
    let mut end = std::pin::pin!(end);
    let mut ended = tokio::select! {
        () = until_the_end => None,
        () = schedules => None,
        () = drain => None,
        () = &mut end => Some(Ended::ByRequest),
        error = machine.failure() => return Err(error),
    };
    let mut problems = Vec::new();
    if ended.is_none() {
        tokio::select! {
            () = machine.asynchronous.finish(LAST_INVOCATIONS) => {}
            () = &mut end => ended = Some(Ended::ByRequest),
        }
    }
    if ended.is_none() {
        ended = machine.drain(options.drain_timeout, end).await?;
    }
    if ended.is_none() {
        problems = sweep::finish(machine).await;
    }
    let took = begun.elapsed();
    progress.send(Progress::Checking);
    let mut report = accounting::account(machine, &tallies, took).await?;
    report.problems.extend(problems);
    report.problems.extend(failed_invocations(&machine.ledger.counts()));
    report.problems.extend(ended.map(|ended| ended.to_string()));
    Ok(report)
}

/// Why a run ended before everything was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// A person did not want to wait.
    ByRequest,
    /// Nothing was taken for so long.
    ByTimeout(Duration),
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByRequest => formatter.write_str("the run was ended before everything was delivered")?,
            Self::ByTimeout(limit) => write!(
                formatter,
                "nothing was taken for {} s while the run drained (--drain-timeout)",
                limit.as_secs()
            )?,
        }
        formatter.write_str("; another run in the folder goes on with the rest")
    }
}

/// A schedule whose function fails is a problem, a line for each function.
fn failed_invocations(counts: &Counts) -> Vec<String> {
    let line = |failed: &FailedInvocations| match failed.count {
        1 => failed.reason.clone(),
        count => format!("{} (and {} more like it)", failed.reason, count - 1),
    };
    counts.failed_invocations.values().map(line).collect()
}
