//! Opening a page in the person's browser.

use std::io::{self, IsTerminal};
use std::process::{Command, Stdio};

/// What opens an address on this system, each with the person's own browser.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Whether somebody sits here: a run in a pipe, by a service or in continuous integration opens nothing.
pub(crate) fn is_at_hand() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Opens the address, and waits for nothing. Where there is no browser the address was printed, and that will do.
pub(crate) fn open(url: &str) {
    let nothing = Stdio::null;
    let started = Command::new(OPENER).arg(url).stdin(nothing()).stdout(nothing()).stderr(nothing()).spawn();
    match started {
        // Somebody has to wait for it, or it stays a zombie for the length of the run.
        Ok(mut process) => drop(std::thread::spawn(move || process.wait())),
        Err(error) => tracing::debug!(%error, "no browser was opened"),
    }
}
