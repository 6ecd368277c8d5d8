//! Opens a page in the person's browser.

use std::io::{self, IsTerminal};
use std::process::{Command, Stdio};

/// The program that opens an address in the person's browser on this system.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Whether a person is at the terminal. A run in a pipe, in a service or in continuous integration opens no browser.
pub(crate) fn is_at_hand() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Opens the address, and does not wait for the browser. If there is no browser, nothing happens, since the address was
/// printed.
pub(crate) fn open(url: &str) {
    let nothing = Stdio::null;
    let started = Command::new(OPENER).arg(url).stdin(nothing()).stdout(nothing()).stderr(nothing()).spawn();
    match started {
        // A thread waits for the process, which would otherwise stay a zombie until the run ends.
        Ok(mut process) => drop(std::thread::spawn(move || process.wait())),
        Err(error) => tracing::debug!(%error, "no browser was opened"),
    }
}
