//! `kinflow put --follow`: files grow and are rotated meanwhile, and the process is killed at any moment.
//!
//! `KINFLOW_FOLLOW_KILLS` sets how often it is killed. A failure names its seed, and `KINFLOW_FOLLOW_SEED` repeats it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

mod many_files;
mod scene;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use edge::aws::kinesis_reader::Start;
use serde_json::{Value, json};

use super::streams;
use scene::Scene;

/// How often the process is killed by default.
const KILLS: u64 = 20;
/// The longest life of a process, in milliseconds.
const LONGEST_LIFE_MS: u64 = 600;
const STREAM: &str = "events";
/// The longest that a test waits for records.
const AT_MOST: Duration = Duration::from_mins(2);

const SCHEMA: &str = r#"
name = "events"
form = "json"
[[fields]]
name = "n"
type = "integer"
required = true
[[fields]]
name = "text"
type = "string"
"#;

/// Ends a process as Ctrl-C does, and checks that it ends well.
fn interrupt(process: Child) -> String {
    let signal = Command::new("kill").args(["-INT", &process.id().to_string()]).status();
    assert!(signal.unwrap().success());
    let output = process.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn values(records: &[Vec<u8>]) -> Vec<Value> {
    records.iter().map(|record| serde_json::from_slice(record).unwrap()).collect()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

const CONFIG: &str = "
[[flow]]
files = \"logs/*.log*\"
stream = \"events\"
schema = \"events.toml\"
aggregate = true
";

/// Writes to two logs. One is rotated by renaming, and the other is copied and truncated.
struct Writer {
    random: fastrand::Rng,
    next: u64,
    rotations: u64,
}

impl Writer {
    fn step(&mut self, scene: &Scene) {
        for name in ["renamed.log", "copied.log"] {
            let lines: String = (0..self.random.u64(1..40)).map(|_| self.line()).collect();
            scene.append(name, &lines);
        }
        if self.random.u8(0..8) == 0 {
            self.rotations += 1;
            let (log, kept) =
                (scene.log("renamed.log"), scene.log(&format!("renamed.log.{}", self.rotations)));
            fs::rename(log, kept).unwrap();
        }
        if self.random.u8(0..8) == 0 {
            self.rotations += 1;
            let (log, kept) = (scene.log("copied.log"), scene.log(&format!("copied.log.{}", self.rotations)));
            fs::copy(&log, kept).unwrap();
            OpenOptions::new().write(true).truncate(true).open(log).unwrap();
        }
    }

    fn line(&mut self) -> String {
        self.next += 1;
        json!({"n": self.next, "text": "x".repeat(self.random.usize(0..60))}).to_string() + "\n"
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_is_lost_however_often_it_is_killed_while_files_are_rotated() {
    let seed = number("KINFLOW_FOLLOW_SEED").unwrap_or(11);
    let scene = Scene::new(CONFIG).await;
    let mut writer = Writer { random: fastrand::Rng::with_seed(seed), next: 0, rotations: 0 };
    for _ in 0..number("KINFLOW_FOLLOW_KILLS").unwrap_or(KILLS) {
        let mut process = scene.follow();
        let until = Instant::now() + Duration::from_millis(writer.random.u64(0..LONGEST_LIFE_MS));
        while Instant::now() < until {
            writer.step(&scene);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        process.kill().unwrap();
        process.wait().unwrap();
        writer.step(&scene);
    }
    let mut process = scene.follow();
    let count = |records: &[Vec<u8>]| {
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        for line in values(records) {
            *counts.entry(line["n"].as_u64().unwrap()).or_default() += 1;
        }
        counts
    };
    let written = usize::try_from(writer.next).unwrap();
    let all = |records: &[Vec<u8>]| records.len() >= written && count(records).len() >= written;
    let records = scene.until(&mut process, all).await;
    let counts = count(&records);
    assert!(counts.keys().copied().eq(1..=writer.next), "seed {seed}: lines that were never written");
    println!("{written} lines, {} records, {} rotations", records.len(), writer.rotations);
    interrupt(process);
    // Records that were put before it was stopped are not put again.
    let before = scene.records().await.len();
    let mut process = scene.follow();
    scene.append("renamed.log", &writer.line());
    scene.until(&mut process, |records| records.len() > before).await;
    interrupt(process);
    assert_eq!(scene.records().await.len(), before + 1, "seed {seed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_of_several_lines_and_rows_become_json_by_their_schema() {
    let config = r#"
[[flow]]
files = "logs/app.log"
stream = "events"
schema = "events.toml"
record_start = '^\d+ '
record_wait_ms = 300
pattern = '(?s)^(?<n>\d+) (?<text>.*)$'

[[flow]]
files = "logs/rows-?.csv"
stream = "events"
schema = "events.toml"
format = "csv"
"#;
    let scene = Scene::new(config).await;
    scene.append("app.log", "1 an error\n  at one place\n  at another\n2 all is well\nx\n");
    scene.append("rows-1.csv", "text,n\n\"a, b\",3\n\"over\ntwo lines\",4\nno number,z\n");
    scene.append("rows-22.csv", "text,n\nnot followed,9\n");
    let mut process = scene.follow();
    scene.until(&mut process, |records| records.len() >= 4).await;
    scene.append("rows-1.csv", "later,5\nhalf");
    scene.until(&mut process, |records| records.len() >= 5).await;
    scene.append("rows-1.csv", " and half,6\n");
    let records = scene.until(&mut process, |records| records.len() >= 6).await;
    let said = interrupt(process);
    let mut found = values(&records);
    found.sort_by_key(|value| value["n"].as_u64());
    let expected = [
        json!({"n": 1, "text": "an error\n  at one place\n  at another"}),
        json!({"n": 2, "text": "all is well\nx"}),
        json!({"n": 3, "text": "a, b"}),
        json!({"n": 4, "text": "over\ntwo lines"}),
        json!({"n": 5, "text": "later"}),
        json!({"n": 6, "text": "half and half"}),
    ];
    assert_eq!(found, expected);
    assert!(said.contains("1 refused"), "{said}");
    let quarantine = scene.folder.path().join("follow.state/rows-1.csv.events.quarantine.ndjson");
    assert_eq!(fs::read_to_string(quarantine).unwrap().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_there_yet_is_waited_for_and_nothing_is_given_up() {
    let scene = Scene::new(&CONFIG.replace("stream = \"events\"", "stream = \"later\"")).await;
    scene.append("a.log", "{\"n\":1}\n");
    let mut process = scene.follow();
    let mut said = std::io::BufReader::new(process.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("later") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut said, &mut line).unwrap() > 0, "it ended");
    }
    let reader = streams::stream(&scene.endpoint, "later", 1).await;
    let begun = Instant::now();
    loop {
        let iterator = reader.iterator("later", "shardId-000000000000", &Start::TrimHorizon).await.unwrap();
        if !reader.read(&iterator, 10).await.unwrap().records.is_empty() {
            break;
        }
        assert!(begun.elapsed() < AT_MOST);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Puts what is piped, and returns the summary.
fn piped(scene: &Scene, input: &Path, more: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    command.args(["put", "-", "--stream", STREAM, "--output", "json", "--schema"]);
    command.arg(scene.folder.path().join("events.toml")).args(["--endpoint-url", scene.endpoint.url()]);
    command.current_dir(scene.folder.path()).args(more);
    let output = command.stdin(fs::File::open(input).unwrap()).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_put_whatever_it_holds() {
    let scene = Scene::new(CONFIG).await;
    let lines: String = (0..3000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    scene.append("lines", &lines);
    scene.append("rows", "n;text\n");
    let summary = piped(&scene, &scene.log("lines"), &["--aggregate"]);
    assert_eq!((&summary["put"], &summary["done"]), (&json!(3000), &json!(true)), "{summary}");
    scene.append("csv", "\u{FEFF}text,n\nx,7000\ny,z\n");
    let summary = piped(&scene, &scene.log("csv"), &[]);
    assert_eq!((&summary["put"], &summary["quarantined"]), (&json!(1), &json!(1)), "{summary}");
    let found = values(&scene.records().await);
    assert_eq!(found.len(), 3001);
    assert!(found.contains(&json!({"n": 7000, "text": "x"})));
}
