//! Runs each command in docs/cookbook.md on the files of `examples/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use edge::aws::kinesis_reader::Start;
use serde_json::{Value, json};

use super::runs::lines_below;
use super::streams;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Checks that the page has this command, so that the page says what is run here.
#[track_caller]
fn said(command: &str) {
    let page = fs::read_to_string(root().join("docs/cookbook.md")).unwrap();
    assert!(page.contains(command), "docs/cookbook.md has no {command:?}");
}

fn kinflow(folder: &Path, arguments: &[&str]) -> Output {
    let output =
        Command::new(env!("CARGO_BIN_EXE_kinflow")).current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn a_function_of_one_s_own_enriches_records_on_their_way() {
    said("cp examples/enrichment/asks target/debug/");
    said("cargo kinflow run --template examples/enrichment/template.yaml --data-dir out");
    let Some(python) = test_support::python_with("json") else { return };
    let folder = tempfile::tempdir().unwrap();
    let functions = folder.path().join("functions");
    fs::create_dir(&functions).unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_kinflow")).parent().unwrap();
    std::os::unix::fs::symlink(built.join("producer"), functions.join("producer")).unwrap();
    let script = fs::read_to_string(root().join("examples/enrichment/asks")).unwrap();
    let asks = functions.join("asks");
    fs::write(&asks, script.replace("#!/usr/bin/env python3", &format!("#!/usr/bin/env {python}"))).unwrap();
    fs::set_permissions(&asks, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let functions = functions.display().to_string();
    let data = folder.path().join("out").display().to_string();
    let template = ["run", "--template", "examples/enrichment/template.yaml", "--data-dir", &data];
    let ports = ["--functions", &functions, "--kinesis-port", "0", "--s3-port", "0"];
    kinflow(&root(), &[&template[..], &ports].concat());
    let typed = lines_below(&folder.path().join("out"), "typed/reviews/");
    assert_eq!(typed.len(), 60);
    for review in typed {
        assert_eq!(review["asks"], review["text"].as_str().unwrap().contains('?'), "{review}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_program_that_prints_lines_is_a_source() {
    said(
        "python3 examples/source/boiler.py 5000 | cargo kinflow put - --stream boiler --schema examples/source/boiler.toml",
    );
    let Some(python) = test_support::python_with("json") else { return };
    let endpoint = streams::endpoint().await;
    let reader = streams::stream(&endpoint, "boiler", 1).await;
    let mut source = Command::new(python);
    source.arg(root().join("examples/source/boiler.py")).arg("5000").stdout(Stdio::piped());
    let mut source = source.spawn().unwrap();
    let mut put = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    put.current_dir(root()).args([
        "put",
        "-",
        "--stream",
        "boiler",
        "--schema",
        "examples/source/boiler.toml",
    ]);
    put.args(["--endpoint-url", endpoint.url(), "--output", "json"]).stdin(source.stdout.take().unwrap());
    let output = put.output().unwrap();
    source.wait().unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!((&summary["put"], &summary["quarantined"]), (&json!(5000), &json!(0)), "{summary}");
    let iterator = reader.iterator("boiler", "shardId-000000000000", &Start::TrimHorizon).await.unwrap();
    let first = reader.read(&iterator, 1).await.unwrap().records.remove(0);
    let first: Value = serde_json::from_slice(&first.data).unwrap();
    assert!(first["sensor"].as_str().unwrap().starts_with("boiler-"), "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_and_rows_are_followed_by_the_page_s_configuration() {
    said("cargo kinflow put --follow examples/source/follow.toml");
    let endpoint = streams::endpoint().await;
    let app = streams::stream(&endpoint, "app", 1).await;
    streams::stream(&endpoint, "boiler", 1).await;
    let folder = tempfile::tempdir().unwrap();
    for name in ["follow.toml", "app.toml", "boiler.toml"] {
        fs::copy(root().join("examples/source").join(name), folder.path().join(name)).unwrap();
    }
    fs::create_dir(folder.path().join("logs")).unwrap();
    let log = "2026-02-03T04:05:06Z ERROR no water\n  at the pump\n2026-02-03T04:05:07Z INFO water\n";
    fs::write(folder.path().join("logs/app.log"), log).unwrap();
    let mut follow = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    follow.args(["put", "--follow"]).arg(folder.path().join("follow.toml"));
    let mut follow = follow.args(["--endpoint-url", endpoint.url()]).stderr(Stdio::null()).spawn().unwrap();
    let iterator = app.iterator("app", "shardId-000000000000", &Start::TrimHorizon).await.unwrap();
    let begun = std::time::Instant::now();
    while app.read(&iterator, 10).await.unwrap().records.is_empty() {
        assert!(follow.try_wait().unwrap().is_none() && begun.elapsed().as_secs() < 60);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    follow.kill().unwrap();
    follow.wait().unwrap();
}

#[test]
fn one_data_set_is_a_project_of_a_sample() {
    said("cargo kinflow init ../shop --sample examples/orders.csv");
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("shop").display().to_string();
    kinflow(&root(), &["init", &project, "--sample", "examples/orders.csv"]);
    for name in ["template.yaml", "samconfig.toml", "README.md", "schemas/orders.toml", "samples/orders.csv"]
    {
        assert!(folder.path().join("shop").join(name).is_file(), "{name}");
    }
}

#[test]
fn a_run_is_looked_at_in_duckdb() {
    said("duckdb < ../../../examples/look.sql");
    let Some(python) = test_support::python_with("duckdb") else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("out").display().to_string();
    let files = ["run", "examples/orders.csv", "examples/reviews.jsonl", "--data-dir", &data];
    kinflow(&root(), &[&files[..], &["--kinesis-port", "0", "--s3-port", "0"]].concat());
    let script = "
import json, sys, duckdb
answers = [duckdb.sql(part.query).fetchall() for part in duckdb.extract_statements(open(sys.argv[1]).read())]
print(json.dumps(answers, default=str))
";
    let bucket = folder.path().join("out/s3/databucket");
    let mut command = Command::new(python);
    let output = command
        .args(["-c", script])
        .arg(root().join("examples/look.sql"))
        .current_dir(bucket)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<Vec<Vec<Value>>> = serde_json::from_slice(&output.stdout).unwrap();
    let counted = |answer: &[Vec<Value>]| answer.iter().map(|row| row[1].as_u64().unwrap()).sum::<u64>();
    assert_eq!((counted(&answers[0]), counted(&answers[1])), (80, 60), "{answers:?}");
    assert_eq!(answers[2].len(), 10);
}
