//! `kinflow shards`: shows the hash ring of a stream, and splits, merges and scales its shards.

mod plan;
mod ring;

use std::error::Error;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use edge::aws::AwsSettings;
use edge::aws::kinesis_reader::{Shard, StreamReader};
use edge::aws::kinesis_streams::Streams;
use edge::clock::now_ms;
use edge::read_stream::{Event, From, ReadSettings, read_stream};
use futures::StreamExt;
use record_model::keys::hash_key;

pub(crate) use ring::{ruled, short};

use crate::aws::advice;
use crate::output::say;
use crate::runtime;
use crate::streams::{Common, until_active};
use plan::{At, Change};

const AFTER_HELP: &str = "\
Examples:
  kinflow shards crime                                   table and picture of the hash ring
  kinflow shards split crime shardId-000000000000        at the middle
  kinflow shards split crime shardId-000000000000 --at load --dry-run
  kinflow shards merge crime shardId-000000000001 shardId-000000000002
  kinflow shards scale crime 8 --dry-run

A change is printed before it is made, and waited for until it is done. At most twice, at least half of the shards
are reached in one step, so `scale` takes several where it has to; AWS allows ten of them in 24 hours.
Exit codes: 0, done; 2, it could not be done.";

/// Shows the shards of a stream, and splits, merges or scales them.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    /// The stream's name
    #[arg(required = true)]
    stream: Option<String>,
    /// Show closed shards too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Splits an open shard in two
    Split {
        /// The stream's name
        stream: String,
        /// The shard's id
        shard: String,
        /// Where to split: middle; load, which halves the records of the last five minutes;
        /// key:PARTITION-KEY; or a hash key
        #[arg(long, default_value = "middle", value_parser = At::parse, value_name = "WHERE")]
        at: At,
        #[command(flatten)]
        change: ChangeArguments,
    },
    /// Merges two open shards whose hash keys are adjacent
    Merge {
        /// The stream's name
        stream: String,
        /// One shard's id
        shard: String,
        /// The other shard's id
        adjacent: String,
        #[command(flatten)]
        change: ChangeArguments,
    },
    /// Changes the stream to this many shards with even ranges
    Scale {
        /// The stream's name
        stream: String,
        /// How many shards there will be
        #[arg(value_parser = clap::value_parser!(u32).range(1..=20_000))]
        shards: u32,
        #[command(flatten)]
        change: ChangeArguments,
    },
}

#[derive(Debug, Args)]
struct ChangeArguments {
    /// Print the plan, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

/// Shows the ring, or changes it and waits until that is done.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    runtime::on_one_thread(act(arguments))?;
    Ok(ExitCode::SUCCESS)
}

async fn act(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Some(command) = &arguments.command else {
        let stream = arguments.stream.as_deref().unwrap_or_default();
        let aws = arguments.common.aws.settings().await?;
        let mut shards = shards(stream, &aws).await?;
        if !arguments.all {
            shards.retain(|shard| !shard.closed);
        }
        say(arguments.common.output, &ring::text(&shards), &ring::json(&shards));
        return Ok(());
    };
    let (Command::Split { stream, change, .. }
    | Command::Merge { stream, change, .. }
    | Command::Scale { stream, change, .. }) = command;
    let aws = change.common.aws.settings().await?;
    let shards = shards(stream, &aws).await?;
    let changes = match command {
        Command::Split { shard, at, .. } => {
            let shard = plan::open(&shards, shard)?;
            let loads = if *at == At::Load { load(stream, shard, &aws).await? } else { Vec::new() };
            vec![plan::split(shard, at, loads)?]
        }
        Command::Merge { shard, adjacent, .. } => vec![plan::merge(&shards, shard, adjacent)?],
        Command::Scale { shards: wanted, .. } => plan::scale(&shards, *wanted),
    };
    make(stream, &aws, &changes, change.dry_run).await
}

async fn make(
    stream: &str,
    aws: &AwsSettings,
    changes: &[Change],
    dry_run: bool,
) -> Result<(), Box<dyn Error>> {
    if changes.is_empty() {
        eprintln!("nothing to change");
    }
    let streams = Streams::connect(aws);
    for change in changes {
        eprintln!("{}{}", if dry_run { "would " } else { "" }, change.text());
        if dry_run {
            continue;
        }
        let called = match change {
            Change::Split { shard, at } => streams.split(stream, shard, *at).await,
            Change::Merge { shard, adjacent } => streams.merge(stream, shard, adjacent).await,
            Change::Scale { to, .. } => streams.scale(stream, *to).await,
        };
        called.map_err(|error| advice(stream, aws, &error))?;
        until_active(&streams, stream).await.map_err(|error| advice(stream, aws, &error))?;
    }
    Ok(())
}

async fn shards(stream: &str, aws: &AwsSettings) -> Result<Vec<Shard>, Box<dyn Error>> {
    let mut shards =
        StreamReader::connect(aws).shards(stream).await.map_err(|error| advice(stream, aws, &error))?;
    shards.sort_by_key(|shard| (shard.closed, *shard.hash_keys.start()));
    Ok(shards)
}

/// The hash keys of the records of the last five minutes, as far as partition keys show them: readers are not
/// told explicit hash keys.
async fn load(stream: &str, shard: &Shard, aws: &AwsSettings) -> Result<Vec<u128>, Box<dyn Error>> {
    const BACK_MS: i64 = 300_000;
    const MAX_RECORDS: u64 = 100_000;
    let settings = ReadSettings {
        from: From::Time(now_ms() - BACK_MS),
        to_ms: Some(now_ms()),
        only_shard: Some(shard.id.clone()),
        max_records: Some(MAX_RECORDS),
        ..ReadSettings::default()
    };
    let mut events = std::pin::pin!(read_stream(StreamReader::connect(aws), stream, settings));
    let mut keys = Vec::new();
    while let Some(event) = events.next().await {
        if let Event::Records(batch) = event? {
            keys.extend(batch.records.iter().map(|record| hash_key(&record.partition_key)));
        }
    }
    Ok(keys)
}
