//! `kinflow put` as a process that is killed, told to stop, and started again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on says so by a panic"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use edge::aws::kinesis_reader::{Start, StreamReader};
use serde_json::Value;
use tempfile::TempDir;

use super::streams::{self, Endpoint};

const ROWS: usize = 6_000;
const STREAM: &str = "people";

/// A file of different rows, and the command that puts it.
struct Put {
    folder: TempDir,
    endpoint_url: String,
}

impl Put {
    fn to(endpoint_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows: String = (0..ROWS).map(|n| format!("First{n},Last{n},{},female\n", n % 100)).collect();
        fs::write(folder.path().join("people.csv"), format!("first,last,age,gender\n{rows}")).unwrap();
        Self { folder, endpoint_url: endpoint_url.to_owned() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
        command.arg("put").arg(self.folder.path().join("people.csv")).args(["--stream", STREAM]);
        command.args(["--output", "json", "--endpoint-url", &self.endpoint_url]);
        if !arguments.contains(&"--schema") {
            command.args(["--schema", "users"]);
        }
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn bookmark(&self) -> PathBuf {
        let server = self.endpoint_url.trim_start_matches("http://").replace(':', "_");
        self.folder.path().join(format!("people.csv.people.{server}.cursor.json"))
    }

    /// How many rows the file has from a byte on, behind its header.
    fn rows_from(&self, byte: usize) -> usize {
        let file = fs::read(self.folder.path().join("people.csv")).unwrap();
        file[byte..].split_inclusive(|byte| *byte == b'\n').count()
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Starts a slow put, and returns as soon as it has saved its place.
    async fn started(&self) -> Child {
        let mut child = self.command(&["--rate", "3000"]).spawn().unwrap();
        while !self.bookmark().exists() {
            assert!(child.try_wait().unwrap().is_none(), "the put ended before it saved its place");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child
    }
}

fn summary(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The byte behind the header at which a put says that it goes on.
fn continued_at(output: &Output) -> usize {
    let told = told(output);
    let (_, rest) = told.split_once("continuing at byte ").unwrap_or_else(|| panic!("{told}"));
    rest.split(',').next().unwrap().parse().unwrap()
}

async fn stream(endpoint: &Endpoint) -> StreamReader {
    let reader = StreamReader::local(endpoint.url());
    reader.create_stream(STREAM, 1).await.unwrap();
    while !reader.is_active(STREAM).await.unwrap() {
        tokio::task::yield_now().await;
    }
    reader
}

/// Every record of the stream, including repeated ones.
async fn records(reader: &StreamReader) -> Vec<Vec<u8>> {
    let start = Start::TrimHorizon;
    let mut iterator = reader.iterator(STREAM, "shardId-000000000000", &start).await.unwrap();
    let mut found = Vec::new();
    loop {
        let page = reader.read(&iterator, 10_000).await.unwrap();
        if page.records.is_empty() && page.millis_behind_latest == 0 {
            return found;
        }
        found.extend(page.records.into_iter().map(|record| record.data.to_vec()));
        iterator = page.next_iterator.unwrap();
    }
}

fn different(records: &[Vec<u8>]) -> usize {
    records.iter().collect::<BTreeSet<_>>().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_put_goes_on_where_it_was_and_no_record_is_missing() {
    let endpoint = streams::endpoint().await;
    let reader = stream(&endpoint).await;
    let put = Put::to(endpoint.url());
    let mut killed = put.started().await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let output = put.command(&[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(summary(&output)["read"], put.rows_from(continued_at(&output)), "{output:?}");
    assert_eq!(different(&records(&reader).await), ROWS);
    assert_eq!(put.files(), ["people.csv"], "nothing is left of a put that is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_is_told_to_stop_sends_what_is_on_its_way_and_the_next_one_repeats_nothing() {
    for signal in ["TERM", "HUP", "INT"] {
        let endpoint = streams::endpoint().await;
        let reader = stream(&endpoint).await;
        let put = Put::to(endpoint.url());
        let child = put.started().await;
        let kill = format!("kill -{signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let stopped = child.wait_with_output().unwrap();
        assert_eq!(stopped.status.code(), Some(1), "{stopped:?}");
        assert_eq!(summary(&stopped)["done"], false);
        let output = put.command(&[]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let found = records(&reader).await;
        assert_eq!((found.len(), different(&found)), (ROWS, ROWS), "after {signal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_goes_on_to_another_stream_of_the_same_name_starts_over_and_says_so() {
    let endpoint = streams::endpoint().await;
    stream(&endpoint).await;
    let put = Put::to(endpoint.url());
    let mut killed = put.started().await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let mut delete = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    delete.args(["streams", "delete", STREAM, "--yes", "--endpoint-url", endpoint.url()]);
    assert!(delete.status().unwrap().success());
    let reader = stream(&endpoint).await;
    let output = put.command(&[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(
        told(&output).contains("starting over: the stream is another one with the same name"),
        "{output:?}"
    );
    assert_eq!(different(&records(&reader).await), ROWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_to_each_of_two_endpoints_goes_on_from_its_own_place() {
    let (first, second) = (streams::endpoint().await, streams::endpoint().await);
    let readers = [stream(&first).await, stream(&second).await];
    let mut put = Put::to(first.url());
    for endpoint in [&first, &second] {
        put.endpoint_url = endpoint.url().to_owned();
        let mut killed = put.started().await;
        killed.kill().unwrap();
        killed.wait().unwrap();
    }
    for (endpoint, reader) in [&first, &second].into_iter().zip(&readers) {
        put.endpoint_url = endpoint.url().to_owned();
        let output = put.command(&[]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(told(&output).contains("continuing at byte "), "{output:?}");
        assert_eq!(different(&records(reader).await), ROWS);
    }
    assert_eq!(put.files(), ["people.csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_put_of_a_file_to_a_stream_is_refused_in_one_line_while_the_first_one_runs() {
    let endpoint = streams::endpoint().await;
    let reader = stream(&endpoint).await;
    let put = Put::to(endpoint.url());
    let first = put.started().await;
    let second = put.command(&[]).output().unwrap();
    assert_eq!(second.status.code(), Some(2), "{second:?}");
    let line = told(&second);
    assert!(line.contains("another process puts it to stream \"people\""), "{line}");
    assert_eq!((line.lines().count(), second.stdout.len()), (1, 0), "{line}");
    let first = first.wait_with_output().unwrap();
    assert!(first.status.success(), "{first:?}");
    assert_eq!(records(&reader).await.len(), ROWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_that_is_stopped_early_is_not_told_to_run_again() {
    let endpoint = streams::endpoint().await;
    let reader = stream(&endpoint).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    command.args(["put", "-", "--stream", STREAM, "--schema", "users", "--endpoint-url", endpoint.url()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"first,last,age,gender\nAda,Lovelace,36,female\nAlan,Turing,41,male\n").unwrap();
    while records(&reader).await.len() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    drop(input);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let summary = String::from_utf8(output.stdout).unwrap();
    let line = "stopped early: standard input can't be read again, so another put has to begin after its first 2 records";
    assert!(summary.ends_with(&format!("{line}\n")), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_reads_nothing_leaves_no_file() {
    let endpoint = streams::endpoint().await;
    stream(&endpoint).await;
    let put = Put::to(endpoint.url());
    let output = put.command(&["--schema", "crime"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(put.files(), ["people.csv"]);
}

#[test]
fn an_endpoint_that_is_down_is_told_in_one_line_and_waited_for() {
    let put = Put::to("http://127.0.0.1:9");
    let mut child = put.command(&[]).spawn().unwrap();
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(child.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    assert!(line.starts_with("waiting up to 60 s for stream \"people\" at http://127.0.0.1:9: "), "{line}");
    assert!(line.contains("onnection refused"), "{line}");
    let terminated = format!("kill -TERM {}", child.id());
    assert!(Command::new("sh").args(["-c", &terminated]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert_eq!(put.files(), ["people.csv"]);
}
