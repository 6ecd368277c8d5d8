//! Structured logs: one JSON object a line, as CloudWatch Logs Insights reads them.

use std::error::Error;
use std::panic::PanicHookInfo;
use tracing::level_filters::LevelFilter;

/// Levels that [`init`] knows, for a setting's choice.
pub const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];

/// Starts logging to standard output at this level, `info` where it is none of [`LEVELS`]; once per process.
///
/// A panic becomes a line with its place only: its message may quote a record.
pub fn init(level: &str) {
    let level: LevelFilter = level.parse().unwrap_or(LevelFilter::INFO);
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false);
    let _ = subscriber.with_span_list(false).with_max_level(level).try_init();
    std::panic::set_hook(Box::new(log_panic));
}

/// An error and its causes on one line, `: ` between them.
pub fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "panicked");
}

#[cfg(test)]
mod tests {
    use super::chain;
    use std::io;

    #[derive(Debug, thiserror::Error)]
    #[error("could not write")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_chain_names_each_cause_once() {
        assert_eq!(chain(&Outer(io::Error::other("disk full"))), "could not write: disk full");
    }
}
