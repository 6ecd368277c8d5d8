//! Kills runs in one folder at any moment, one after the other, and checks that whatever the endpoint acknowledged is
//! in
//! `enriched/` once.
//!
//! `KINFLOW_KILLS` sets how often the runner is killed. A failure names its seed, and `KINFLOW_KILLS_SEED` repeats it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use edge::aws::{AwsSettings, KinesisSink};
use edge::put_records::{Entry, EntryOutcome, RecordSink as _};
use edge::settings::Settings;
use serde_json::{Value, json};

use super::runs::lines_below;

/// How often the runner is killed by default.
const KILLS: u64 = 20;
/// The longest life of a runner after it is ready, in milliseconds.
const LONGEST_LIFE_MS: u64 = 700;

/// A runner that listens. Only this test puts records on its streams.
struct Runner {
    process: Child,
    kinesis_url: String,
}

impl Runner {
    fn start(data_dir: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_kinflow"))
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
            .args(["run", "--output", "json", "--kinesis-port", "0", "--s3-port", "0"])
            .args(["--parameter", "ProducerState=DISABLED", "--data-dir"])
            .arg(data_dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut before = Vec::new();
        let ready = said.by_ref().find(|line| {
            before.push(line.clone());
            line.starts_with("ready")
        });
        let ready = ready.unwrap_or_else(|| panic!("a run did not start: {before:?}"));
        let url = ready.split(' ').find(|word| word.starts_with("http")).unwrap();
        // Nobody reads any more, but the pipe has to stay open.
        std::thread::spawn(move || said.for_each(drop));
        Self { kinesis_url: url.trim_end_matches(',').to_owned(), process }
    }

    fn sink(&self) -> KinesisSink {
        let settings = [
            ("AWS_ENDPOINT_URL_KINESIS", self.kinesis_url.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "any"),
            ("AWS_SECRET_ACCESS_KEY", "any"),
        ];
        KinesisSink::connect("TweetsStream", &AwsSettings::read(&mut Settings::from_map(settings)))
    }

    /// Puts tweets from the id `next` on, until it is killed after this time. Adds the ids that were acknowledged.
    fn put_until_killed(&mut self, life: Duration, next: &mut u64, acknowledged: &mut Vec<u64>) {
        let sink = self.sink();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let putting = async {
                loop {
                    let numbers: Vec<u64> = (*next..*next + 20).collect();
                    *next += 20;
                    let entries: Vec<Entry> =
                        numbers.iter().map(|id| Entry::new(id.to_string(), tweet(*id))).collect();
                    let Ok(outcomes) = sink.put(&entries).await else { continue };
                    let accepted = numbers.iter().zip(outcomes);
                    acknowledged.extend(accepted.filter_map(|(id, outcome)| {
                        matches!(outcome, EntryOutcome::Accepted { .. }).then_some(*id)
                    }));
                }
            };
            let _ended = tokio::time::timeout(life, putting).await;
        });
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends the run as a person would, and returns its exit code and report.
    fn drain(self) -> (Option<i32>, Value) {
        let interrupted = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        assert!(interrupted.unwrap().success());
        let output = self.process.wait_with_output().unwrap();
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
    }
}

fn tweet(id: u64) -> Vec<u8> {
    let tweet = json!({
        "id_str": id.to_string(),
        "created_at": "Fri Jul 12 16:36:27 +0000 2019",
        "full_text": "What a lovely day",
        "lang": "en",
        "user": { "screen_name": "example" },
    });
    tweet.to_string().into_bytes()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

#[test]
fn whatever_was_acknowledged_is_enriched_once_however_often_the_runner_is_killed() {
    let seed = number("KINFLOW_KILLS_SEED").unwrap_or(7);
    let mut random = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let (mut next, mut acknowledged) = (1, Vec::new());
    for _ in 0..number("KINFLOW_KILLS").unwrap_or(KILLS) {
        let life = Duration::from_millis(random.u64(0..LONGEST_LIFE_MS));
        Runner::start(&data_dir).put_until_killed(life, &mut next, &mut acknowledged);
    }
    let (code, report) = Runner::start(&data_dir).drain();
    assert_eq!(code, Some(0), "seed {seed}: {report}");

    let mut found: BTreeMap<u64, u32> = BTreeMap::new();
    for line in lines_below(&data_dir, "enriched/tweets") {
        *found.entry(line["record"]["id"].as_str().unwrap().parse().unwrap()).or_default() += 1;
    }
    assert!(!acknowledged.is_empty(), "nothing was put");
    let missing: Vec<_> = acknowledged.iter().filter(|id| !found.contains_key(id)).collect();
    assert!(missing.is_empty(), "seed {seed}: {} of {} are missing", missing.len(), acknowledged.len());
    let doubled: Vec<_> = found.iter().filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "seed {seed}: twice: {doubled:?}");
    let made_up: Vec<_> = found.keys().filter(|id| !(1..next).contains(*id)).collect();
    assert!(made_up.is_empty(), "seed {seed}: never sent: {made_up:?}");
}
