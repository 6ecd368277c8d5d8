//! More files than a process may have open, and files that began before they were followed.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::scene::Scene;
use super::{CONFIG, interrupt, values};

/// The number of files, which is more than the process may have open.
const FILES: u64 = 400;
/// The descriptors that macOS gives a process.
const DESCRIPTORS: &str = "256";

fn numbers(records: &[Vec<u8>]) -> BTreeSet<u64> {
    values(records).iter().map(|value| value["n"].as_u64().unwrap()).collect()
}

/// Half of the files end within a line, which is completed later.
#[tokio::test(flavor = "multi_thread")]
async fn more_files_than_may_be_open_take_turns_and_each_line_is_put_once() {
    let scene = Scene::new(CONFIG).await;
    for n in 0..FILES {
        let half = if n % 2 == 0 { format!("{{\"n\":{}", FILES + n) } else { String::new() };
        scene.append(&format!("{n}.log"), &format!("{{\"n\":{n}}}\n{half}"));
    }
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n \"$0\" && exec \"$@\"", DESCRIPTORS, env!("CARGO_BIN_EXE_kinflow")]);
    command.args(["put", "--follow"]).arg(scene.folder.path().join("follow.toml"));
    command.args(["--endpoint-url", scene.endpoint.url()]).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    scene.until(&mut process, |records| numbers(records).len() as u64 >= FILES).await;
    for n in (0..FILES).step_by(2) {
        scene.append(&format!("{n}.log"), "}\n");
    }
    let expected = FILES + FILES / 2;
    let records = scene.until(&mut process, |records| numbers(records).len() as u64 >= expected).await;
    let said = interrupt(process);
    assert_eq!(records.len() as u64, expected, "a line was put twice: {said}");
    assert!(!said.contains("tried again"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_end_means_the_end_at_the_first_start() {
    let scene = Scene::new(&format!("{CONFIG}from = \"end\"\n")).await;
    scene.append("a.log", "{\"n\":1}\n");
    let state = scene.folder.path().join("follow.state/places.json");
    let mut process = scene.follow();
    while !state.exists() {
        assert!(process.try_wait().unwrap().is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process.kill().unwrap();
    process.wait().unwrap();
    scene.append("a.log", "{\"n\":2}\n");
    scene.append("b.log", "{\"n\":3}\n");
    let mut process = scene.follow();
    let records = scene.until(&mut process, |records| records.len() >= 2).await;
    interrupt(process);
    assert_eq!(numbers(&records), BTreeSet::from([2, 3]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_line_of_a_file_that_nobody_writes_to_is_put_without_a_line_end() {
    let scene = Scene::new(CONFIG).await;
    scene.append("a.log", "{\"n\":1}\n{\"n\":2}");
    let long_ago = std::time::SystemTime::now() - Duration::from_hours(1);
    fs::File::options().append(true).open(scene.log("a.log")).unwrap().set_modified(long_ago).unwrap();
    let mut process = scene.follow();
    let mut records = scene.until(&mut process, |records| records.len() >= 2).await;
    interrupt(process);
    records.sort();
    assert_eq!(values(&records), [json!({"n": 1}), json!({"n": 2})] as [Value; 2]);
}
