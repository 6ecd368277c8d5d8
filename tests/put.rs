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
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use edge::aws::kinesis_reader::{Start, StreamReader};
use serde_json::Value;
use tempfile::TempDir;

use super::streams::{self, Endpoint};

const ROWS: usize = 6_000;
const STREAM: &str = "people";

/// A file of rows that are all different, and the command that puts it.
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
        self.folder.path().join("people.csv.people.cursor.json")
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Starts a slow put, and comes back as soon as it has saved its place.
    async fn started(&self) -> Child {
        let mut child = self.command(&["--rate", "3000"]).spawn().unwrap();
        while !self.bookmark().exists() {
            assert!(child.try_wait().unwrap().is_none(), "the put ended before it saved its place");
            tokio::task::yield_now().await;
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

async fn stream(endpoint: &Endpoint) -> StreamReader {
    let reader = StreamReader::local(endpoint.url());
    reader.create_stream(STREAM, 1).await.unwrap();
    while !reader.is_active(STREAM).await.unwrap() {
        tokio::task::yield_now().await;
    }
    reader
}

/// Every record of the stream, those that came twice counted twice.
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
    assert!(told(&output).contains("continuing at byte "), "{output:?}");
    assert!(summary(&output)["read"].as_u64().unwrap() < ROWS as u64, "{output:?}");
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
    let first = streams::endpoint().await;
    stream(&first).await;
    let mut put = Put::to(first.url());
    let mut killed = put.started().await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let second = streams::endpoint().await;
    let reader = stream(&second).await;
    put.endpoint_url = second.url().to_owned();
    let output = put.command(&[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(
        told(&output).contains("starting over: the stream is another one with the same name"),
        "{output:?}"
    );
    assert_eq!(different(&records(&reader).await), ROWS);
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
