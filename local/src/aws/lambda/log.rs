//! The log file of a function: what its processes write, between Lambda's START, END and REPORT lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::InvocationError;

/// How much of the end of a log is searched for its last line.
const MAX_END_BYTES: u64 = 4096;
/// The longest line that is reported, in characters.
const MAX_LINE_CHARS: usize = 300;
/// The beginnings of the lines that are written here.
const OWN_LINES: [&str; 4] = ["START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_REPORT "];

/// An open log file; every process of the function appends to it.
#[derive(Debug)]
pub(super) struct FunctionLog {
    file: File,
    path: PathBuf,
}

/// What one invocation cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) duration: Duration,
    pub(super) initialisation: Option<Duration>,
    pub(super) memory_mb: u32,
    pub(super) peak_mb: Option<u64>,
}

impl FunctionLog {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A handle for a process's output.
    pub(super) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Where what is written next begins.
    pub(super) fn end_bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// The last line that a process wrote from here on.
    pub(super) fn last_line_since(&self, begin: u64) -> Option<String> {
        let from = begin.max(self.end_bytes().saturating_sub(MAX_END_BYTES));
        let mut end = Vec::new();
        let mut file = File::open(&self.path).ok()?;
        file.seek(SeekFrom::Start(from)).ok()?;
        file.take(MAX_END_BYTES).read_to_end(&mut end).ok()?;
        let text = String::from_utf8_lossy(&end);
        let is_told = |line: &&str| !line.is_empty() && !OWN_LINES.iter().any(|own| line.starts_with(own));
        let line = text.lines().map(str::trim).rfind(is_told)?;
        Some(line.chars().take(MAX_LINE_CHARS).collect())
    }

    pub(super) fn start(&self, request_id: &str) {
        self.line(&format!("START RequestId: {request_id} Version: $LATEST"));
    }

    pub(super) fn initialisation_timed_out(&self, took: Duration) {
        self.line(&format!(
            "INIT_REPORT Init Duration: {:.2} ms\tPhase: init\tStatus: timeout",
            milliseconds(took)
        ));
    }

    pub(super) fn end(&self, request_id: &str, result: &Result<Bytes, InvocationError>, cost: Cost) {
        if let Err(InvocationError::TimedOut { seconds, .. }) = result {
            self.line(&format!(
                "{:.3} {request_id} Task timed out after {seconds}.00 seconds",
                Timestamp::now()
            ));
        }
        self.line(&format!("END RequestId: {request_id}"));
        self.line(&report(request_id, outcome(result), cost));
    }

    /// Appends a line in one write, so that lines of several processes do not mix.
    fn line(&self, line: &str) {
        if let Err(error) = (&self.file).write_all(format!("{line}\n").as_bytes()) {
            tracing::warn!(%error, "a line of a function's log is lost");
        }
    }
}

fn report(request_id: &str, outcome: &str, cost: Cost) -> String {
    // Lambda bills whole milliseconds, those of the initialisation too.
    let billed = milliseconds(cost.duration + cost.initialisation.unwrap_or_default()).ceil();
    let peak = cost.peak_mb.map(|mb| format!("\tMax Memory Used: {mb} MB")).unwrap_or_default();
    let initialisation =
        cost.initialisation.map(milliseconds).map(|ms| format!("\tInit Duration: {ms:.2} ms"));
    format!(
        "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {billed:.0} ms\tMemory Size: {} MB{peak}{}{outcome}",
        milliseconds(cost.duration),
        cost.memory_mb,
        initialisation.unwrap_or_default(),
    )
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The last column of the REPORT line.
fn outcome(result: &Result<Bytes, InvocationError>) -> &'static str {
    match result {
        Ok(_) => "",
        Err(InvocationError::TimedOut { .. }) => "\tStatus: timeout",
        Err(_) => "\tStatus: error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_process_own_and_of_this_start() {
        let folder = tempfile::tempdir().unwrap();
        let log = FunctionLog::open(&folder.path().join("F.log")).unwrap();
        log.line("of another start");
        let begin = log.end_bytes();
        assert_eq!(log.last_line_since(begin), None);
        log.line("the schema has no column");
        log.start("r");
        log.line("");
        assert_eq!(log.last_line_since(begin).as_deref(), Some("the schema has no column"));
        log.line(&"long ".repeat(5000));
        assert_eq!(log.last_line_since(begin).unwrap().chars().count(), MAX_LINE_CHARS);
    }

    #[test]
    fn the_report_bills_whole_milliseconds_with_the_initialisation() {
        let cost = Cost {
            duration: Duration::from_micros(690),
            initialisation: Some(Duration::from_micros(72_560)),
            memory_mb: 256,
            peak_mb: Some(18),
        };
        assert_eq!(
            report("r", "", cost),
            "REPORT RequestId: r\tDuration: 0.69 ms\tBilled Duration: 74 ms\tMemory Size: 256 MB\t\
             Max Memory Used: 18 MB\tInit Duration: 72.56 ms"
        );
    }
}
