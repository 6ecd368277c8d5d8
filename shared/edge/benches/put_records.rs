//! Records per CPU second through the engine and from a CSV file to it, and the memory a long file takes.
//!
//! `cargo bench -p edge --bench put_records`; `-- GIGABYTES` for a longer file than 1 GB. CPU time and
//! peak memory are those Linux keeps of this process.

use std::fs;
use std::process::ExitCode;

use bytes::Bytes;
use edge::BoxError;
use edge::ingest::{Feed, FeedLimits, Quarantine, Rejected, feed};
use edge::put_records::{
    Compression, Engine, EngineSettings, Entry, EntryOutcome, OpenShard, Packer, Packing, RecordSink,
    ShardMap, SinkError, StreamSummary,
};
use edge::sources::{ByteSource, CsvSource, SourceError};
use record_model::Schema;
use record_model::keys::even_ranges;

const SHARDS: u32 = 4;

/// Acknowledges everything and keeps nothing.
#[derive(Clone, Copy)]
struct YesSink;

impl RecordSink for YesSink {
    async fn put(&self, entries: &[Entry]) -> Result<Vec<EntryOutcome>, SinkError> {
        let shard_id = || "shardId-000000000000".to_owned();
        Ok(entries.iter().map(|_| EntryOutcome::Accepted { shard_id: shard_id() }).collect())
    }

    async fn shards(&self) -> Result<ShardMap, SinkError> {
        // The answers name one shard for all, so a map of more would be read again and again.
        Ok(ShardMap::default())
    }

    async fn summary(&self) -> Result<StreamSummary, SinkError> {
        Err(SinkError::Unavailable("not asked for here".into()))
    }
}

/// A made-up CSV of so many bytes that is never in memory as a whole.
struct LongCsv {
    header: Option<Bytes>,
    rows: Bytes,
    left: u64,
}

impl LongCsv {
    fn new(bytes: u64) -> Self {
        let header = "cdatetime,address,district,beat,grid,crimedescr,ucr_ncic_code,latitude,longitude\r";
        let row = |n: u32| {
            format!(
                "1/{}/06 {}:{:02},{} EXAMPLE STREET,{},{}C        ,{},459 PC  MADE-UP OFFENCE,{},38.{:06},-121.{:06}\r",
                1 + n % 31,
                n % 24,
                n % 60,
                100 + n,
                1 + n % 6,
                1 + n % 6,
                100 + n % 900,
                1000 + n % 8999,
                440_000 + n,
                370_000 + n
            )
        };
        let rows: String = (0..4000).map(row).collect();
        Self { header: Some(header.into()), rows: rows.into(), left: bytes }
    }
}

impl ByteSource for LongCsv {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        if let Some(header) = self.header.take() {
            return Ok(Some(header));
        }
        let length = self.rows.len() as u64;
        if self.left < length {
            return Ok(None);
        }
        self.left -= length;
        // A copy, as a file's pieces are.
        Ok(Some(Bytes::copy_from_slice(&self.rows)))
    }
}

/// There is nothing to put aside here.
struct NoQuarantine;

impl Quarantine for NoQuarantine {
    async fn put(&self, rejected: Rejected) -> Result<(), BoxError> {
        Err(format!("record at {} was refused: {}", rejected.position, rejected.message).into())
    }
}

/// User and system time of this process in seconds, in steps of a hundredth.
fn cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn peak_memory_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|kb| kb.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

fn report(what: &str, records: u64, since_cpu_s: f64) {
    let cpu_s = cpu_s() - since_cpu_s;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = records as f64 / cpu_s.max(0.01);
    let peak_mb = peak_memory_mb();
    println!(
        r#"{{"what":"{what}","records":{records},"cpu_s":{cpu_s:.2},"records_per_cpu_s":{rate:.0},"peak_memory_mb":{peak_mb:.1}}}"#
    );
}

async fn through_the_engine(records: u64, order_per_key: bool) -> Result<(), BoxError> {
    let payload = Bytes::from(vec![b'x'; 120]);
    let since = cpu_s();
    let settings = EngineSettings { order_per_key, ..EngineSettings::default() };
    let engine = Engine::new(YesSink, settings, ShardMap::default());
    for position in 0..records {
        engine.push(Entry::new(format!("{position:016x}"), payload.clone()).at(position)).await?;
    }
    let accepted = engine.finish().await.accepted;
    report(if order_per_key { "engine, order per key" } else { "engine" }, accepted, since);
    Ok(())
}

async fn from_a_file(what: &str, bytes: u64, packing: Packing, shards: ShardMap) -> Result<(), BoxError> {
    let schema = Schema::built_in("crime").ok_or("no schema crime")?;
    let since = cpu_s();
    let source = CsvSource::new(LongCsv::new(bytes), schema.clone(), "made-up".to_owned(), 0, 0);
    let packer = Packer::new(packing, schema, 1 << 20)?;
    let engine = Engine::new(YesSink, EngineSettings::default(), shards);
    let (quarantine, checkpointer, limits) = (&NoQuarantine, &mut (), FeedLimits::default());
    let report_of = feed(source, Feed { packer, engine, quarantine, checkpointer, limits }).await;
    if let Some(error) = report_of.error {
        return Err(error.into());
    }
    report(what, report_of.put, since);
    println!(r#"{{"what":"{what}","kinesis_records":{}}}"#, report_of.engine.accepted);
    Ok(())
}

async fn run(gigabytes: u64) -> Result<(), BoxError> {
    through_the_engine(2_000_000, false).await?;
    through_the_engine(500_000, true).await?;
    let one_shard = |range| OpenShard { id: "shardId-000000000000".to_owned(), range };
    let shards = || ShardMap::new(even_ranges(SHARDS).into_iter().map(one_shard).collect());
    let short = 100 << 20;
    from_a_file("csv, aggregated", short, Packing { aggregate: true, ..Packing::default() }, shards())
        .await?;
    let gzip = Packing { compression: Compression::Gzip, ..Packing::default() };
    from_a_file("csv, gzip", short / 4, gzip, ShardMap::default()).await?;
    from_a_file("csv", gigabytes * 1_000_000_000, Packing::default(), ShardMap::default()).await
}

fn main() -> ExitCode {
    let gigabytes = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let outcome = runtime.map_err(BoxError::from).and_then(|runtime| runtime.block_on(run(gigabytes)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("put_records: {}", edge::logging::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
