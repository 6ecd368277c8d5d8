//! A whole run: start, sources, drain, check, stop.

use std::time::Instant;

use crate::error::RunError;
use crate::options::RunOptions;
use crate::pipeline::accounting;
use crate::pipeline::machine::Machine;
use crate::pipeline::progress::{Progress, ProgressSender};
use crate::pipeline::report::Report;
use crate::pipeline::source::{self, SourceTallies};
use crate::pipeline::sweep;

/// Runs the pipeline of a template on this machine, and accounts for every record.
///
/// With inputs and `drain` it ends by itself; else it runs until `stop`, and then delivers what is on
/// the streams. `progress` is told what happens, from this task. Every process ends with the run.
pub async fn run(
    options: RunOptions,
    progress: impl Fn(Progress),
    stop: impl Future<Output = ()>,
) -> Result<Report, RunError> {
    let (sender, mut events) = ProgressSender::channel();
    let mut work = std::pin::pin!(to_report(options, sender, stop));
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
    stop: impl Future<Output = ()>,
) -> Result<Report, RunError> {
    let topology = template::read(&options.template, &options.parameters)?;
    source::check(&options, &topology)?;
    for reason in &topology.left_out {
        progress.send(Progress::Warning { message: reason.clone() });
    }
    let mut machine = Machine::start(&options, topology, progress).await?;
    let result = work(&mut machine, &options, stop).await;
    machine.shutdown().await;
    result
}

async fn work(
    machine: &mut Machine,
    options: &RunOptions,
    stop: impl Future<Output = ()>,
) -> Result<Report, RunError> {
    let sources = source::sources(machine, options)?;
    let sweeps = sweep::sweeps(machine)?;
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
    tokio::select! {
        () = until_the_end => {}
        () = sweep::run(&sweeps, &progress) => {}
        () = stop => {}
        error = machine.failure() => return Err(error),
    }
    machine.drain().await?;
    let problems = sweep::finish(&sweeps).await;
    let took = begun.elapsed();
    progress.send(Progress::Checking);
    let mut report = accounting::account(machine, &tallies, took).await?;
    report.problems.extend(problems);
    Ok(report)
}
