//! Puts records on a stream of five shards at a steady rate, and prints what the process takes: arguments are seconds
//! (60) and records a second (5,000). Client and endpoint are in this one process.

use std::error::Error;
use std::time::Duration;

use edge::aws::kinesis_reader::StreamReader;
use edge::aws::{AwsCredentials, AwsSettings, KinesisSink};
use edge::put_records::{Entry, EntryOutcome, RecordSink};
use local::{KinesisEndpoint, StreamStore};

const STREAM: &str = "load";
const SHARDS: u32 = 5;
const BATCH: u64 = 500;
const RECORD_BYTES: usize = 200;
/// Batches between two lines.
const LINE_EVERY: u64 = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let seconds = arguments.next().transpose()?.unwrap_or(60);
    let rate = arguments.next().transpose()?.unwrap_or(5_000).max(1);
    let folder = tempfile::tempdir()?;
    let endpoint = KinesisEndpoint::start(0, StreamStore::open(folder.path())?).await?;
    let reader = StreamReader::local(endpoint.url());
    reader.create_stream(STREAM, SHARDS).await?;
    while !reader.is_active(STREAM).await? {
        tokio::task::yield_now().await;
    }
    let sink = sink(endpoint.url());
    let mut ticks = tokio::time::interval(Duration::from_secs(BATCH) / u32::try_from(rate)?);
    for batch in 0..seconds * rate / BATCH {
        ticks.tick().await;
        let entry = |number: u64| Entry::new(format!("key-{batch}-{number}"), vec![b'x'; RECORD_BYTES]);
        let outcomes = sink.put(&(0..BATCH).map(entry).collect::<Vec<_>>()).await?;
        if !outcomes.iter().all(|outcome| matches!(outcome, EntryOutcome::Accepted { .. })) {
            return Err("a record was refused".into());
        }
        if batch % LINE_EVERY == 0 {
            println!(
                "{:>9} records, {:>4} MB in memory, {} ms of CPU",
                (batch + 1) * BATCH,
                memory_mb()?,
                cpu_ms()?
            );
        }
    }
    endpoint.shutdown().await;
    Ok(())
}

fn sink(url: &str) -> KinesisSink {
    let keys = AwsCredentials {
        access_key_id: "any".to_owned(),
        secret_access_key: "any".to_owned(),
        session_token: None,
    };
    let aws = AwsSettings {
        region: "us-east-1".to_owned(),
        credentials: Some(keys),
        kinesis_endpoint_url: Some(url.to_owned()),
        ..AwsSettings::default()
    };
    KinesisSink::connect(STREAM, &aws)
}

/// Resident memory, as Linux tells it.
fn memory_mb() -> Result<u64, Box<dyn Error>> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let resident: u64 = pages.split(' ').nth(1).ok_or("statm has no second number")?.parse()?;
    Ok(resident * 4096 / 1_000_000)
}

/// Processor time so far, as Linux tells it in hundredths of a second.
fn cpu_ms() -> Result<u64, Box<dyn Error>> {
    let about = std::fs::read_to_string("/proc/self/stat")?;
    let (_, numbers) = about.rsplit_once(')').ok_or("stat has no name")?;
    let mut times = numbers.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let mut next =
        || times.next().ok_or("stat has no times").and_then(|time| time.map_err(|_| "stat has no number"));
    Ok((next()? + next()?) * 10)
}
