//! Checks that tools can decompress raw copies of a compressed stream, however short some of its records are.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::runs::Run;

const TWEETS: usize = 200;

/// Tweets, of which every second is so short that compression makes it longer, and some are long.
fn tweets() -> String {
    let tweet = |n: usize| {
        let text = if n.is_multiple_of(2) { "a".to_owned() } else { format!("{n} ").repeat(n) };
        let tweet = json!({
            "id_str": n.to_string(), "created_at": "Fri Jul 12 16:36:27 +0000 2019", "full_text": text, "lang": "en",
            "user": {"screen_name": "x"},
        });
        tweet.to_string() + "\n"
    };
    (0..TWEETS).map(tweet).collect()
}

fn objects(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { objects(&path) } else { vec![path] }).collect()
}

/// The ids that a tool prints, one on each line or one in each JSON line, sorted as numbers.
fn ids(command: &mut Command) -> Vec<usize> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let id = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(tweet)) => tweet["id_str"].as_str().unwrap().parse().unwrap(),
        _ => line.parse().unwrap(),
    };
    let mut ids: Vec<usize> = text.lines().map(id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_raw_copy_is_gzip_to_zcat_and_to_duckdb_whatever_the_size_of_its_records() {
    let outcome = Run::new().input("tweets", "tweets.jsonl", tweets()).drained();
    assert_eq!(outcome.code, Some(0), "{} {}", outcome.report, outcome.stderr);
    let raw = outcome.folder.path().join("data/s3/databucket/raw/tweets");
    let objects = objects(&raw);
    assert!(
        !objects.is_empty() && objects.iter().all(|object| object.to_string_lossy().ends_with(".ndjson.gz"))
    );
    let expected: Vec<usize> = (0..TWEETS).collect();
    assert_eq!(ids(Command::new("zcat").args(&objects)), expected);
    let Some(python) = test_support::python_with("duckdb") else { return };
    let script = "
import sys, duckdb
for row in duckdb.sql(f\"SELECT id_str FROM read_json('{sys.argv[1]}/**/*.ndjson.gz', format = 'newline_delimited')\").fetchall():
    print(row[0])
";
    assert_eq!(ids(Command::new(python).args(["-c", script]).arg(&raw)), expected);
}
