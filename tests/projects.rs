//! Projects that `kinflow init` makes: they run at once, SAM accepts their templates, and data sets can be added.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::own_data::{order, orders};
use crate::runs::lines_below;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn kinflow(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    command.current_dir(folder).args(arguments).output().unwrap()
}

#[track_caller]
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = kinflow(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap() + &said
}

/// The report of a run in the folder of a project.
#[track_caller]
fn run(folder: &Path, more: &[&str]) -> Value {
    let mut arguments = vec!["run", "--output", "json", "--kinesis-port", "0", "--s3-port", "0"];
    arguments.extend(more);
    let output = kinflow(folder, &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{} {said}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_project_of_a_sample_runs_at_once_and_types_every_row() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bestellungen.csv"), orders(60)).unwrap();
    done(folder.path(), &["init", "shop", "--sample", "bestellungen.csv"]);
    let project = folder.path().join("shop");
    let report = run(&project, &[]);
    let data = project.join(".kinflow");
    let mut typed = lines_below(&data, "typed/bestellungen/");
    typed.sort_by_key(|row| row["auftrags_nr"].as_str().map(str::to_owned));
    assert_eq!(typed, (0..60).map(order).collect::<Vec<_>>(), "{report}");
    assert_eq!(lines_below(&data, "enriched/bestellungen/").len(), 60, "{report}");
}

#[test]
fn a_project_begun_without_a_file_has_rows_to_look_at_and_takes_another_data_set() {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["init", "weather"]);
    let project = folder.path().join("weather");
    let rows: String = (0..30).map(|n| format!("{{\"n\":{n},\"ok\":true}}\n")).collect();
    fs::write(project.join("events.jsonl"), rows).unwrap();
    done(&project, &["add", "events.jsonl"]);
    let report = run(&project, &[]);
    let data = project.join(".kinflow");
    assert_eq!(lines_below(&data, "typed/weather/").len(), 240, "{report}");
    assert_eq!(lines_below(&data, "typed/events/").len(), 30, "{report}");
    let again = kinflow(&project, &["add", "events.jsonl"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("schemas/events.toml is there already"));
    let again = kinflow(folder.path(), &["init", "weather"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("`kinflow add` adds a data set to a project"));
}

#[test]
fn kinflows_own_template_takes_another_data_set_and_runs_it() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["template.yaml", "samconfig.toml"] {
        fs::copy(root().join(name), folder.path().join(name)).unwrap();
    }
    for name in ["pipelines", "functions"] {
        std::os::unix::fs::symlink(root().join(name), folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("bestellungen.csv"), orders(20)).unwrap();
    done(folder.path(), &["add", "bestellungen.csv", "--name", "orders"]);
    let functions = Path::new(env!("CARGO_BIN_EXE_kinflow")).parent().unwrap().display().to_string();
    let sample = ["--drain", "--input", "orders=examples/bestellungen.csv", "--functions", &functions];
    let parameters =
        ["CrimeSource=", "TweetsSource=", "UsersSource="].iter().flat_map(|p| ["--parameter", p]);
    let more: Vec<&str> = sample.into_iter().chain(parameters).collect();
    let report = run(folder.path(), &more);
    assert_eq!(lines_below(&folder.path().join(".kinflow"), "typed/orders/").len(), 20, "{report}");
    let topology = template::read(&folder.path().join("template.yaml"), &BTreeMap::new()).unwrap();
    assert_eq!(topology.left_out, [""; 0]);
    assert!(topology.streams.iter().any(|stream| stream.name == "OrdersStream"));
}

/// Does what `sam validate --lint` does: runs SAM's own translator, and cfn-lint on the template as it is written.
const VALIDATE: &str = r#"
import os, pathlib, subprocess, sys
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
path = pathlib.Path(sys.argv[1])
template = yaml_parse(path.read_text())
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Application":
        local = path.parent / resource["Properties"]["Location"]
        assert local.is_file(), local
        known = yaml_parse(local.read_text())["Parameters"]
        given = resource["Properties"]["Parameters"]
        assert not [name for name in given if name not in known], given
        assert not [name for name, parameter in known.items() if "Default" not in parameter and name not in given]
        resource["Properties"]["Location"] = "https://packaged.s3.amazonaws.com/template.yaml"
    elif resource["Type"] == "AWS::Serverless::LayerVersion":
        assert (path.parent / resource["Properties"]["ContentUri"]).is_dir()
        resource["Properties"]["ContentUri"] = "s3://packaged/schemas.zip"
class NoManagedPolicies(ManagedPolicyLoader):
    def __init__(self):
        super().__init__(None)
    def load(self):
        return {}
transform(template, {}, NoManagedPolicies())
sys.exit(subprocess.run([pathlib.Path(sys.executable).parent / "cfn-lint", "--template", path]).returncode)
"#;

#[test]
fn a_project_is_a_template_that_sam_takes() {
    let Some(python) = test_support::python_with("samtranslator, cfnlint") else { return };
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["init", "weather"]);
    let template = folder.path().join("weather/template.yaml");
    let output = Command::new(python).args(["-c", VALIDATE]).arg(&template).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    let samconfig = fs::read_to_string(folder.path().join("weather/samconfig.toml")).unwrap();
    assert!(samconfig.contains("stack_name = \"weather\""), "{samconfig}");
}
