//! Redrives what failed, and checks that every record is stored once: with the command, the runner and the real
//! consumer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

mod deliveries;
mod proxy;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use local::RunEndpoints;
use serde_json::Value;

use super::runs::{Running, lines_below};
use proxy::Proxy;

/// The number of records. The broken schema refuses every fourth.
const RECORDS: usize = 40;

fn schema(kind: &str) -> String {
    format!(
        "name = \"numbers\"\nform = \"json\"\n[[fields]]\nname = \"n\"\ntype = \"integer\"\nrequired = true\n\
         [[fields]]\nname = \"amount\"\ntype = \"{kind}\"\nrequired = true\n"
    )
}

fn record(n: usize) -> Vec<u8> {
    let amount = if n.is_multiple_of(4) { "1.5" } else { "2" };
    format!("{{\"n\":{n},\"amount\":{amount}}}").into_bytes()
}

fn kinflow(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kinflow")).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The number of lines of each record.
fn enriched(data_dir: &Path) -> BTreeMap<u64, usize> {
    let mut found = BTreeMap::new();
    for line in lines_below(data_dir, "enriched/numbers") {
        *found.entry(line["record"]["n"].as_u64().unwrap()).or_default() += 1;
    }
    found
}

/// The arguments of a run of a template in this folder, with the schema in `folder`.
fn run_of(folder: &Path, template: &str, parameters: &[(&str, &str)]) -> Vec<String> {
    let template = format!("{}/../tests/redrive/{template}", env!("CARGO_MANIFEST_DIR"));
    let schema = folder.join("numbers.toml").display().to_string();
    let functions = Path::new(env!("CARGO_BIN_EXE_kinflow")).parent().unwrap().display().to_string();
    let data = data_of(folder);
    let mut arguments =
        ["--template", &template, "--data-dir", &data, "--functions", &functions].map(str::to_owned).to_vec();
    for (name, value) in [("Schema", schema.as_str())].iter().chain(parameters) {
        arguments.extend(["--parameter".to_owned(), format!("{name}={value}")]);
    }
    arguments
}

/// The pipeline whose batches fail: its delivery level, and the destination of batches that are given up.
#[derive(Clone, Copy)]
struct Pipeline {
    delivery: &'static str,
    on_failure: &'static str,
}

impl Pipeline {
    /// The arguments of its run. The function's timeout is `timeout` seconds, and it runs into it if the proxy does not
    /// answer.
    fn run_of(self, folder: &Path, s3_url: &str, timeout: &str) -> Vec<String> {
        let (level, on_failure) = (("Delivery", self.delivery), ("OnFailure", self.on_failure));
        run_of(folder, "pipeline.yaml", &[level, on_failure, ("S3Url", s3_url), ("Timeout", timeout)])
    }

    /// The arguments of a run without the proxy. The bucket's address has to be known before the run.
    fn mended_run_of(self, folder: &Path) -> Vec<String> {
        let port = free_port();
        let mut arguments = self.run_of(folder, &format!("http://127.0.0.1:{port}"), "30");
        arguments.extend(["--s3-port".to_owned(), port.to_string()]);
        arguments
    }
}

fn data_of(folder: &Path) -> String {
    folder.join("data").display().to_string()
}

/// Runs the pipeline to its end with a broken schema and a proxy that loses answers.
fn fail(folder: &Path, pipeline: Pipeline) {
    fs::write(folder.join("numbers.toml"), schema("integer")).unwrap();
    let proxy = Proxy::start();
    let running = Running::start(&pipeline.run_of(folder, &proxy.url, "1"));
    proxy.stand_before(&RunEndpoints::of(&folder.join("data")).unwrap().s3);
    for n in 0..RECORDS {
        running.put("NumbersStream", &record(n));
    }
    running.interrupted();
}

#[track_caller]
fn count(groups: &Value, function: &str, what: &str) -> u64 {
    let groups = groups["groups"].as_array().unwrap().iter();
    groups.filter(|group| group["function"] == function).map(|group| group[what].as_u64().unwrap()).sum()
}

/// Lets the pipeline fail, corrects it, redrives, and checks that every record is stored once.
fn everything_is_there_once(pipeline: Pipeline) {
    let folder = tempfile::tempdir().unwrap();
    let (data, data_dir) = (data_of(folder.path()), folder.path().join("data"));
    fail(folder.path(), pipeline);
    let failures = kinflow(&["failures", &data, "--output", "json"]);
    assert_eq!(failures.status.code(), Some(1), "{failures:?}");
    let failed = json(&failures);
    assert!(count(&failed, "given-up", "failures") >= 2, "{failed}");
    assert!(count(&failed, "consumer", "failures") >= 1, "{failed}");
    let stopped = kinflow(&["redrive", &data]);
    assert_eq!(stopped.status.code(), Some(2), "without a run at work nothing can be fed: {stopped:?}");

    fs::write(folder.path().join("numbers.toml"), schema("float")).unwrap();
    let running = Running::start(&pipeline.mended_run_of(folder.path()));
    let planned = json(&kinflow(&["redrive", &data, "--dry-run", "--output", "json"]));
    let before = enriched(&data_dir);
    let first = kinflow(&["redrive", &data, "--output", "json"]);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let first = json(&first);
    assert_eq!(ways(&planned, "planned"), ways(&first, "redriven"), "{planned} {first}");
    let again = json(&kinflow(&["redrive", &data, "--output", "json"]));
    assert_eq!(ways(&again, "planned"), 0, "a second redrive repeats nothing: {again}");
    assert_eq!(again["doneBefore"], ways(&first, "redriven"));
    running.interrupted();

    assert!(before.len() < RECORDS, "nothing had failed");
    let expected: BTreeMap<u64, usize> = (0..RECORDS as u64).map(|n| (n, 1)).collect();
    assert_eq!(enriched(&data_dir), expected, "{}", pipeline.delivery);
    let audit = kinflow(&["audit", &data, "--stream", "NumbersStream", "--output", "json"]);
    assert_eq!(audit.status.code(), Some(0), "{}", json(&audit));
    let failures = kinflow(&["failures", &data]);
    assert_eq!(failures.status.code(), Some(0), "everything was fed again: {failures:?}");
}

/// The number of records and batches that would go or went, whatever their destination.
fn ways(account: &Value, what: &str) -> u64 {
    account["ways"].as_array().unwrap().iter().map(|way| way[what].as_u64().unwrap()).sum()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn at_the_batch_level_a_redrive_leaves_each_record_once() {
    everything_is_there_once(Pipeline { delivery: "batch", on_failure: "S3" });
}

#[test]
fn at_the_ledger_level_a_redrive_leaves_each_record_once() {
    everything_is_there_once(Pipeline { delivery: "ledger", on_failure: "S3" });
}

#[test]
fn what_a_queue_tells_of_is_read_from_the_stream_and_redriven_at_the_batch_level() {
    everything_is_there_once(Pipeline { delivery: "batch", on_failure: "SQS" });
}

#[test]
fn what_a_queue_tells_of_is_read_from_the_stream_and_redriven_at_the_ledger_level() {
    everything_is_there_once(Pipeline { delivery: "ledger", on_failure: "SQS" });
}

#[test]
fn an_audit_names_what_is_missing_and_what_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (data, data_dir) = (data_of(folder.path()), folder.path().join("data"));
    fs::write(folder.path().join("numbers.toml"), schema("float")).unwrap();
    let pipeline = Pipeline { delivery: "batch", on_failure: "S3" };
    let running = Running::start(&pipeline.mended_run_of(folder.path()));
    for n in 0..12 {
        running.put("NumbersStream", &record(n));
    }
    running.interrupted();
    let audit = ["audit", &data, "--stream", "NumbersStream", "--output", "json"];
    assert_eq!(kinflow(&audit).status.code(), Some(0));

    // An object's bytes are removed, so its records are missing. The endpoint keeps its metadata apart from the bytes.
    let objects = test_support_files(&data_dir.join("s3/databucket/enriched"));
    fs::remove_file(&objects[0]).unwrap();
    let output = kinflow(&audit);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let verdict = json(&output);
    let missing =
        verdict["missing"]["count"].as_u64().unwrap() + verdict["notTakenYet"]["count"].as_u64().unwrap();
    assert!(missing >= 1, "{verdict}");
    assert_eq!(verdict["keptOnce"].as_u64().unwrap() + missing, 12, "{verdict}");
}

fn test_support_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(test_support_files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn bad_input_is_one_line_that_says_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().display().to_string();
    for (arguments, says) in [
        (vec!["failures", "/no/such/folder"], "is not there; expected the folder of a run"),
        (vec!["failures", &empty], "holds no run"),
        (vec!["redrive", &empty], "holds no run"),
        (vec!["audit", &empty, "--stream", "s"], "holds no run"),
        (vec!["failures", "s3://", "--endpoint-url", "http://127.0.0.1:1"], "names no bucket"),
        (vec!["failures", "s3://absent", "--endpoint-url", "http://127.0.0.1:1"], "is --endpoint-url right?"),
    ] {
        let output = kinflow(&arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {told}");
        assert!(told.lines().count() == 1 && told.contains(says), "{arguments:?} {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = local::S3Endpoint::start(folder.path(), 0).await.unwrap();
    let url = endpoint.url().to_owned();
    let output =
        tokio::task::spawn_blocking(move || kinflow(&["failures", "s3://absent", "--endpoint-url", &url]));
    let output = output.await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.lines().count() == 1 && told.contains("is not there; `aws s3 ls`"), "{told}");
}
