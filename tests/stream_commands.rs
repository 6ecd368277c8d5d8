//! `kinflow streams`, `shards`, `event`, `completions` and `man` as processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on says so by a panic"
)]

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::streams::{self, Endpoint};
use super::tail::{kinflow, lines, told};

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

async fn done(endpoint: &Endpoint, arguments: &[&str]) -> Output {
    let output = kinflow(endpoint, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output
}

async fn open_shards(endpoint: &Endpoint, stream: &str) -> Vec<(u128, u128)> {
    let shards = json(&done(endpoint, &["shards", stream, "--output", "json"]).await);
    let key = |value: &Value| value.as_str().unwrap().parse::<u128>().unwrap();
    let shards = shards.as_array().unwrap().iter();
    shards.map(|shard| (key(&shard["startingHashKey"]), key(&shard["endingHashKey"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_made_changed_described_listed_and_deleted() {
    let endpoint = streams::endpoint().await;
    done(&endpoint, &["streams", "create", "s", "--shards", "2"]).await;
    let again = kinflow(&endpoint, &["streams", "create", "s"]).await;
    assert_eq!((again.status.code(), told(&again).lines().count()), (Some(2), 1), "{again:?}");
    done(&endpoint, &["streams", "create", "s", "--if-absent"]).await;
    done(&endpoint, &["streams", "retention", "s", "48"]).await;
    done(&endpoint, &["streams", "retention", "s", "36"]).await;
    done(&endpoint, &["streams", "record-size", "s", "2048"]).await;
    let found = json(&done(&endpoint, &["streams", "describe", "s", "--output", "json"]).await);
    assert_eq!(
        (&found["openShards"], &found["retentionHours"], &found["maxRecordKib"], &found["status"]),
        (&2.into(), &36.into(), &2048.into(), &"ACTIVE".into())
    );
    done(&endpoint, &["streams", "create", "d", "--on-demand"]).await;
    let listed = json(&done(&endpoint, &["streams", "list", "--output", "json"]).await);
    let modes: Vec<_> =
        listed.as_array().unwrap().iter().map(|stream| (&stream["name"], &stream["mode"])).collect();
    assert_eq!(modes, [(&"d".into(), &"ON_DEMAND".into()), (&"s".into(), &"PROVISIONED".into())]);
    let refused = kinflow(&endpoint, &["streams", "delete", "s"]).await;
    assert!(refused.status.code() == Some(2) && told(&refused).contains("--yes"), "{refused:?}");
    done(&endpoint, &["streams", "delete", "s", "--yes"]).await;
    let gone = kinflow(&endpoint, &["streams", "describe", "s"]).await;
    assert!(gone.status.code() == Some(2) && told(&gone).contains("kinflow streams list"), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_are_cut_joined_and_scaled_and_a_dry_run_changes_nothing() {
    let endpoint = streams::endpoint().await;
    done(&endpoint, &["streams", "create", "s"]).await;
    let whole = [(0, u128::MAX)];
    let (first, half) = ("shardId-000000000000", 1_u128 << 127);
    let plan = done(&endpoint, &["shards", "split", "s", first, "--dry-run"]).await;
    assert_eq!(told(&plan), format!("would split {first} at {half}\n"));
    assert_eq!(open_shards(&endpoint, "s").await, whole);
    done(&endpoint, &["shards", "split", "s", first]).await;
    assert_eq!(open_shards(&endpoint, "s").await, [(0, half - 1), (half, u128::MAX)]);
    done(&endpoint, &["shards", "merge", "s", "shardId-000000000001", "shardId-000000000002"]).await;
    assert_eq!(open_shards(&endpoint, "s").await, whole);
    let scaled = done(&endpoint, &["shards", "scale", "s", "5"]).await;
    assert_eq!(lines(&scaled).len(), 0);
    assert_eq!(told(&scaled).lines().count(), 3, "from 1 to 2, to 4, to 5: {scaled:?}");
    let shards = open_shards(&endpoint, "s").await;
    let widths: Vec<u128> = shards.iter().map(|(first, last)| last - first).collect();
    assert!(shards.len() == 5 && widths.iter().all(|width| width.abs_diff(widths[0]) <= 2), "{shards:?}");
    let text = String::from_utf8(done(&endpoint, &["shards", "s"]).await.stdout).unwrap();
    assert!(text.contains("20.0 %") && text.lines().last().unwrap().starts_with("|─"), "{text}");
    let closed = kinflow(&endpoint, &["shards", "split", "s", first]).await;
    assert!(closed.status.code() == Some(2) && told(&closed).contains("is closed"), "{closed:?}");
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kinflow")).args(arguments).output().unwrap()
}

fn decoded(event: &[u8]) -> Output {
    let mut decode = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    decode.args(["decode", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = decode.spawn().unwrap();
    child.stdin.take().unwrap().write_all(event).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn an_event_of_every_form_holds_the_records_it_was_asked_for() {
    let forms: [&[&str]; 6] =
        [&[], &["--gzip"], &["--zstd"], &["--aggregate"], &["--aggregate", "--gzip"], &["--chunks", "40"]];
    for kind in ["kinesis", "firehose"] {
        for form in forms {
            let event = run(&[&["event", kind, "--schema", "crime", "--count", "7"], form].concat());
            assert!(event.status.success(), "{event:?}");
            let output = decoded(&event.stdout);
            assert!(output.status.success() && lines(&output).len() == 7, "{kind} {form:?}: {output:?}");
        }
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/crime.csv");
    let event = run(&["event", "kinesis", "--file", file, "--count", "1000", "--window"]);
    assert_eq!(lines(&decoded(&event.stdout)).len(), 200);
    assert_eq!(json(&event)["isFinalInvokeForWindow"], false);
    let bad = run(&["event", "kinesis", "--count", "0", "--bad"]);
    assert!(!json(&bad)["Records"].as_array().unwrap().is_empty());
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let commands = ["decode", "enrich", "run", "put", "tail", "streams", "shards", "event", "schema"];
    for shell in ["bash", "zsh", "fish"] {
        let script = String::from_utf8(run(&["completions", shell]).stdout).unwrap();
        assert!(commands.iter().all(|command| script.contains(command)), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(run(&["man", folder.path().to_str().unwrap()]).status.success());
    for command in commands {
        let page = fs::read_to_string(folder.path().join(format!("kinflow-{command}.1"))).unwrap();
        assert!(page.contains("SYNOPSIS"), "{command}");
    }
}

#[test]
fn a_server_that_is_down_is_told_in_one_line() {
    let output = run(&["streams", "list", "--endpoint-url", "http://127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output).contains("is the server running") && told(&output).lines().count() == 1,
        "{output:?}"
    );
}
