//! The log file of a function: what its processes write, between Lambda's START, END and REPORT lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// An open log file; every process of the function appends to it.
#[derive(Debug)]
pub(super) struct FunctionLog {
    file: File,
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
        Ok(Self { file: OpenOptions::new().create(true).append(true).open(path)? })
    }

    /// A handle for a process's output.
    pub(super) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    pub(super) fn start(&self, request_id: &str) {
        self.line(&format!("START RequestId: {request_id} Version: $LATEST"));
    }

    pub(super) fn end(&self, request_id: &str, outcome: &str, cost: Cost) {
        self.line(&format!("END RequestId: {request_id}"));
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let peak = cost.peak_mb.map(|mb| format!("\tMax Memory Used: {mb} MB")).unwrap_or_default();
        let initialisation =
            cost.initialisation.map(|took| format!("\tInit Duration: {:.2} ms", milliseconds(took)));
        self.line(&format!(
            "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tMemory Size: {} MB{peak}{}{outcome}",
            milliseconds(cost.duration),
            cost.memory_mb,
            initialisation.unwrap_or_default(),
        ));
    }

    /// Appends a line in one write, so that lines of several processes do not mix.
    pub(super) fn line(&self, line: &str) {
        if let Err(error) = (&self.file).write_all(format!("{line}\n").as_bytes()) {
            tracing::warn!(%error, "a line of a function's log is lost");
        }
    }
}
