//! `kinflow run` as a person runs it: the command, the real binaries of the functions, and the results in its folder.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use edge::aws::{AwsSettings, KinesisSink};
use edge::put_records::{Entry, EntryOutcome, RecordSink as _};
use edge::settings::Settings;
use serde_json::Value;
use tempfile::TempDir;

/// A drained `kinflow run` on any free ports, with its report as JSON.
pub(super) struct Run {
    pub(super) folder: TempDir,
    inputs: Vec<String>,
}

pub(super) struct Outcome {
    pub(super) folder: TempDir,
    pub(super) code: Option<i32>,
    pub(super) report: Value,
    pub(super) stderr: String,
}

impl Run {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), inputs: Vec::new() }
    }

    /// Gives a data set its records in a file with this name.
    pub(super) fn input(mut self, data_set: &str, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        self.inputs.push(format!("{data_set}={}", path.display()));
        self
    }

    pub(super) fn file(mut self, data_set: &str, path: &Path) -> Self {
        self.inputs.push(format!("{data_set}={}", path.display()));
        self
    }

    pub(super) fn drained(self) -> Outcome {
        let data_dir = self.folder.path().join("data");
        let mut arguments =
            vec!["--drain".to_owned(), "--data-dir".to_owned(), data_dir.display().to_string()];
        for input in &self.inputs {
            arguments.extend(["--input".to_owned(), input.clone()]);
        }
        let output = kinflow(&arguments);
        Outcome {
            folder: self.folder,
            code: output.status.code(),
            report: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    #[track_caller]
    pub(super) fn count(&self, data_set: &str, what: &str) -> u64 {
        let data_sets = self.report["data_sets"].as_array().into_iter().flatten();
        let count = data_sets.filter(|row| row["name"] == data_set).find_map(|row| row[what].as_u64());
        count.unwrap_or_else(|| panic!("no {data_set} {what} in {}: {}", self.report, self.stderr))
    }

    /// The lines of every object below the prefix, decompressed if it is gzip.
    pub(super) fn lines(&self, prefix: &str) -> Vec<Value> {
        lines_below(&self.folder.path().join("data"), prefix)
    }
}

/// The lines of every object below the prefix in a run's folder, decompressed if it is gzip.
pub(super) fn lines_below(data_dir: &Path, prefix: &str) -> Vec<Value> {
    let bucket = fs::read_dir(data_dir.join("s3"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join(prefix).is_dir());
    let mut files = Vec::new();
    if let Some(bucket) = bucket {
        files_below(&bucket.join(prefix), &mut files);
    }
    files.sort();
    let texts = files.iter().map(|file| text(file));
    texts
        .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
        .collect()
}

fn command(arguments: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
    command.args(["run", "--output", "json"]).args(arguments);
    for port in ["--kinesis-port", "--s3-port"] {
        if !arguments.iter().any(|argument| argument == port) {
            command.args([port, "0"]);
        }
    }
    command
}

pub(super) fn kinflow(arguments: &[String]) -> Output {
    command(arguments).output().unwrap()
}

/// A run in progress, until it is interrupted.
pub(super) struct Running {
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
    /// The value of `AWS_ENDPOINT_URL_KINESIS` for a client.
    pub(super) kinesis_url: String,
}

impl Running {
    /// Starts a run, and waits until it is ready.
    pub(super) fn start(arguments: &[String]) -> Self {
        let mut child = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut told = Vec::new();
        let ready = loop {
            let line =
                stderr.next().unwrap_or_else(|| panic!("it ended before it was ready: {told:?}")).unwrap();
            if line.starts_with("ready") {
                break line;
            }
            told.push(line);
        };
        let url = ready.split(' ').find(|word| word.starts_with("http")).unwrap().trim_end_matches(',');
        Self { child, stderr, kinesis_url: url.to_owned() }
    }

    /// Puts records as any client would.
    pub(super) fn put(&self, stream: &str, data: &[u8]) {
        let settings = [("AWS_ENDPOINT_URL_KINESIS", self.kinesis_url.as_str()), ("AWS_REGION", "us-east-1")]
            .into_iter()
            .chain([("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any")]);
        let sink = KinesisSink::connect(stream, &AwsSettings::read(&mut Settings::from_map(settings)));
        let entry = Entry::new("key", data.to_vec());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcomes = runtime.block_on(sink.put(&[entry])).unwrap();
        assert!(matches!(outcomes[..], [EntryOutcome::Accepted { .. }]), "{outcomes:?}");
    }

    /// Ends the run by Ctrl-C, which delivers what is on its streams. Returns its exit code, report and messages.
    pub(super) fn interrupted(self) -> (Option<i32>, Value, String) {
        let interrupt = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(interrupt.success());
        // Both pipes are read at the same time, so that neither waits for the other.
        let stderr = std::thread::spawn(|| self.stderr.map(Result::unwrap).collect::<Vec<_>>().join("\n"));
        let output = self.child.wait_with_output().unwrap();
        let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code(), report, stderr.join().unwrap())
    }
}

/// Runs with the schedules of producers disabled, puts `records` as any client would, and ends the run by Ctrl-C.
pub(super) fn put_while_running(records: &[(&str, &[u8])]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data").display().to_string();
    let arguments = ["--data-dir", &data_dir, "--parameter", "ProducerState=DISABLED"].map(str::to_owned);
    let running = Running::start(&arguments);
    for (stream, data) in records {
        running.put(stream, data);
    }
    let (code, report, stderr) = running.interrupted();
    Outcome { folder, code, report, stderr }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

/// Reads a file's text. A gzip file may have many members.
pub(super) fn text(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    text
}
