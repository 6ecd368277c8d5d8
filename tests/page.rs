//! The page of a run in a real browser. Scripts in `tests/page` use the page while a pipeline runs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The exit code of a script that found no browser or no package.
const NOT_INSTALLED: i32 = 77;

/// Text that would do harm if it were taken for markup or for commands of a terminal, or if it did not fit a line.
fn hostile() -> String {
    let markup = "<img src=x onerror=\"window.harmed=1\"><script>window.harmed=1</script>";
    format!("{markup} \u{1b}[31mred\u{202e}turned ${{harmed}} &lt;b&gt; {}", "w".repeat(600))
}

/// A run that goes on until this is dropped, with the addresses of its page and its streams.
struct Running {
    run: Child,
    page: String,
    kinesis: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.run.kill();
        let _ = self.run.wait();
    }
}

impl Running {
    /// Waits until the run says where it is served.
    fn start(mut command: Command) -> Self {
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(run.stderr.take().unwrap()).lines();
        let mut before = Vec::new();
        loop {
            let Some(Ok(line)) = said.next() else {
                let ended = run.wait();
                panic!("the run ended ({ended:?}) and told no page: {}", before.join("\n"))
            };
            if let (Some(page), Some(kinesis)) = (address(&line, "page at "), address(&line, "Kinesis at ")) {
                // Its later output is read too, so that it is never blocked.
                std::thread::spawn(move || said.for_each(drop));
                return Self { run, page, kinesis };
            }
            before.push(line);
        }
    }

    /// Ends the run, and starts it again in its folder with its page at the same address.
    fn again(self, folder: &Path) -> Self {
        let port = self.page.rsplit(':').next().unwrap().to_owned();
        drop(self);
        let mut command = command(folder, &port);
        command.arg("--listen");
        Self::start(command)
    }

    /// Splits a shard, so that there is a history to show.
    fn split(&self, stream: &str, shard: &str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
        command.args(["shards", "split", "--endpoint-url", &self.kinesis, stream, shard]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Returns what follows these words in a line, without a slash at the end.
fn address(line: &str, words: &str) -> Option<String> {
    let (_, after) = line.split_once(words)?;
    let named = after.split([',', ' ']).next()?;
    Some(named.trim_end_matches('/').to_owned())
}

/// The folder of the functions' binaries.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The repository's template, with buffers that are delivered after seconds and not after a minute.
fn template(folder: &Path) -> PathBuf {
    let copy = |name: &str| {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        let text = text.replace("IntervalInSeconds: 60", "IntervalInSeconds: 8");
        let text = text.replace(
            r#"BufferIntervalInSeconds, ParameterValue: "60""#,
            r#"BufferIntervalInSeconds, ParameterValue: "8""#,
        );
        std::fs::write(folder.join(name), text).unwrap();
    };
    std::fs::create_dir_all(folder.join("pipelines")).unwrap();
    for name in ["template.yaml", "pipelines/enriched.yaml", "pipelines/typed.yaml", "pipelines/athena.yaml"]
    {
        copy(name);
    }
    folder.join("template.yaml")
}

/// A run in the folder.
fn command(folder: &Path, page_port: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    let functions = Path::new(env!("CARGO_BIN_EXE_kinflow")).parent().unwrap();
    command
        .current_dir(root())
        .args(["run", "--no-open", "--page-port", page_port])
        .arg("--functions")
        .arg(functions);
    command.arg("--template").arg(template(folder)).args([
        "--kinesis-port",
        "0",
        "--s3-port",
        "0",
        "--data-dir",
    ]);
    command.arg(folder.join("data"));
    command
}

/// A run of the examples, with one more record that is hostile.
fn examples(folder: &Path) -> Command {
    let examples = std::fs::read_to_string(root().join("examples/tweets.jsonl")).unwrap();
    let tweet = serde_json::json!({
        "created_at": "Fri Jan 02 08:00:00 +0000 2026", "id_str": "1900000000000009999", "lang": "en",
        "full_text": hostile(), "user": { "screen_name": "<b>bold</b>" },
    });
    let tweets = folder.join("tweets.jsonl");
    std::fs::write(&tweets, format!("{tweet}\n{examples}")).unwrap();
    let mut command = command(folder, "0");
    command.args(["--input", "crime=examples/crime.csv", "--input", "users=examples/users.csv"]);
    command.arg("--input").arg(format!("tweets={}", tweets.display()));
    command
}

/// Checks a group of rules on a running pipeline in a browser.
fn look(group: &str) {
    let folder = tempfile::tempdir().unwrap();
    let script = root().join("tests/page/check.mjs");
    let probe = Command::new("node").arg(&script).arg("--installed").output();
    match probe {
        Err(_) => return test_support::skipped("no node on this machine, so the page is not looked at"),
        Ok(output) if output.status.code() == Some(NOT_INSTALLED) => {
            return test_support::skipped(String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
    }
    let mut running = Running::start(examples(folder.path()));
    running.split("CrimeStream", "shardId-000000000001");
    let mut command = Command::new("node");
    command.arg(&script).arg(&running.page).env("HOSTILE", hostile()).env("RESTART", "1").env("GROUP", group);
    let mut looking = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut going_on, mut told) = (looking.stdin.take().unwrap(), Vec::new());
    for line in BufReader::new(looking.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line == "restart" {
            running = running.again(folder.path());
            writeln!(going_on, "started").unwrap();
        }
        told.push(line);
    }
    assert!(looking.wait().unwrap().success(), "{}", told.join("\n"));
}

#[test]
fn the_page_shows_what_flows_and_follows_and_mends_a_record_in_a_real_browser() {
    look("records");
}

#[test]
fn the_page_shows_functions_and_data_and_is_used_by_keyboard_in_a_real_browser() {
    look("outputs");
}

#[test]
fn the_page_keeps_up_with_a_run_that_goes_on_breaks_off_and_begins_anew() {
    look("living");
}

#[test]
fn half_of_the_views_are_accessible_and_fit_in_every_size_and_theme() {
    look("1");
}

#[test]
fn the_other_half_of_the_views_are_accessible_and_fit_in_every_size_and_theme() {
    look("2");
}

#[test]
fn no_script_of_the_page_makes_markup_or_code_of_a_text() {
    let assets = root().join("local/src/page/assets");
    let forbidden = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "javascript:",
    ];
    let mut looked = 0;
    for entry in std::fs::read_dir(assets).unwrap() {
        let path = entry.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        for word in forbidden {
            assert!(!source.contains(word), "{} holds {word}", path.display());
        }
        let is_ours = !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("uplot."));
        assert!(!is_ours || source.lines().count() <= 300, "{} has over 300 lines", path.display());
        looked += 1;
    }
    assert!(looked > 20, "only {looked} assets found");
}
