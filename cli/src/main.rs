//! The `kinflow` command.
//!
//! Exit codes: 0, done, and every record is accounted for; 1, records are missing or were refused; 2, it
//! could not run.

mod audit;
mod aws;
mod browser;
mod check;
mod completions;
mod decode;
mod enrich;
mod estimate;
mod event;
mod failed;
mod failures;
mod functions;
mod index_template;
mod items;
mod lock_file;
mod memory;
mod named;
mod output;
mod own_data;
mod place;
mod progress;
mod project;
mod put;
mod redrive;
mod report_page;
mod run;
mod runtime;
mod schema;
mod shards;
mod streams;
mod table;
mod tail;
mod terminal;
mod workspace;

use std::error::Error;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use edge::logging::chain;

/// Streaming pipelines on AWS Lambda: runs them on this machine, and looks into their data.
#[derive(Debug, Parser)]
#[command(name = "kinflow", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Decodes events, aggregates, gzip and failure objects to one JSON line for each user record.
    Decode(decode::Arguments),
    /// Scores texts: reads JSON lines, and writes their sentiment and keywords as JSON lines.
    Enrich(enrich::Arguments),
    /// Makes a project of data sets of your own.
    Init(project::InitArguments),
    /// Adds a data set to a project.
    Add(project::AddArguments),
    /// Runs files of your own, or the pipeline of a template, on this machine.
    Run(run::Arguments),
    /// Puts a file's records on a stream, and continues where it was interrupted.
    Put(Box<put::Arguments>),
    /// Finds what in a template loses records, fails when it is deployed, or allows too much.
    Check(check::Arguments),
    /// Says how many shards a load needs, and what a month of it costs, line by line.
    Estimate(Box<estimate::Arguments>),
    /// Shows the records of streams, as they come or as they are stored.
    Tail(Box<tail::Arguments>),
    /// Creates, describes, changes and deletes streams.
    Streams(streams::Arguments),
    /// Shows the shards of a stream, and splits, merges or scales them.
    Shards(shards::Arguments),
    /// Shows what failed, by reason: quarantine, batches that were given up, records that were not delivered.
    Failures(failures::Arguments),
    /// Feeds what failed back to where it came from, each record once.
    Redrive(redrive::Arguments),
    /// Proves that each record of a stream is kept once, and names those that are not.
    Audit(audit::Arguments),
    /// Makes events for tests, as the functions get them.
    Event(event::Arguments),
    /// Prints the completions for a shell.
    Completions(completions::CompletionArguments),
    /// Writes the man pages.
    Man(completions::ManArguments),
    /// Infers a schema from a file, or generates tables, templates and test data from a schema.
    Schema(schema::Arguments),
}

fn main() -> ExitCode {
    let outcome: Result<ExitCode, Box<dyn Error>> = match Arguments::parse().command {
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Enrich(arguments) => enrich::run(&arguments).map_err(Into::into),
        Command::Init(arguments) => project::init(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Add(arguments) => project::add(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Run(arguments) => {
            memory::give_back_at_once();
            run::run(arguments)
        }
        Command::Put(arguments) => put::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Estimate(arguments) => estimate::run(&arguments),
        Command::Tail(arguments) => tail::run(&arguments),
        Command::Streams(arguments) => streams::run(&arguments),
        Command::Shards(arguments) => shards::run(&arguments),
        Command::Failures(arguments) => failures::run(&arguments),
        Command::Redrive(arguments) => redrive::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Event(arguments) => event::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments, &mut Arguments::command()),
        Command::Man(arguments) => completions::man(&arguments, Arguments::command()),
        Command::Schema(arguments) => schema::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("kinflow: {}", terminal::line(&chain(&*error)));
        ExitCode::from(2)
    })
}
