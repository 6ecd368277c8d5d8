//! What a run told so far, and what the area of a terminal shows of it.

use std::collections::VecDeque;
use std::time::Duration;

use local::{DataSetStatus, Progress};

use super::area::{Line, Look, Size};
use super::columns::{Columns, brief, fit};
use crate::terminal;

/// Warnings that the area shows, the last ones.
const WARNINGS: usize = 2;
/// How long nothing moves before a person is told that no end is in sight.
const STUCK: Duration = Duration::from_secs(15);

/// When a run ends by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drain {
    /// Whether it does once its inputs are at their end.
    pub(crate) by_itself: bool,
    /// How long nothing may be taken while it drains.
    pub(crate) timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Running,
    Draining,
    Checking,
}

/// A fold of what a run tells.
#[derive(Debug)]
pub(super) struct Board {
    drain: Drain,
    phase: Phase,
    page_url: Option<String>,
    data_sets: Vec<DataSetStatus>,
    columns: Columns,
    warned: u64,
    /// The last warnings and when they came, oldest first.
    warnings: VecDeque<(Duration, String)>,
    /// When a count moved last.
    moved: Duration,
    /// For how long nothing had moved when that was told.
    told_stuck: Duration,
}

impl Board {
    pub(super) fn new(drain: Drain) -> Self {
        Self {
            drain,
            phase: Phase::Starting,
            page_url: None,
            data_sets: Vec::new(),
            columns: Columns::default(),
            warned: 0,
            warnings: VecDeque::new(),
            moved: Duration::ZERO,
            told_stuck: Duration::ZERO,
        }
    }

    /// Takes something in that was told so long after the start, and gives the lines that are to be read for good.
    pub(super) fn take(&mut self, progress: &Progress, at: Duration) -> Vec<String> {
        let said = match progress {
            Progress::Ready { kinesis_url, s3_url, page_url } => {
                self.enter(Phase::Running, at);
                self.page_url.clone_from(page_url);
                let page = page_url.as_ref().map(|url| format!(", page at {url}")).unwrap_or_default();
                vec![
                    format!("ready: Kinesis at {kinesis_url}, S3 at {s3_url}{page}"),
                    "Ctrl-C delivers what is on the streams and reports; a second one ends at once"
                        .to_owned(),
                ]
            }
            Progress::Status { data_sets } => {
                self.status(data_sets, at);
                Vec::new()
            }
            Progress::Warning { message } => {
                self.warn(message, at);
                vec![format!("warning: {message}")]
            }
            Progress::Note { message } => vec![message.clone()],
            Progress::Draining => {
                self.enter(Phase::Draining, at);
                vec!["draining: sources are at their end, buffers are flushed".to_owned()]
            }
            Progress::Checking => {
                self.enter(Phase::Checking, at);
                vec!["checking: each record put is looked for in what was written".to_owned()]
            }
        };
        said.iter().map(|line| terminal::line(line).into_owned()).collect()
    }

    fn enter(&mut self, phase: Phase, at: Duration) {
        self.phase = phase;
        self.moved = at;
    }

    fn status(&mut self, data_sets: &[DataSetStatus], at: Duration) {
        let counts = |set: &DataSetStatus| (set.put, set.done(), set.input);
        if !data_sets.iter().map(counts).eq(self.data_sets.iter().map(counts)) {
            (self.moved, self.told_stuck) = (at, Duration::ZERO);
        }
        self.data_sets = data_sets.to_vec();
    }

    fn warn(&mut self, message: &str, at: Duration) {
        self.warned += 1;
        if self.warnings.len() >= WARNINGS {
            self.warnings.pop_front();
        }
        self.warnings.push_back((at, terminal::line(message).into_owned()));
    }

    /// The lines of the area, all of which fit the terminal.
    pub(super) fn lines(&mut self, size: Size, at: Duration) -> Vec<Line> {
        if self.phase == Phase::Starting {
            return Vec::new();
        }
        // What is written in the last column breaks the line on some terminals.
        let room = size.columns.saturating_sub(1);
        let line = |text: String, look| Line { text: fit(&text, room), look };
        let mut below: Vec<Line> = self.stuck(at).into_iter().map(|text| line(text, Look::Warning)).collect();
        below.extend(self.warnings.iter().map(|(since, text)| {
            line(format!("! {} ago: {text}", brief(at.saturating_sub(*since))), Look::Warning)
        }));
        let mut lines = vec![line(self.heading(at, room), Look::Plain)];
        // The cursor stands below the last line. Where there is no room for all, warnings go first.
        let rows = size.rows.saturating_sub(1);
        let room_for_sets = rows.saturating_sub(lines.len() + below.len());
        let table = self.columns.lines(&self.data_sets, room);
        let looks = std::iter::once(Look::Heading).chain(std::iter::repeat(Look::Plain));
        let table: Vec<Line> = table.into_iter().zip(looks).map(|(text, look)| Line { text, look }).collect();
        let (sets, hidden) = shown_of(table, room_for_sets);
        lines.extend(sets);
        lines.extend((hidden > 0).then(|| line(format!("and {hidden} more data sets"), Look::Heading)));
        lines.extend(below);
        lines.truncate(rows);
        lines
    }

    fn heading(&self, at: Duration, room: usize) -> String {
        let phase = match self.phase {
            Phase::Starting | Phase::Running => "running",
            Phase::Draining => "draining",
            Phase::Checking => "checking",
        };
        let per_second: u64 = self.data_sets.iter().map(|set| set.per_second).sum();
        let mut parts =
            vec![clock(at), phase.to_owned(), format!("{} records/s", indicatif::HumanCount(per_second))];
        parts.extend((self.warned > 0).then(|| match self.warned {
            1 => "1 warning".to_owned(),
            warned => format!("{warned} warnings"),
        }));
        let text = parts.join("  ");
        match &self.page_url {
            // An address that is cut is of no use.
            Some(url) if text.len() + url.len() + 2 <= room => format!("{text}  {}", terminal::line(url)),
            _ => text,
        }
    }

    /// What a person is told of a run that is to end by itself and does not move.
    fn stuck(&self, at: Duration) -> Option<String> {
        let since = at.saturating_sub(self.moved);
        if since < STUCK {
            return None;
        }
        let for_long = brief(since);
        match self.phase {
            Phase::Running if self.drain.by_itself => Some(format!(
                "no end in sight: nothing was read, put or taken for {for_long}; Ctrl-C ends the run"
            )),
            Phase::Draining => Some(format!(
                "no end in sight: nothing was taken for {for_long}; the run ends after {} s of that (--drain-timeout)",
                self.drain.timeout.as_secs()
            )),
            _ => None,
        }
    }

    /// The same as a line to be read for good; each time after twice as long.
    pub(super) fn tell_if_stuck(&mut self, at: Duration) -> Option<String> {
        let since = at.saturating_sub(self.moved);
        let line = self.stuck(at).filter(|_| since >= 2 * self.told_stuck)?;
        self.told_stuck = since;
        Some(line)
    }
}

/// As many lines of a table as there is room for, and how many are not shown.
fn shown_of(mut table: Vec<Line>, room: usize) -> (Vec<Line>, usize) {
    let hidden = if table.len() > room { table.len() - room.saturating_sub(1) } else { 0 };
    table.truncate(table.len() - hidden);
    (table, hidden)
}

/// `0:42`, `1:02:03`
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests;
