//! `kinflow failures`: lists what failed, by reason.
//!
//! - `look`: reads everything that failed in a bucket or a file, one object after the other.
//! - `item`: one record or batch that failed.
//! - `reasons`: the transform's reasons for records that Firehose keeps without one.
//! - `groups`: counts and examples for each reason.

mod groups;
mod item;
mod look;
mod reasons;

use std::error::Error;
use std::process::ExitCode;

use clap::Args;
use edge::clock::now_ms;
use edge::logging::chain;
use futures::TryStreamExt as _;
use serde_json::json;

pub(crate) use groups::name;
#[cfg(test)]
pub(crate) use item::Why;
pub(crate) use item::{By, Content, Item, Record};
pub(crate) use look::{FilterArguments, Looked, Part, in_bucket, in_file};
pub(crate) use reasons::Reasons;

use crate::aws::AwsArguments;
use crate::output::{Output, say};
use crate::place::Place;
use crate::redrive::{Keeper, Notes, State};
use crate::{runtime, terminal};
use groups::{Group, Groups};

const AFTER_HELP: &str = "\
Examples:
  kinflow failures .kinflow                                  what failed in a local run
  kinflow failures s3://my-data s3://my-failures --since 1d  quarantine, failed/ and batches that were given up
  kinflow failures s3://my-data --function transform --output json
  kinflow failures messages.json                             documents of a queue (aws sqs receive-message) or a topic

Failures that `kinflow redrive` has fed again are counted separately.
Exit codes: 0, nothing waits to be redriven; 1, something does; 2, the places could not be searched.";

/// Where failures are looked for, and which ones.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Folders of runs, `s3://BUCKET` or `s3://BUCKET/PREFIX`, or files of what failed
    #[arg(required = true, value_name = "WHERE")]
    places: Vec<String>,
    #[command(flatten)]
    filter: FilterArguments,
    /// How the reasons are printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    aws: AwsArguments,
}

/// Prints what failed; exit code 1 where something did.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    runtime::on_two_threads(show(arguments))
}

async fn show(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let place = Place::open(&arguments.places, &arguments.aws).await?;
    let (now_ms, mut found) = (now_ms(), Found::default());
    for bucket in &place.buckets {
        let failed = |error| place.advice(&bucket.name, &error);
        let mut notes = Notes::new(Keeper::Bucket(bucket.store.clone()));
        let mut reasons = Reasons::of(bucket).await.map_err(failed)?;
        let mut looked = in_bucket((bucket, Part::All), &arguments.filter, &mut reasons, now_ms);
        while let Some(looked) = looked.try_next().await.map_err(failed)? {
            found.take(looked, &mut notes).await?;
        }
        drop(looked);
        let left = reasons.left();
        if left > 0 && bucket.prefix.is_empty() {
            eprintln!("{left} records that a transform refused are in no failure object (yet)");
        }
    }
    for file in &place.files {
        found.take(in_file(file, &arguments.filter, now_ms), &mut Notes::beside(file)).await?;
    }
    place.close().await;
    let (groups, unread) = (found.groups.sorted(), found.unread);
    say(arguments.output, &groups::text(&groups), &json!({"groups": groups, "unread": unread}));
    let waits = unread > 0 || groups.iter().any(Group::waits);
    Ok(if waits { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What was found so far.
#[derive(Default)]
struct Found {
    groups: Groups,
    /// The number of objects and files that could not be read. Each is reported when it is met.
    unread: u64,
}

impl Found {
    async fn take(&mut self, looked: Looked, notes: &mut Notes) -> Result<(), Box<dyn Error>> {
        let items = match looked.items {
            Ok(items) if items.is_empty() => return Ok(()),
            Ok(items) => items,
            Err(error) => {
                self.unread += 1;
                eprintln!("{}", terminal::line(&format!("{} can't be read: {error}", looked.place)));
                return Ok(());
            }
        };
        notes.open_at(&looked.place).await.map_err(|error| chain(&error))?;
        for item in items {
            let is_redriven = notes.state(&item.name()) == Some(&State::Done);
            self.groups.add(item, is_redriven);
        }
        Ok(())
    }
}
