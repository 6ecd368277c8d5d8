//! What tests of several crates ask of the machine they run on, and how they say that they skip.

use std::fmt::Display;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Says that the calling test skips something, and why. `cargo test` shows the line, although it captures what passing
/// tests print, and `.ci/run` lists all of them at its end.
pub fn skipped(reason: impl Display) {
    // The print macros are captured; the stream itself is not. Nothing is lost where it is closed.
    let written = writeln!(std::io::stderr(), "skipped: {reason}");
    drop(written);
}

/// A file or folder of the real records that `KINFLOW_TEST_DATA` names; `None`, which is said, where it names none.
pub fn data(path: &str) -> Option<PathBuf> {
    let found = std::env::var_os("KINFLOW_TEST_DATA").map(|folder| PathBuf::from(folder).join(path));
    let found = found.filter(|path| path.exists());
    if found.is_none() {
        skipped(format_args!("KINFLOW_TEST_DATA names no folder with {path}"));
    }
    found
}

/// A Python that can import the module: `PYTHON`, or else `python3`. `None`, which is said, where there is none.
pub fn python_with(module: &str) -> Option<String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let probe = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if probe.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    skipped(format_args!("{python} has no module {module} (pip install -r tests/requirements.txt)"));
    None
}

/// The processor time that this thread needs for the work, so that a busy machine changes nothing. Where the system
/// does not tell (it does on Linux), it is the time that went by.
pub fn processor_time_of(work: impl FnOnce()) -> Duration {
    let (since, started) = (processor_time(), Instant::now());
    work();
    match (since, processor_time()) {
        (Some(since), Some(until)) => until.saturating_sub(since),
        _ => started.elapsed(),
    }
}

fn processor_time() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
