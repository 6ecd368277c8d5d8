//! A run of the scripted pipeline: what is put on its stream, and what comes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use edge::{AwsCredentials, AwsSettings, Entry, EntryOutcome, KinesisSink, RecordSink};
use local::{Progress, Report, RunError, RunOptions};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Longer than any run here takes: what hangs fails.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Scene {
    folder: TempDir,
    pub options: RunOptions,
}

impl Scene {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let markers = folder.path().join("markers");
        fs::create_dir(&markers).unwrap();
        let options = RunOptions {
            template: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipeline.yaml"),
            data_dir: folder.path().join("data"),
            binaries: examples(),
            inputs: Vec::new(),
            drain: false,
            parameters: BTreeMap::from([("Markers".to_owned(), markers.to_str().unwrap().to_owned())]),
            kinesis_port: 0,
            s3_port: 0,
        };
        Self { folder, options }
    }

    pub fn with(mut self, parameter: &str, value: &str) -> Self {
        self.options.parameters.insert(parameter.to_owned(), value.to_owned());
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs, puts these payloads, stops, and gives the report.
    pub async fn run(&self, payloads: &[String]) -> Result<Report, RunError> {
        let (ready, is_ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let ready = Mutex::new(Some(ready));
        let progress = |progress| {
            if let Progress::Ready { kinesis_url, .. } = progress
                && let Some(ready) = ready.lock().unwrap().take()
            {
                ready.send(kinesis_url).unwrap();
            }
        };
        let run = local::run(self.options.clone(), progress, async { drop(stopped.await) });
        let put = async {
            if let Ok(kinesis_url) = is_ready.await {
                put(&kinesis_url, payloads).await;
            }
            drop(stop);
        };
        let run = async { tokio::time::timeout(PATIENCE, run).await.expect("the run hangs") };
        // A run that can't start drops its end of the channel only when it is dropped itself.
        tokio::pin!(put);
        tokio::pin!(run);
        tokio::select! {
            report = &mut run => report,
            () = &mut put => run.await,
        }
    }

    /// The objects of the bucket under a prefix, each with its bytes, by key.
    pub fn objects(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let bucket = self.options.data_dir.join("s3/databucket");
        let mut objects = BTreeMap::new();
        let mut folders = vec![bucket.join(prefix)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let key = path.strip_prefix(&bucket).unwrap().to_str().unwrap().to_owned();
                    objects.insert(key, fs::read(path).unwrap());
                }
            }
        }
        objects
    }

    pub fn log(&self, function: &str) -> String {
        fs::read_to_string(self.options.data_dir.join(format!("logs/{function}.log"))).unwrap()
    }
}

async fn put(kinesis_url: &str, payloads: &[String]) {
    let local = "local".to_owned();
    let credentials =
        AwsCredentials { access_key_id: local.clone(), secret_access_key: local, session_token: None };
    let aws = AwsSettings {
        region: "us-east-1".to_owned(),
        credentials: Some(credentials),
        s3_endpoint_url: None,
        kinesis_endpoint_url: Some(kinesis_url.to_owned()),
    };
    let sink = KinesisSink::connect("OrdersStream", &aws);
    for payloads in payloads.chunks(500) {
        let entries: Vec<Entry> =
            payloads.iter().map(|payload| Entry::new(payload.clone(), payload.clone())).collect();
        let outcomes = sink.put(&entries).await.unwrap();
        assert!(
            outcomes.iter().all(|outcome| matches!(outcome, EntryOutcome::Accepted { .. })),
            "{outcomes:?}"
        );
    }
}

/// The folder with the scripted function, which cargo builds with the tests.
fn examples() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let examples = test.ancestors().nth(2).unwrap().join("examples");
    assert!(examples.join("scripted").is_file(), "build it with: cargo build -p local --example scripted");
    examples
}

pub fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("order {number}")).collect()
}
