//! `kinflow put`: the records of a file, of standard input, or of files that grow, to streams.

mod arguments;
mod bookmark;
mod follow;
mod lock;
mod patient;
mod piped;
mod quarantine_file;
pub(crate) mod signals;
mod summary;
mod watch;

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use edge::aws::{AwsSettings, KinesisSink};
use edge::clock::now_ms;
use edge::ingest::{FeedLimits, FeedReport, Ingest, IngestSettings};
use edge::logging::chain;
use edge::put_records::{EngineSettings, ShardRate, SinkError};
use edge::schema_source::load_schema;
use edge::sources::{FileForm, FileSource, ReadBytes};
use record_model::Schema;

pub(crate) use arguments::Arguments;
use bookmark::{Bookmark, Target};
use lock::lock;
use patient::Patient;
use piped::Piped;
use quarantine_file::QuarantineFile;
use signals::Stop;
use summary::Summary;
use watch::Watch;

use crate::aws::endpoint;

/// How long to wait for a stream that is being created or is out of reach.
const ACTIVE_WITHIN: Duration = Duration::from_mins(1);

/// Puts the file, from where an earlier run was interrupted if there was one. What was put is reported,
/// whatever fails afterwards.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    if let Some(config) = &arguments.follow {
        return follow::run(config, &arguments.aws);
    }
    let file = arguments.file.as_deref().unwrap_or(Path::new("-"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        if file.as_os_str() == "-" { put_input(arguments).await } else { put(arguments, file).await }
    });
    let Outcome { summary, failure } = outcome?;
    arguments.print(&summary)?;
    match failure {
        Some(failure) => Err(failure),
        None if summary.is_complete() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

/// What was put, and what failed, if something did.
struct Outcome {
    summary: Summary,
    failure: Option<Box<dyn Error>>,
}

async fn put(arguments: &Arguments, path: &Path) -> Result<Outcome, Box<dyn Error>> {
    let stop = Stop::on_signals()?;
    let aws = arguments.aws.settings().await?;
    let schema = load_schema(&arguments.schema, &aws).await?;
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| format!("{name}: {error}"))?;
    if file.metadata()?.is_dir() {
        return Err(format!("{name} is a folder, and one file is put at a time").into());
    }
    let _lock = lock(path, arguments.stream(), &endpoint(&aws))?;
    let ingest = ready(arguments, &schema, &aws, &stop).await?;
    let target = Target { endpoint: endpoint(&aws), stream: ingest.stream().identity.clone() };
    let (bookmark, starts_over) = Bookmark::open(path, &file, arguments.stream(), target)?;
    let resume = bookmark.resume();
    if let Some(why) = starts_over {
        eprintln!("starting over: {}", why.as_str());
    } else if resume.position > 0 {
        eprintln!("continuing at byte {}, where the last run was interrupted", resume.position);
    }
    let (open_shards, started) = (ingest.open_shards(), Instant::now());
    let quarantine = QuarantineFile::beside(path, arguments.stream());
    let mut watch = Watch::new(file.metadata()?.len(), resume.position, &bookmark);
    let form = FileForm { format: arguments.format(path), schema, name, ingested_at_ms: now_ms() };
    let source = FileSource::new(ReadBytes::new(file), form, resume.position);
    let limits = FeedLimits { stop: stop.flag, records_per_s: arguments.rate, ..FeedLimits::default() };
    let mut report = Box::pin(ingest.run(source, &quarantine, &mut watch, limits)).await;
    watch.clear();
    let kept = keep_place(&bookmark, &report);
    let failure = match (report.failure(), kept) {
        (Some(failure), kept) => {
            kept.unwrap_or_else(|error| eprintln!("warning: {error}"));
            Some(failure as Box<dyn Error>)
        }
        (None, kept) => kept.err(),
    };
    let summary = Summary::of(report, open_shards, started.elapsed(), quarantine.path());
    Ok(Outcome { summary, failure })
}

/// Puts standard input, which is read once: there is no place to go on from.
async fn put_input(arguments: &Arguments) -> Result<Outcome, Box<dyn Error>> {
    let stop = Stop::on_signals()?;
    let aws = arguments.aws.settings().await?;
    let schema = load_schema(&arguments.schema, &aws).await?;
    let ingest = ready(arguments, &schema, &aws, &stop).await?;
    let piped = tokio::select! {
        piped = Piped::open(std::io::stdin()) => piped?,
        () = stop.requested() => return Err("stopped before the first record was read".into()),
    };
    let (open_shards, started) = (ingest.open_shards(), Instant::now());
    let quarantine = QuarantineFile::beside(Path::new("stdin"), arguments.stream());
    let mut watch = Watch::of_input();
    let format = arguments.format_or(piped.format());
    let form = FileForm { format, schema, name: "stdin".to_owned(), ingested_at_ms: now_ms() };
    let source = Patient::over(FileSource::new(piped, form, 0), 0);
    let limits =
        FeedLimits { stop: stop.flag, records_per_s: arguments.rate, follows: true, ..FeedLimits::default() };
    let mut report = Box::pin(ingest.run(source, &quarantine, &mut watch, limits)).await;
    watch.clear();
    let failure = report.failure().map(|failure| failure as Box<dyn Error>);
    let summary = Summary::of(report, open_shards, started.elapsed(), quarantine.path()).of_input();
    Ok(Outcome { summary, failure })
}

/// The stream, once it takes records.
async fn ready(
    arguments: &Arguments,
    schema: &Schema,
    aws: &AwsSettings,
    stop: &Stop,
) -> Result<Ingest<KinesisSink>, Box<dyn Error>> {
    tokio::select! {
        ingest = open(arguments, schema, aws) => ingest,
        () = stop.requested() => Err("stopped before the first record was read".into()),
    }
}

async fn open(
    arguments: &Arguments,
    schema: &Schema,
    aws: &AwsSettings,
) -> Result<Ingest<KinesisSink>, Box<dyn Error>> {
    let place = format!("stream {:?} at {}", arguments.stream(), endpoint(aws));
    let settings = IngestSettings {
        packing: arguments.packing(),
        engine: EngineSettings {
            shard_rate: arguments.keep_shard_limits.then_some(ShardRate::KINESIS),
            ..EngineSettings::default()
        },
        max_record_bytes: None,
        active_by: tokio::time::Instant::now() + ACTIVE_WITHIN,
    };
    let on_wait = |error: &SinkError| {
        eprintln!("waiting up to {} s for {place}: {}", ACTIVE_WITHIN.as_secs(), chain(error));
    };
    let sink = KinesisSink::connect(arguments.stream(), aws);
    let opened = Ingest::open(sink, schema, settings, &on_wait).await;
    opened.map_err(|error| format!("can't put records on {place}: {}", chain(&error)).into())
}

/// A put that read nothing leaves the bookmark unchanged.
fn keep_place(bookmark: &Bookmark, report: &FeedReport) -> Result<(), Box<dyn Error>> {
    match &report.resume {
        _ if report.done => bookmark.remove(),
        Some(resume) if report.read > 0 => bookmark.save(resume),
        _ => Ok(()),
    }
}
