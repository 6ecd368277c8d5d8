//! One seed: a run of the pipeline with its faults, and the check of what it left.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use local::{Progress, RunOptions};
use tokio::sync::watch;

use super::super::faults::random::Random;
use super::check::Kept;
use super::faults::Faults;
use super::kinesis::Kinesis;
use super::proxy::Proxy;
use super::traffic::Traffic;

/// Longer than any run here takes: what hangs fails.
const PATIENCE: Duration = Duration::from_mins(2);

/// How a stream is read and written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    pub(crate) delivery: &'static str,
    pub(crate) compression: &'static str,
    pub(crate) shards: usize,
    pub(crate) lanes: usize,
    pub(crate) batch_size: usize,
    pub(crate) bisects: bool,
    pub(crate) reshards: bool,
    pub(crate) retries: usize,
    pub(crate) second_poller: bool,
}

pub(crate) async fn run(seed: u64, habits: Habits, mut random: Random) {
    let folder = tempfile::tempdir().unwrap();
    let traffic = Traffic::made_up(&mut random);
    let proxy = Proxy::start(Faults::new(random.fork())).await;
    let options = options(folder.path(), habits, &proxy, &mut random);
    let (ready, mut is_ready) = watch::channel(None);
    let (stop, mut stopped) = watch::channel(false);
    let progress = |progress| {
        if let Progress::Ready { kinesis_url, s3_url, .. } = progress {
            proxy.stand_before(&s3_url);
            ready.send_replace(Some(kinesis_url));
        }
    };
    let until_stopped = async { drop(stopped.wait_for(|stopped| *stopped).await) };
    let mut run = pin!(tokio::time::timeout(
        PATIENCE,
        local::run(options, progress, until_stopped, std::future::pending())
    ));
    let work = async {
        let kinesis_url = is_ready.wait_for(Option::is_some).await.unwrap().clone().unwrap();
        put(&Kinesis::new(&kinesis_url), &traffic, habits, &mut random).await;
        proxy.spare_the_end();
        stop.send_replace(true);
    };
    let report = tokio::select! {
        report = &mut run => report,
        () = work => run.await,
    };
    let Ok(report) = report else {
        panic!("seed {seed}, {habits:?} hangs; what there is of it is in {}", folder.keep().display());
    };
    let mut report = report.unwrap();
    // A sweep that was killed is told, and every message is swept once more at the end.
    report.problems.retain(|problem| !problem.contains("invocations by a schedule failed"));
    let kept = Kept::read(&folder.path().join("data/s3/databucket"));
    let has_given_up = kept.has_given_up();
    let wrong = kept.compare(&traffic, habits.bisects);
    if !wrong.is_empty() || !(report.is_complete() || has_given_up) {
        let left = folder.keep();
        panic!(
            "seed {seed}, {habits:?}: {wrong:#?}; {} missing, {:?} doubled, {:?} by the report; all of it is in {}",
            report.missing_records,
            report.doubled,
            report.problems,
            left.display()
        );
    }
}

/// Some records at a time, and a reshard somewhere between them.
async fn put(kinesis: &Kinesis, traffic: &Traffic, habits: Habits, random: &mut Random) {
    let (size, merges) = (random.below(20) + 6, random.one_in(2));
    let reshard_at = habits.reshards.then(|| random.below(traffic.records.len() / size + 1));
    for (index, records) in traffic.records.chunks(size).enumerate() {
        kinesis.put(records).await;
        if reshard_at == Some(index) {
            kinesis.reshard(merges).await;
        }
    }
}

fn options(folder: &Path, habits: Habits, proxy: &Proxy, random: &mut Random) -> RunOptions {
    let parameters = [
        ("S3Url", proxy.url().to_owned()),
        ("Delivery", habits.delivery.to_owned()),
        ("Compression", habits.compression.to_owned()),
        ("Shards", habits.shards.to_string()),
        ("Lanes", habits.lanes.to_string()),
        ("BatchSize", habits.batch_size.to_string()),
        ("Bisect", habits.bisects.to_string()),
        ("Retries", habits.retries.to_string()),
        ("SecondPoller", habits.second_poller.to_string()),
        ("SecondBatchSize", (random.below(12) + 2).to_string()),
        ("SecondWindow", random.below(2).to_string()),
    ];
    RunOptions {
        template: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/processes/pipeline.yaml"),
        data_dir: folder.join("data"),
        binaries: PathBuf::from(env!("CARGO_BIN_EXE_consumer")).parent().unwrap().to_owned(),
        inputs: Vec::new(),
        fresh: false,
        drain: false,
        drain_timeout: PATIENCE,
        parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        kinesis_port: 0,
        s3_port: 0,
        opensearch: None,
        throttle: false,
        allowed_origins: Vec::new(),
        page: None,
    }
}
