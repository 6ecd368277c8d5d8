//! What a person sees while the pipeline runs: bars on a terminal, plain lines in a pipe.

use std::collections::BTreeMap;
use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use local::Progress;

/// One line a stage and data set, on standard error.
pub(crate) struct Bars {
    terminal: bool,
    all: MultiProgress,
    by_stage: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Bars {
    /// Bars that move where standard error is a terminal.
    pub(crate) fn new(terminal: bool) -> Self {
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { terminal, all: MultiProgress::with_draw_target(target), by_stage: Mutex::default() }
    }

    /// Shows what happened.
    pub(crate) fn show(&self, progress: &Progress) {
        match progress {
            Progress::Ready { kinesis_url, s3_url } => {
                self.say(&format!(
                    "ready: Kinesis at {kinesis_url}, S3 at {s3_url}; Ctrl-C drains and reports"
                ));
            }
            Progress::Produced { data_set, read, put } => {
                self.step(&format!("{data_set} produced"), *put, Some(*read));
            }
            Progress::Consumed { data_set, records } => {
                self.step(&format!("{data_set} consumed"), *records, None);
            }
            Progress::Delivered { data_set, delivery, records } => {
                self.step(&format!("{data_set} delivered by {delivery}"), *records, None);
            }
            Progress::Warning { message } => self.say(&format!("warning: {message}")),
            Progress::Draining => self.say("draining: sources are at their end, buffers are flushed"),
            Progress::Checking => self.say("checking: each record put is looked for in what was written"),
            Progress::Note { message } => self.say(message),
        }
    }

    /// Takes the bars away before the report is printed.
    pub(crate) fn clear(&self) {
        // A terminal that went away in between is no reason to lose the report.
        self.all.clear().unwrap_or_default();
    }

    fn say(&self, line: &str) {
        self.all.suspend(|| eprintln!("{line}"));
    }

    fn step(&self, stage: &str, done: u64, of: Option<u64>) {
        if !self.terminal {
            return;
        }
        let Ok(mut bars) = self.by_stage.lock() else { return };
        let bar = bars.entry(stage.to_owned()).or_insert_with(|| self.all.add(bar(stage)));
        bar.set_length(of.unwrap_or(done));
        bar.set_position(done);
    }
}

fn bar(stage: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:40} {bar:30} {human_pos:>10}");
    let bar = ProgressBar::no_length().with_message(stage.to_owned());
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
