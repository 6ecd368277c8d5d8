//! A drained run of the records in `examples/`.

#![allow(clippy::unwrap_used, reason = "a test that meets what it did not expect has to fail")]

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// The folder of the run; its bucket is `s3/databucket`.
pub(super) fn run() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command
        .args(["run", "--drain", "--kinesis-port", "0", "--s3-port", "0", "--data-dir"])
        .arg(folder.path());
    for input in ["crime=examples/crime.csv", "tweets=examples/tweets.jsonl", "users=examples/users.csv"] {
        command.args(["--input", input]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}
