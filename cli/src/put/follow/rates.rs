//! Shows the progress of followed files: a line for each stream, with its records and how far behind it is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// The time between two lines of a stream if standard error is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// The progress of all streams.
pub(super) struct Rates {
    all: MultiProgress,
    terminal: bool,
    streams: Mutex<BTreeMap<String, Stream>>,
}

/// One stream, with the numbers of all its files.
struct Stream {
    bar: ProgressBar,
    /// The bytes of each file that were put, and its length.
    files: BTreeMap<u64, (u64, u64)>,
    read: u64,
    refused: u64,
    told: Option<(Instant, u64)>,
}

impl Rates {
    pub(super) fn new(terminal: bool) -> Self {
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { all: MultiProgress::with_draw_target(target), terminal, streams: Mutex::default() }
    }

    /// Counts records of a stream that were read.
    pub(super) fn read(&self, stream: &str, records: u64) {
        self.change(stream, |stream| stream.read += records);
    }

    /// Counts records of a stream that were put aside.
    pub(super) fn refused(&self, stream: &str, records: u64) {
        self.change(stream, |stream| stream.refused += records);
    }

    /// Notes how much of a file was put.
    pub(super) fn at(&self, stream: &str, file: u64, position: u64, bytes: u64) {
        self.change(stream, |stream| {
            stream.files.insert(file, (position.min(bytes), bytes));
        });
    }

    /// Notes that a file is not followed any more.
    pub(super) fn closed(&self, stream: &str, file: u64) {
        self.change(stream, |stream| {
            stream.files.remove(&file);
        });
    }

    /// Prints a line without disturbing the lines of the streams.
    pub(super) fn say(&self, line: &str) {
        self.all.suspend(|| eprintln!("{}", terminal::line(line)));
    }

    /// Shows the progress of every stream that is due, or of all streams at the end.
    pub(super) fn show(&self, is_end: bool) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, stream) in streams.iter_mut() {
            let (told, before) = stream.told.unwrap_or((Instant::now(), stream.read));
            let since = told.elapsed();
            let is_due =
                stream.told.is_none() || since >= if self.terminal { Duration::ZERO } else { PLAIN_EVERY };
            if !is_due && !is_end {
                continue;
            }
            let text = stream.text(name, stream.read.saturating_sub(before), since);
            if self.terminal && !is_end {
                stream.bar.set_message(terminal::line(&text).into_owned());
            } else if is_end || stream.read != before || stream.told.is_none() {
                eprintln!("{}", terminal::line(&text));
            }
            stream.told = Some((Instant::now(), stream.read));
        }
    }

    /// Removes the lines that move.
    pub(super) fn clear(&self) {
        self.all.clear().unwrap_or_default();
    }

    fn change(&self, stream: &str, change: impl FnOnce(&mut Stream)) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if !streams.contains_key(stream) {
            let style =
                ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = self.all.add(ProgressBar::no_length().with_style(style));
            let new = Stream { bar, files: BTreeMap::new(), read: 0, refused: 0, told: None };
            streams.insert(stream.to_owned(), new);
        }
        if let Some(stream) = streams.get_mut(stream) {
            change(stream);
        }
    }
}

impl Stream {
    /// Writes a line that fits in 80 columns.
    fn text(&self, name: &str, records: u64, since: Duration) -> String {
        let behind: u64 = self.files.values().map(|(put, bytes)| bytes - put).sum();
        let rate = records.saturating_mul(1000) / u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(1);
        let refused = if self.refused > 0 { format!(" {} refused", self.refused) } else { String::new() };
        format!(
            "{name:16.16} {:>11} read {:>7}/s {:>10} behind {:>3} files{refused}",
            HumanCount(self.read).to_string(),
            HumanCount(rate).to_string(),
            HumanBytes(behind).to_string(),
            self.files.len(),
        )
    }
}
