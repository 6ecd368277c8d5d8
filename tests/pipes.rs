//! `kinflow enrich` and `decode` between other programs: input from a pipe, and a reader that ends early.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn kinflow(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    process.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The exit code of a command whose reader takes some bytes and ends.
fn left_early(command: &str, file: &Path) -> Option<i32> {
    let mut process = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    let mut process = process.arg(command).arg(file).stdout(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 300];
    process.stdout.take().unwrap().read_exact(&mut some).unwrap();
    process.wait().unwrap().code()
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let texts = folder.path().join("texts");
    fs::write(&texts, "I love it, and so does everybody else here\n".repeat(30_000)).unwrap();
    assert_eq!(left_early("enrich", &texts), Some(0));
    let record = r#"{"attemptsMade":4,"rawData":"eyJhIjoxfQ=="}"#;
    let records = folder.path().join("records");
    fs::write(&records, format!("{record}\n").repeat(60_000)).unwrap();
    assert_eq!(left_early("decode", &records), Some(0));
}

#[test]
fn plain_lines_and_cells_are_scored_and_what_is_bad_is_passed_over() {
    let output = kinflow(&["enrich", "-"], b"\xEF\xBB\xBFI love it, it is great!\n");
    assert_eq!(
        (output.status.code(), lines(&output)[0]["sentiment"]["label"].as_str()),
        (Some(0), Some("positive"))
    );
    let csv = b"id;review\n1;\"I love it; it is great!\"\n2\n3;fine\n";
    let output = kinflow(&["enrich", "-", "--field", "review"], csv);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = kinflow(&["enrich", "-", "--field", "review", "--skip-bad"], csv);
    assert_eq!((output.status.code(), lines(&output).len()), (Some(1), 2), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("row at line 3 has no cell in the column"),
        "{output:?}"
    );
    let output = kinflow(&["enrich", "-", "--field", "text"], csv);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the first line has no column \"text\"; it has \"id;review\""), "{said}");
}

#[test]
fn records_in_lines_and_cells_are_opened_and_what_is_bad_is_passed_over() {
    let output = kinflow(&["decode", "-", "--lines", "--data", "json"], b"eyJhIjoxfQ==\nplain\n");
    let found = lines(&output);
    assert_eq!(
        (found[0]["data"]["a"].as_u64(), found[1]["data"].as_str()),
        (Some(1), Some("plain")),
        "{output:?}"
    );
    let output = kinflow(
        &["decode", "-", "--field", "data", "--skip-bad"],
        b"n,data\n1,eyJhIjoxfQ==\n2\n3,H4sIAAAA\n",
    );
    assert_eq!((output.status.code(), lines(&output).len()), (Some(1), 1), "{output:?}");
    let event = "\u{FEFF}{\"Records\":[{\"SequenceNumber\":\"5\",\"PartitionKey\":\"k\",\"Data\":\"eA==\"}]}";
    assert_eq!(lines(&kinflow(&["decode", "-"], event.as_bytes()))[0]["data"], "x");
}
