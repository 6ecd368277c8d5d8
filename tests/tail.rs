//! `kinflow tail` as a process, on the runner's own Kinesis endpoint.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a test that can't go on says so by a panic"
)]

mod fan_out;
mod resume;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use edge::put_records::{Entry, EntryOutcome, RecordSink as _};
use serde_json::Value;

use super::streams::{self, Endpoint};

const ROW: &str =
    "1/1/26 0:00|6469 QUARRY ST|2|2A|1781|484 PC   PETTY THEFT/INSIDE|2308|38.56932932|-121.4868622|";

fn command(endpoint: &Endpoint, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    command.args(arguments).args(["--endpoint-url", endpoint.url()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(super) async fn kinflow(endpoint: &Endpoint, arguments: &[&str]) -> Output {
    let mut command = command(endpoint, arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

pub(super) fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

pub(super) fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

async fn put(endpoint: &Endpoint, stream: &str, payloads: impl IntoIterator<Item = Vec<u8>>) {
    let entries: Vec<_> =
        payloads.into_iter().enumerate().map(|(n, payload)| Entry::new(format!("key{n}"), payload)).collect();
    put_entries(endpoint, stream, &entries).await;
}

async fn put_entries(endpoint: &Endpoint, stream: &str, entries: &[Entry]) {
    let outcomes = streams::sink(endpoint, stream).put(entries).await.unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, EntryOutcome::Accepted { .. })));
}

fn numbered(range: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    range.map(|n| format!("{{\"n\":{n}}}").into_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_of_a_stream_that_was_resharded_is_shown_once() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 2).await;
    put(&endpoint, "s", numbered(0..100)).await;
    let split = kinflow(&endpoint, &["shards", "split", "s", "shardId-000000000000"]).await;
    assert!(split.status.success(), "{split:?}");
    put(&endpoint, "s", numbered(100..200)).await;
    let output = kinflow(&endpoint, &["tail", "s", "--from", "start", "--to", "now", "-o", "json"]).await;
    assert!(output.status.success(), "{output:?}");
    let found: BTreeSet<u64> = lines(&output)
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["data"]["n"].as_u64().unwrap())
        .collect();
    assert_eq!((lines(&output).len(), found.len()), (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_typed_filtered_counted_and_saved_for_put() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "crime", 1).await;
    streams::stream(&endpoint, "copy", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("crime.csv");
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/crime.csv");
    std::fs::copy(examples, &source).unwrap();
    let source = source.to_str().unwrap();
    let output = kinflow(&endpoint, &["put", source, "--stream", "crime", "--gzip", "--aggregate"]).await;
    assert!(output.status.success(), "{output:?}");

    let all = ["tail", "crime", "--from", "start", "--to", "now", "--schema", "crime"];
    let with = |more: &[&'static str]| [&all[..], more].concat();
    let everything = kinflow(&endpoint, &with(&["-o", "raw"])).await;
    assert!(everything.status.success(), "{everything:?}");
    let documents: Vec<Value> =
        lines(&everything).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(documents.len(), 200);

    let wanted =
        documents.iter().filter(|crime| crime["district"] == 3 && crime["grid"].as_u64() > Some(900)).count();
    let filtered = kinflow(&endpoint, &with(&["--where", "district == 3 and grid > 900", "-o", "raw"])).await;
    assert_eq!(lines(&filtered).len(), wanted);
    assert_eq!(lines(&kinflow(&endpoint, &with(&["-n", "7", "-o", "fields:district"])).await).len(), 7);

    let mean = documents.iter().filter_map(|crime| crime["district"].as_f64()).sum::<f64>();
    let count = documents.iter().filter(|crime| crime["district"].is_number()).count();
    let stats = kinflow(&endpoint, &with(&["--stats=district"])).await;
    let expected = format!("district: mean {:.2}", mean / count as f64);
    assert!(lines(&stats)[0].contains(&expected), "{stats:?}");

    let slice = folder.path().join("slice.jsonl");
    let slice = slice.to_str().unwrap();
    let saved = kinflow(&endpoint, &[&all[..], &["--save", slice]].concat()).await;
    assert!(saved.status.success(), "{saved:?}");
    let back = kinflow(&endpoint, &["put", slice, "--stream", "copy"]).await;
    assert!(back.status.success(), "{back:?}");
    let copy = ["tail", "copy", "--from", "start", "--to", "now", "--schema", "crime", "-o", "raw"];
    let sorted = |output: &Output| {
        let mut found = lines(output);
        found.sort();
        found
    };
    assert_eq!(sorted(&kinflow(&endpoint, &copy).await), sorted(&everything));
    let again = kinflow(&endpoint, &[&all[..], &["--save", slice]].concat()).await;
    assert_eq!(again.status.code(), Some(2), "a file that is there is left as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_schema_refuses_is_told_and_exit_code_is_one() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "crime", 1).await;
    put(&endpoint, "crime", [ROW.as_bytes().to_vec(), b"no row at all".to_vec()]).await;
    let tail = ["tail", "crime", "--from", "start", "--to", "now", "--schema", "crime"];
    let output = kinflow(&endpoint, &tail).await;
    assert_eq!((output.status.code(), lines(&output).len()), (Some(1), 1), "{output:?}");
    assert!(told(&output).contains("refused as "), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_shown_as_they_come_and_a_reader_that_goes_ends_it_quietly() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 1).await;
    put(&endpoint, "s", numbered(0..1)).await;
    let mut child = command(&endpoint, &["tail", "s", "--from", "start", "-o", "raw"]).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "{\"n\":0}\n");
    put(&endpoint, "s", numbered(1..2)).await;
    line.clear();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "{\"n\":1}\n");
    drop(reader);
    put(&endpoint, "s", numbered(2..3)).await;
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!((output.status.code(), told(&output).as_str()), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_one_line_that_says_what_to_do_next() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 2).await;
    let number = "49590338271490256608559692538361571095921575989136588898";
    for (arguments, says) in [
        (&["tail", "absent"][..], "kinflow streams list"),
        (&["tail", "s", "--shard", "shardId-7"], "it has shardId-000000000000, shardId-000000000001"),
        (&["tail", "s", "--from", number], "name the shard too"),
        (
            &["tail", "s", "--schema", "crime", "--where", "distrikt == 3"],
            "has no field \"distrikt\"; it has ",
        ),
    ] {
        let output = kinflow(&endpoint, arguments).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let told = told(&output);
        assert!(told.lines().count() == 1 && told.contains(says), "{told}");
    }
    let wrong = kinflow(&endpoint, &["tail", "s", "--where", "a == "]).await;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(told(&wrong).contains("at its end: expected a field"), "{wrong:?}");
}

#[test]
fn without_credentials_the_ways_to_them_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    command.env_clear().env("HOME", folder.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.args(["tail", "s", "--region", "eu-west-1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(told(&output).contains("give --profile, set AWS_ACCESS_KEY_ID"), "{output:?}");
    assert_eq!(told(&output).lines().count(), 1);
    let output = command.args(["--region", "eu-west-1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
