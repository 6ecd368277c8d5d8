//! `kinflow put`: a file's records to a stream.

mod arguments;
mod cursor_file;
mod progress;
mod quarantine_file;
mod summary;

use std::error::Error;
use std::fs::File;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use edge::aws::{AwsCredentials, AwsSettings, KinesisSink};
use edge::ingest::{FeedLimits, FeedReport, feed};
use edge::put_records::{Engine, EngineSettings, Packer, RecordSink, ShardRate, wait_until_active};
use edge::schema_source::load_schema;
use edge::settings::Settings;
use edge::sources::{CsvSource, JsonLinesSource, MaybeGzip, ReadBytes, Source};

pub(crate) use arguments::Arguments;
use arguments::Format;
use cursor_file::CursorFile;
use progress::Bar;
use quarantine_file::QuarantineFile;
use summary::Summary;

/// How long a stream that is being made is waited for.
const ACTIVE_WITHIN: Duration = Duration::from_mins(1);

/// Puts the file, from where an earlier run was interrupted if there was one.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let summary = runtime.block_on(put(arguments))?;
    arguments.print(&summary)?;
    Ok(if summary.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn put(arguments: &Arguments) -> Result<Summary, Box<dyn Error>> {
    let aws = aws(arguments);
    let schema = load_schema(&arguments.schema, &aws).await?;
    let file = File::open(&arguments.file).map_err(|error| arguments.file_error(&error))?;
    let mut cursor = CursorFile::open(&arguments.file, &arguments.stream, &file)?;
    let resume = cursor.resume();
    if resume.position > 0 {
        eprintln!("going on at byte {} where the last run was interrupted", resume.position);
    }
    let sink = KinesisSink::connect(&arguments.stream, &aws);
    let stream = wait_until_active(&sink, tokio::time::Instant::now() + ACTIVE_WITHIN).await?;
    if stream.ignores_keys && arguments.keys_matter() {
        return Err(
            "the stream spreads records as it likes (AUTO): keys, order and aggregates can't be kept".into(),
        );
    }
    let shards = sink.shards().await?;
    let open_shards = shards.shards().len();
    let packer = Packer::new(arguments.packing(), schema.clone(), stream.max_record_bytes)?;
    let settings = EngineSettings {
        record_bytes: stream.max_record_bytes,
        order_per_key: arguments.order_per_key,
        shard_rate: arguments.keep_shard_limits.then_some(ShardRate::KINESIS),
        ..EngineSettings::default()
    };
    let engine = Engine::new(sink, settings, shards);
    let stop = stopped_by_ctrl_c();
    let limits = FeedLimits { stop, records_per_s: arguments.rate, ..FeedLimits::default() };
    let mut quarantine = QuarantineFile::beside(&arguments.file, &arguments.stream);
    let mut bar = Bar::new(file.metadata()?.len());
    let started = Instant::now();
    let bytes = MaybeGzip::new(ReadBytes::new(file));
    let report = match arguments.format() {
        Format::Csv => {
            let name = arguments.file.display().to_string();
            let source = CsvSource::new(bytes, schema, name, now_ms(), resume.position);
            send(source, packer, engine, &mut quarantine, &mut bar, limits).await
        }
        Format::JsonLines => {
            let source = JsonLinesSource::new(bytes, schema, resume.position);
            send(source, packer, engine, &mut quarantine, &mut bar, limits).await
        }
    };
    bar.clear();
    cursor.save(&report, resume)?;
    Summary::of(report, open_shards, started.elapsed(), quarantine.path())
}

async fn send<S: Source>(
    source: S,
    packer: Packer,
    engine: Engine,
    quarantine: &mut QuarantineFile,
    bar: &mut Bar,
    limits: FeedLimits,
) -> FeedReport {
    Box::pin(feed(source, packer, engine, quarantine, bar, limits)).await
}

/// The environment's settings, with those of the command line over them.
fn aws(arguments: &Arguments) -> AwsSettings {
    let mut aws = AwsSettings::read(&Settings::from_env());
    if let Some(url) = &arguments.endpoint_url {
        aws.kinesis_endpoint_url = Some(url.clone());
    }
    if let Some(region) = &arguments.region {
        aws.region.clone_from(region);
    }
    let is_local = |url: &String| url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost");
    if aws.credentials.is_none() && aws.kinesis_endpoint_url.as_ref().is_some_and(is_local) {
        // A server on this machine wants a signature and looks at no key.
        let any = || "local".to_owned();
        aws.credentials =
            Some(AwsCredentials { access_key_id: any(), secret_access_key: any(), session_token: None });
    }
    aws
}

/// Set by the first Ctrl-C; what is on its way is then waited for. The second one ends the process.
fn stopped_by_ctrl_c() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            eprintln!("stopping: waiting for what is on its way");
            stopped.store(true, Ordering::Relaxed);
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
    stop
}

fn now_ms() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

impl Arguments {
    fn file_error(&self, error: &io::Error) -> Box<dyn Error> {
        format!("{}: {error}", self.file.display()).into()
    }
}
