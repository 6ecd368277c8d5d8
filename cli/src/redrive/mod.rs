//! `kinflow redrive`: feeds what failed again to where it came from, and notes it, so that nothing is fed twice.
//!
//! - `plan`: where an item goes, or why it stays.
//! - `marks`: the notes on what was fed already, and `notes`: those of a whole bucket.
//! - `read_ahead`: reads failures while those that were found before are fed.
//! - `streams`: puts records on their streams.
//! - `batch`: invokes functions with batches that were given up. `event`, `fetch` and `coverage` help it.
//! - `account`: counts what was done.

mod account;
mod batch;
pub(crate) mod coverage;
mod event;
mod feed;
mod fetch;
mod marks;
mod notes;
mod plan;
mod read_ahead;
mod streams;

use std::error::Error;
use std::process::ExitCode;

use clap::Args;
use edge::clock::now_ms;

use crate::aws::AwsArguments;
use crate::failures::{FilterArguments, Part, Reasons, in_bucket, in_file};
use crate::output::{Output, say};
use crate::place::Place;
use crate::runtime;
use feed::Feed;
use read_ahead::feed_all;

pub(crate) use marks::{Keeper, State};
pub(crate) use notes::Notes;

const AFTER_HELP: &str = "\
Examples:
  kinflow redrive s3://my-data s3://my-failures --dry-run        what would go where
  kinflow redrive s3://my-data --function consumer --reason bad_field --since 1d
  kinflow redrive s3://my-failures                               batches that were given up, each record stored once
  kinflow redrive messages.json                                  batches told by a queue or a topic, from the stream
  kinflow redrive crime.csv.quarantine.ndjson --stream crime
  kinflow redrive .kinflow                                       a local run that is at work in another terminal

Records in quarantine and those that a transform refused are put on their stream, so every reader of it gets them. A batch
that was given up is sent to its function with the original event, so that what is stored already is not stored again.
What was fed is noted below state/redriven/ in the same bucket, or beside the file.
Exit codes: 0, everything was fed; 1, something failed or is unsure, and another redrive feeds the rest; 2, it could not begin.";

/// What is fed again, and where it goes.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Folders of runs, `s3://BUCKET` or `s3://BUCKET/PREFIX`, or files of what failed
    #[arg(required = true, value_name = "WHERE")]
    places: Vec<String>,
    #[command(flatten)]
    filter: FilterArguments,
    /// Put records on this stream, whichever stream they came from
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// Invoke this function with batches that were given up, whichever function they were meant for
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// Print what would go where, and feed nothing
    #[arg(long)]
    dry_run: bool,
    /// Feed at most this many records and batches
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
    /// Feed those records again that a killed redrive may have fed
    #[arg(long)]
    unsure: bool,
    /// How the account is printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    aws: AwsArguments,
}

/// Feeds what failed, and prints the account. The exit code is 1 if something is left.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    runtime::on_two_threads(redrive(arguments))
}

async fn redrive(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let place = Place::open(&arguments.places, &arguments.aws).await?;
    let mut feed = Feed::new(&place, arguments);
    // Batches come first, because records that are put on a stream keep its function busy with the same shards.
    for part in [Part::Batches, Part::Records] {
        feed_buckets(&mut feed, &place, part, arguments).await?;
    }
    for file in &place.files {
        feed.keep_in(Notes::beside(file));
        feed.take(in_file(file, &arguments.filter, now_ms())).await?;
        feed.flush().await?;
    }
    let account = feed.into_account();
    say(arguments.output, &account.text(arguments.dry_run), &account.json(arguments.dry_run));
    let is_complete = account.is_complete();
    place.close().await;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn feed_buckets(
    feed: &mut Feed<'_>,
    place: &Place,
    part: Part,
    arguments: &Arguments,
) -> Result<(), Box<dyn Error>> {
    for bucket in &place.buckets {
        let failed = |error| place.advice(&bucket.name, &error);
        feed.keep_in(Notes::new(Keeper::Bucket(bucket.store.clone())));
        let mut reasons = match part {
            Part::Batches => Reasons::default(),
            Part::All | Part::Records => Reasons::of(bucket).await.map_err(failed)?,
        };
        let looked = in_bucket((bucket, part), &arguments.filter, &mut reasons, now_ms());
        let (all_read, all_taken) = feed_all(feed, looked).await;
        all_taken?;
        all_read.map_err(failed)?;
        feed.flush().await?;
    }
    Ok(())
}
