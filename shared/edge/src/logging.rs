//! Structured logs: one JSON object a line, as CloudWatch Logs Insights reads them.

use std::error::Error;
use std::panic::PanicHookInfo;

pub use tracing::level_filters::LevelFilter;

/// The log levels by name, for a setting that chooses one.
pub const LEVELS: &[(&str, LevelFilter)] = &[
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// Starts logging to standard output, from this level up. A second call in one process does nothing.
///
/// A panic is logged with its place only, since its message may quote a record.
pub fn init(level: LevelFilter) {
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false);
    if subscriber.with_span_list(false).with_max_level(level).try_init().is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

/// Returns an error and its causes on one line, separated by `: `.
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
