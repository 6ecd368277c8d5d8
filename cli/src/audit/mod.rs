//! `kinflow audit`: checks whether each record of a stream is kept once.
//!
//! - `kept`: finds what the consumer wrote, the quarantine, and batches that were given up.
//! - `verdict`: compares that with each record.

mod kept;
mod verdict;

use std::error::Error;
use std::pin::pin;
use std::process::ExitCode;

use clap::Args;
use edge::clock::now_ms;
use edge::logging::chain;
use edge::read_stream::{Event, READS_PER_S, ReadError, ReadSettings, read_stream};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::aws::{AwsArguments, advice};
use crate::failures::{Part, Reasons, in_bucket, in_file};
use crate::output::{Output, say};
use crate::place::Place;
use crate::redrive::{Keeper, Notes};
use crate::tail::when::Moment;
use crate::{runtime, terminal};
use kept::{Kept, every_given_up};
use verdict::Verdict;

/// How far the clocks of Kinesis and S3 may differ, in milliseconds. An object is newer than the records that it
/// covers.
const CLOCKS_MS: i64 = 3_600_000;

const AFTER_HELP: &str = "\
Examples:
  kinflow audit .kinflow --stream TweetsStream
  kinflow audit s3://my-data s3://my-failures --stream tweets --from 2h --to 10m

The stream is read from one time to another, and each of its records is looked for: in a line of enriched/, in
quarantine/, or in a batch that was given up and not redriven. Name the bucket of results and that of failures.
Records that the consumer has not read yet are not kept anywhere: use --to to end before them.
Exit codes: 0, each record is kept once; 1, some record is not; 2, the stream or the places could not be read.";

/// Which records are audited, and where they are looked for.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// A run's folder, or `s3://BUCKET` of results and of failures
    #[arg(required = true, value_name = "WHERE")]
    places: Vec<String>,
    /// The stream's name
    #[arg(long)]
    stream: String,
    /// The first record: start, 1h (ago) or @2026-11-25T10:00 (UTC)
    #[arg(long, default_value = "start", value_parser = Moment::parse, value_name = "WHEN")]
    from: Moment,
    /// The end: now, 10m (ago) or @2026-11-25T10:00
    #[arg(long, default_value = "now", value_parser = Moment::parse_end, value_name = "WHEN")]
    to: Moment,
    /// How the verdict is printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    aws: AwsArguments,
}

/// Compares the stream with what is kept of it. The exit code is 1 if a record is not kept exactly once.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    runtime::on_two_threads(audit(arguments))
}

async fn audit(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut place = Place::open(&arguments.places, &arguments.aws).await?;
    // The end is fixed before the kept records are read, so that a record that arrives meanwhile is not missed.
    let now_ms = now_ms();
    let from_ms = arguments.from.end_ms(now_ms);
    let reader = place.reader().await?;
    let kept = kept(&place, arguments, from_ms).await?;
    if kept.objects == 0 {
        eprintln!(
            "{}",
            terminal::line(&format!(
                "no object of enriched/ covers stream {:?}: an audit looks at what kinflow's consumer writes",
                arguments.stream
            ))
        );
    }
    let settings = ReadSettings {
        from: arguments.from.from(now_ms),
        to_ms: arguments.to.end_ms(now_ms),
        reads_per_s: READS_PER_S - 1,
        ..ReadSettings::default()
    };
    let mut verdict = Verdict::new(kept);
    let mut events = pin!(read_stream(reader, &arguments.stream, settings));
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Records(batch)) => {
                let looked = verdict.look_at(&batch.shard, &batch.records).await;
                looked.map_err(|error| chain(&error))?;
            }
            Ok(Event::Waits { reason, .. }) => eprintln!("{}", terminal::line(&reason)),
            Ok(Event::Began { .. } | Event::Ended { .. }) => {}
            Err(ReadError::Service(error)) => {
                return Err(match place.services() {
                    Ok(services) => advice(&arguments.stream, &services.aws, &error).into(),
                    Err(_) => format!("stream {:?}: {}", arguments.stream, chain(&error)).into(),
                });
            }
            Err(error @ ReadError::Asked(_)) => return Err(error.into()),
        }
    }
    place.close().await;
    say(arguments.output, &verdict.text(), &verdict.json());
    Ok(if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn kept(place: &Place, arguments: &Arguments, from_ms: Option<i64>) -> Result<Kept, Box<dyn Error>> {
    let (stream, filter) = (arguments.stream.as_str(), every_given_up());
    let since_ms = from_ms.map_or(0, |from_ms| from_ms - CLOCKS_MS);
    let mut kept = Kept::default();
    for bucket in &place.buckets {
        let failed = |error| place.advice(&bucket.name, &error);
        kept.add_objects(bucket, stream, since_ms).await.map_err(failed)?;
        kept.add_quarantine(bucket, stream).await.map_err(failed)?;
        let mut notes = Notes::new(Keeper::Bucket(bucket.store.clone()));
        let mut reasons = Reasons::default();
        let mut looked = in_bucket((bucket, Part::Batches), &filter, &mut reasons, 0);
        while let Some(looked) = looked.try_next().await.map_err(failed)? {
            if looked.items.as_ref().is_ok_and(Vec::is_empty) {
                continue;
            }
            notes.open_at(&looked.place).await.map_err(|error| chain(&error))?;
            kept.add_given_up(&looked, stream, &notes)?;
        }
    }
    for file in &place.files {
        let mut notes = Notes::beside(file);
        let looked = in_file(file, &filter, 0);
        notes.open_at(&looked.place).await.map_err(|error| chain(&error))?;
        kept.add_given_up(&looked, stream, &notes)?;
    }
    kept.sort();
    Ok(kept)
}
