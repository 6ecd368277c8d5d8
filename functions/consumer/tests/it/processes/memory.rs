//! The consumer's binary with no more memory than its function has, since the system refuses it every further
//! byte.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use local::{Progress, Report, RunOptions};
use record_model::compress::Gzip;
use record_model::{Content, Decoder, Limits};
use tokio::sync::watch;

use super::check::for_each_file;
use super::kinesis::Kinesis;

/// Longer than the run takes: what hangs fails.
const PATIENCE: Duration = Duration::from_mins(5);
/// What the template gives the function, in KiB.
const MEMORY_KIB: usize = 512 << 10;

fn gzip(data: &str) -> Vec<u8> {
    let mut out = Vec::new();
    Gzip::new(6).write(data.as_bytes(), None, &mut out).unwrap();
    out
}

/// A folder with the binary in it, under a limit for the memory that it may ask for.
fn limited_binaries(folder: &Path) -> PathBuf {
    let binaries = folder.join("binaries");
    fs::create_dir(&binaries).unwrap();
    let consumer = binaries.join("consumer");
    let script = format!("#!/bin/sh\nulimit -v {MEMORY_KIB}\nexec '{}'\n", env!("CARGO_BIN_EXE_consumer"));
    fs::write(&consumer, script).unwrap();
    fs::set_permissions(&consumer, fs::Permissions::from_mode(0o755)).unwrap();
    binaries
}

/// How often each id is in a line or a copy.
fn found(bucket: &Path) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut count = |text: &[u8]| {
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line: serde_json::Value = serde_json::from_slice(line).unwrap();
            *found.entry(line["id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    };
    for_each_file(&bucket.join("enriched"), &mut |bytes| {
        let limits = Limits { record_bytes_out: 1 << 30, batch_bytes_out: 1 << 30, ..Limits::default() };
        let decoded = Decoder::new(limits).decode(bytes, &mut |record| match record.content {
            Ok(Content::Payload(lines)) => count(lines),
            other => panic!("{other:?}"),
        });
        decoded.unwrap();
    });
    for_each_file(&bucket.join("quarantine"), &mut count);
    found
}

/// Runs, puts the records, and gives the report.
fn run(options: RunOptions, records: &[(String, Vec<u8>)]) -> Report {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let report = runtime.block_on(async {
        let (ready, mut is_ready) = watch::channel(None);
        let (stop, mut stopped) = watch::channel(false);
        let progress = |progress| {
            if let Progress::Ready { kinesis_url, .. } = progress {
                ready.send_replace(Some(kinesis_url));
            }
        };
        let until_stopped = async { drop(stopped.wait_for(|stopped| *stopped).await) };
        let mut run = pin!(tokio::time::timeout(
            PATIENCE,
            local::run(options, progress, until_stopped, std::future::pending())
        ));
        let put = async {
            let url = is_ready.wait_for(Option::is_some).await.unwrap().clone().unwrap();
            Kinesis::new(&url).put(records).await;
            stop.send_replace(true);
        };
        tokio::select! {
            report = &mut run => report,
            () = put => run.await,
        }
    });
    report.unwrap().unwrap()
}

#[test]
fn a_batch_of_records_that_open_to_megabytes_of_emoji_passes_under_a_hard_limit_of_memory() {
    let tweet = |text: &str| format!("{{\"id_str\":\"1\",\"lang\":\"en\",\"full_text\":\"{text}\"}}");
    let huge = gzip(&tweet(&"😭".repeat((16 << 20) / 4)));
    let over = gzip(&tweet(&"⤴".repeat((30 << 20) / 3)));
    assert!(huge.len() < 20 << 10);
    let good = tweet("a good day").into_bytes();
    let data = [&good, &huge, &huge, &over, &huge, &good, &huge, &huge, &good];
    let records: Vec<(String, Vec<u8>)> =
        data.iter().map(|data| ("key".to_owned(), (*data).clone())).collect();
    let folder = tempfile::tempdir().unwrap();
    let options = RunOptions {
        template: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/processes/small_memory.yaml"),
        data_dir: folder.path().join("data"),
        binaries: limited_binaries(folder.path()),
        inputs: Vec::new(),
        fresh: false,
        drain: false,
        drain_timeout: PATIENCE,
        parameters: BTreeMap::new(),
        kinesis_port: 0,
        s3_port: 0,
        opensearch: None,
        throttle: false,
        allowed_origins: Vec::new(),
        page: None,
    };
    let report = run(options, &records);
    let bucket = folder.path().join("data/s3/databucket");
    let found = found(&bucket);
    assert!(!bucket.join("aws/lambda").exists(), "given up: {:?}", report.problems);
    assert_eq!(found.len(), records.len(), "{found:?} {:?}", report.problems);
    assert!(found.values().all(|times| *times == 1), "{found:?}");
    assert!(report.is_complete(), "{:?}", report.problems);
}
