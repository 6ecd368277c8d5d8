//! Checks that a runner that is killed leaves no process behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// A function that starts another process. Both run for longer than any test.
const FUNCTION: &str = "#!/bin/sh\nsleep 1000 &\necho $! $$ > \"$IDS.new\"\nmv \"$IDS.new\" \"$IDS\"\nwait\n";

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters: { Ids: { Type: String } }
Resources:
  Lasting:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: lasting
      Handler: bootstrap
      Runtime: provided.al2023
      Environment: { Variables: { IDS: !Ref Ids } }
      Events:
        EachMinute: { Type: Schedule, Properties: { Schedule: rate(1 minute) } }
";

#[test]
fn a_killed_runner_takes_its_functions_and_what_they_started_along() {
    let folder = tempfile::tempdir().unwrap();
    let ids = folder.path().join("ids");
    let mut runner = start(folder.path(), &ids);
    while !ids.exists() {
        assert!(runner.try_wait().unwrap().is_none(), "the runner ended by itself");
        std::thread::yield_now();
    }
    let ids = fs::read_to_string(ids).unwrap();
    assert!(ids.split_whitespace().all(is_alive), "{ids}");
    // After SIGKILL the runner can do nothing more.
    runner.kill().unwrap();
    runner.wait().unwrap();
    while ids.split_whitespace().any(is_alive) {
        std::thread::yield_now();
    }
}

fn start(folder: &Path, ids: &Path) -> std::process::Child {
    let (template, function) = (folder.join("template.yaml"), folder.join("lasting"));
    fs::write(&template, TEMPLATE).unwrap();
    fs::write(&function, FUNCTION).unwrap();
    fs::set_permissions(&function, fs::Permissions::from_mode(0o755)).unwrap();
    Command::new(env!("CARGO_BIN_EXE_kinflow"))
        .args(["run", "--kinesis-port", "0", "--s3-port", "0"])
        .arg("--template")
        .arg(template)
        .arg("--functions")
        .arg(folder)
        .arg("--data-dir")
        .arg(folder.join("data"))
        .arg("--parameter")
        .arg(format!("Ids={}", ids.display()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether a process runs, and is not just a zombie.
fn is_alive(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
