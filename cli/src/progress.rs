//! What a user sees while the pipeline runs: on a terminal a moving line for each data set, in a pipe plain
//! lines.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use local::{DataSetStatus, Progress};

use crate::terminal;

/// The time between two lines of a data set.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// The state of a run on standard error.
pub(crate) struct Screen {
    terminal: bool,
    all: MultiProgress,
    lines: Mutex<BTreeMap<String, Line>>,
}

/// One data set's line.
struct Line {
    bar: ProgressBar,
    printed: Option<(Instant, u64)>,
}

impl Screen {
    /// Makes a screen, whose lines are redrawn in place if standard error is a terminal.
    pub(crate) fn new(terminal: bool) -> Self {
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { terminal, all: MultiProgress::with_draw_target(target), lines: Mutex::default() }
    }

    /// Shows what happened.
    pub(crate) fn show(&self, progress: &Progress) {
        match progress {
            Progress::Ready { kinesis_url, s3_url, page_url } => {
                let page = page_url.as_ref().map(|url| format!(", page at {url}")).unwrap_or_default();
                self.say(&format!("ready: Kinesis at {kinesis_url}, S3 at {s3_url}{page}"));
                self.say("Ctrl-C delivers what is on the streams and reports; a second one ends at once");
            }
            Progress::Status { data_sets } => self.status(data_sets),
            Progress::Warning { message } => self.say(&format!("warning: {message}")),
            Progress::Note { message } => self.say(message),
            Progress::Draining => self.say("draining: sources are at their end, buffers are flushed"),
            Progress::Checking => self.say("checking: each record put is looked for in what was written"),
        }
    }

    /// Removes the moving lines before the report is printed.
    pub(crate) fn clear(&self) {
        // The report must not be lost if the terminal went away in the meantime.
        self.all.clear().unwrap_or_default();
    }

    fn say(&self, line: &str) {
        self.all.suspend(|| eprintln!("{}", terminal::line(line)));
    }

    fn status(&self, data_sets: &[DataSetStatus]) {
        let Ok(mut lines) = self.lines.lock() else { return };
        for status in data_sets {
            let line = lines.entry(status.name.clone()).or_insert_with(|| self.line());
            if self.terminal {
                line.bar.set_message(terminal::line(&text(status)).into_owned());
            } else if line.is_due(status.done()) {
                eprintln!("{}", terminal::line(&text(status)));
            }
        }
    }

    fn line(&self) -> Line {
        let style =
            ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Line { bar: self.all.add(ProgressBar::no_length().with_style(style)), printed: None }
    }
}

impl Line {
    /// Whether a pipe gets this line: only after a while, and only if something was done since the last one.
    fn is_due(&mut self, done: u64) -> bool {
        let is_due = match self.printed {
            None => done > 0,
            Some((at, before)) => at.elapsed() >= PLAIN_EVERY && done != before,
        };
        if is_due {
            self.printed = Some((Instant::now(), done));
        }
        is_due
    }
}

/// A data set's line, which fits in 80 columns.
fn text(status: &DataSetStatus) -> String {
    let next = status.next_tick.map_or(String::new(), |left| format!("  next {} s", left.as_secs()));
    format!(
        "{:10.10} {:>10} put {:>10} taken {:>9} waiting {:>6}/s{next}",
        status.name,
        HumanCount(status.put).to_string(),
        HumanCount(status.done()).to_string(),
        HumanCount(status.waiting).to_string(),
        HumanCount(status.per_second).to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_eighty_columns() {
        let status = DataSetStatus {
            name: "a data set of a long name".to_owned(),
            put: 99_999_999,
            waiting: 9_999_999,
            per_second: 99_999,
            next_tick: Some(Duration::from_secs(59)),
        };
        let line = text(&status);
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}
