//! A run of the scripted pipeline: what is put on its stream, and what comes of it.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    reason = "what goes wrong here is a failed test"
)]

pub mod page;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use edge::aws::{AwsCredentials, AwsSettings, KinesisSink};
use edge::put_records::{Entry, EntryOutcome, RecordSink};
use local::{PageOptions, Progress, Report, RunError, RunOptions};
use page::Page;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Longer than any run here takes: what hangs fails.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Scene {
    folder: TempDir,
    warnings: Mutex<Vec<String>>,
    page_url: Mutex<String>,
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
            fresh: false,
            drain: false,
            drain_timeout: PATIENCE,
            parameters: BTreeMap::from([("Markers".to_owned(), markers.to_str().unwrap().to_owned())]),
            kinesis_port: 0,
            s3_port: 0,
            throttle: false,
            opensearch: None,
            allowed_origins: Vec::new(),
            page: Some(PageOptions { port: Some(0), assets: None }),
        };
        Self { folder, warnings: Mutex::default(), page_url: Mutex::default(), options }
    }

    pub fn with(mut self, parameter: &str, value: &str) -> Self {
        self.options.parameters.insert(parameter.to_owned(), value.to_owned());
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs, puts these payloads, each under a key of its own, stops, and gives the report.
    pub async fn run(&self, payloads: &[String]) -> Result<Report, RunError> {
        let records: Vec<(String, Bytes)> =
            payloads.iter().map(|payload| (payload.clone(), payload.clone().into())).collect();
        self.run_with(async |kinesis_url| put(&kinesis_url, &records).await).await
    }

    /// Runs, does this once the Kinesis endpoint is there, stops, and gives the report.
    pub async fn run_with(&self, work: impl AsyncFnOnce(String)) -> Result<Report, RunError> {
        let (ready, is_ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let ready = Mutex::new(Some(ready));
        let progress = |progress| match progress {
            Progress::Ready { kinesis_url, page_url, .. } => {
                *self.page_url.lock().unwrap() = page_url.unwrap_or_default();
                if let Some(ready) = ready.lock().unwrap().take() {
                    ready.send(kinesis_url).unwrap();
                }
            }
            Progress::Warning { message } => self.warnings.lock().unwrap().push(message),
            _ => {}
        };
        let run =
            local::run(self.options.clone(), progress, async { drop(stopped.await) }, std::future::pending());
        let mut run = pin!(tokio::time::timeout(PATIENCE, run));
        let work = async {
            work(is_ready.await.unwrap()).await;
            drop(stop);
        };
        // A run that can't start is never ready, so its error comes first.
        let report = tokio::select! {
            report = &mut run => report,
            () = work => run.await,
        };
        report.expect("the run hangs")
    }

    /// Where the page of the run is, once it is ready.
    pub fn page(&self) -> Page {
        Page { url: self.page_url.lock().unwrap().clone() }
    }

    /// What the run warned of.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap().clone()
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

/// Puts records, each a partition key and a payload, in order.
pub async fn put(kinesis_url: &str, records: &[(String, Bytes)]) {
    let sink = KinesisSink::connect("OrdersStream", &aws(kinesis_url));
    for records in records.chunks(500) {
        let entries: Vec<Entry> =
            records.iter().map(|(key, payload)| Entry::new(key.clone(), payload.clone())).collect();
        let outcomes = sink.put(&entries).await.unwrap();
        assert!(
            outcomes.iter().all(|outcome| matches!(outcome, EntryOutcome::Accepted { .. })),
            "{outcomes:?}"
        );
    }
}

fn aws(kinesis_url: &str) -> AwsSettings {
    let local = "local".to_owned();
    let credentials =
        AwsCredentials { access_key_id: local.clone(), secret_access_key: local, session_token: None };
    AwsSettings {
        region: "us-east-1".to_owned(),
        credentials: Some(credentials),
        kinesis_endpoint_url: Some(kinesis_url.to_owned()),
        ..AwsSettings::default()
    }
}

/// Calls an operation of Kinesis that no client here has; again while the stream changes by the one before.
pub async fn call(kinesis_url: &str, operation: &str, body: &str) {
    let mut answer = try_call(kinesis_url, operation, body).await;
    while answer.contains("ResourceInUseException") {
        answer = try_call(kinesis_url, operation, body).await;
    }
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

async fn try_call(kinesis_url: &str, operation: &str, body: &str) -> String {
    let address = kinesis_url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: Kinesis_20131202.{operation}\r\nx-amz-date: 20260101T000000Z\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=local/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The folder with the scripted function, which cargo builds with the tests.
fn examples() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let examples = test.ancestors().nth(2).unwrap().join("examples");
    assert!(examples.join("scripted").is_file(), "build it with: cargo build -p local --example scripted");
    examples
}

/// Processes of this machine that have the text in their environment.
pub fn processes_with(text: &str) -> usize {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let environments = all.filter_map(|process| fs::read(process.path().join("environ")).ok());
    environments.filter(|environment| String::from_utf8_lossy(environment).contains(text)).count()
}

pub fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("order {number}")).collect()
}

/// The text of a gzip object.
pub fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    record_model::Decoder::new(record_model::Limits::default())
        .decode(bytes, &mut |record| {
            if let Ok(record_model::Content::Payload(payload)) = record.content {
                text.push_str(std::str::from_utf8(payload).unwrap());
            }
        })
        .unwrap();
    text
}
