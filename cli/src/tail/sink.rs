//! Where records go: to standard output, to figures, or to a file.

use std::error::Error;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::ops::ControlFlow;
use std::time::Instant;

use edge::aws::kinesis_reader::ReadRecord;
use edge::read_stream::{Batch, Event, Filter, FirstPiece, Opened, Opener, Origin, Row, field};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use record_model::Schema;

use super::arguments::Arguments;
use super::checkpoint::{Checkpoint, Last};
use super::form::{Form, Target};
use super::save::Saved;
use super::stats::Stats;
use crate::terminal;

/// The most refused records that are reported one by one. Further ones are only counted.
const MAX_TOLD: u64 = 20;

/// Everything that is done with a record.
pub(super) struct Sink<'a> {
    opener: Opener,
    wanted: Wanted<'a>,
    shown: Shown<'a>,
    checkpoint: Option<Checkpoint>,
    /// Pieces of a message of which only a part was shown before there was enough.
    cut: Vec<FirstPiece>,
    refused: u64,
    notices: ProgressBar,
}

/// How much of a Kinesis record was shown before there was enough.
enum Done {
    Whole,
    /// So many of its user records.
    Within(u64),
    /// A part of a message whose first pieces are in other records.
    Cut,
}

/// Which records are wanted.
struct Wanted<'a> {
    key: Option<&'a str>,
    filter: Option<&'a Filter>,
    left: Option<u64>,
}

/// What is done with the records that are wanted.
struct Shown<'a> {
    form: &'a Form,
    target: Target,
    out: BufWriter<Stdout>,
    stats: Option<Stats>,
    saved: Option<Saved>,
    started: Instant,
    fault: Option<Box<dyn Error>>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(arguments: &'a Arguments, schema: Option<Schema>) -> Result<Self, Box<dyn Error>> {
        let saved = arguments.save.as_ref().map(|path| Saved::create(path, schema.as_ref())).transpose()?;
        let is_terminal = io::stdout().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let shown = Shown {
            form: &arguments.output,
            target: Target {
                is_terminal,
                colours: is_terminal && !no_colour,
                names_streams: arguments.streams.len() > 1,
            },
            out: BufWriter::new(io::stdout()),
            stats: arguments.stats.as_deref().map(|field| Stats::new(Some(field))),
            saved,
            started: Instant::now(),
            fault: None,
        };
        let target = if arguments.stats.is_some() && io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{wide_msg}");
        let notices = ProgressBar::with_draw_target(None, target)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let wanted = Wanted {
            key: arguments.key.as_deref(),
            filter: arguments.filter.as_ref(),
            left: arguments.count,
        };
        let (opener, checkpoint) = (Opener::new(schema), None);
        Ok(Self { opener, wanted, shown, checkpoint, cut: Vec::new(), refused: 0, notices })
    }

    /// Keeps in a checkpoint what was shown.
    pub(super) fn keep(&mut self, checkpoint: Option<Checkpoint>) {
        self.checkpoint = checkpoint;
    }

    /// Takes in what happened on a stream; `Break` if enough was read.
    pub(super) fn take(&mut self, stream: &str, event: Event) -> Result<ControlFlow<()>, Box<dyn Error>> {
        match event {
            Event::Records(batch) => return self.batch(stream, &batch),
            Event::Began { shard, parents } => {
                self.say(&format!("{stream}: {shard} continues where {} ended", parents.join(" and ")));
            }
            Event::Ended { shard } => {
                if let Some(checkpoint) = &mut self.checkpoint {
                    checkpoint.ended(stream, &shard);
                }
                self.say(&format!("{stream}: {shard} is closed and read to its end"));
            }
            Event::Waits { shard, reason } => {
                let shard = shard.map_or_else(String::new, |shard| format!(" {shard}"));
                self.say(&format!("{stream}:{shard} {reason}; asking again"));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn batch(&mut self, stream: &str, batch: &Batch) -> Result<ControlFlow<()>, Box<dyn Error>> {
        if let Some(stats) = &mut self.shown.stats {
            stats.lag(&batch.shard, batch.millis_behind_latest);
        }
        let resumed = self.checkpoint.as_ref().and_then(|kept| kept.shown_within(stream, &batch.shard));
        let mut last = None;
        for record in &batch.records {
            if self.wanted.left == Some(0) {
                break;
            }
            let shown_before = resumed.as_ref().filter(|(number, _)| *number == record.sequence_number);
            let origin = Origin { stream, shard: &batch.shard };
            let number = record.sequence_number.as_str();
            let within = match self.record(record, origin, shown_before.map_or(0, |(_, shown)| *shown))? {
                Done::Whole => None,
                Done::Within(shown) => Some(shown),
                Done::Cut => break,
            };
            last = Some(Last { number, arrived_at_ms: record.arrived_at_ms, within });
        }
        self.shown.out.flush()?;
        if let Some(checkpoint) = &mut self.checkpoint {
            if let Some(saved) = &mut self.shown.saved {
                saved.flush()?;
            }
            if let Some(last) = last {
                checkpoint.shown(stream, &batch.shard, last);
            }
            checkpoint.save_if_due(self.opener.first_pieces())?;
        }
        if let Some(stats) = &self.shown.stats {
            self.notices.set_message(stats.line(self.shown.started.elapsed()));
        }
        let is_enough = self.wanted.left == Some(0);
        Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Shows a record, without the user records that were shown before.
    fn record(
        &mut self,
        record: &ReadRecord,
        origin: Origin<'_>,
        shown_before: u64,
    ) -> Result<Done, Box<dyn Error>> {
        // Once the message is whole, nothing tells any more where it began.
        let pieces: Vec<FirstPiece> = match (&self.checkpoint, self.wanted.left) {
            (Some(_), Some(_)) => self.opener.first_pieces().cloned().collect(),
            _ => Vec::new(),
        };
        let (wanted, shown) = (&mut self.wanted, &mut self.shown);
        let (mut seen, mut within, mut is_message) = (0, None, false);
        let mut refusals = Vec::new();
        self.opener.open(record, origin, &mut |opened| {
            seen += 1;
            if seen <= shown_before {
                return;
            }
            if wanted.left == Some(0) {
                within.get_or_insert(seen - 1);
                is_message |= matches!(&opened, Opened::Row(row) if row.formats.first() == Some(&"chunk"));
                return;
            }
            match opened {
                Opened::Row(row) if wanted.wants(&row) => shown.row(&row),
                Opened::Row(_) | Opened::Dropped(_) | Opened::Piece(_) => {}
                Opened::Refused(refused) => refusals.push(refused.to_string()),
            }
        });
        if let Some(fault) = self.shown.fault.take() {
            return Err(fault);
        }
        for reason in refusals {
            self.refuse(&reason);
        }
        if is_message {
            self.cut = pieces;
            return Ok(Done::Cut);
        }
        Ok(within.map_or(Done::Whole, Done::Within))
    }

    fn refuse(&mut self, reason: &str) {
        self.refused += 1;
        if let Some(stats) = &mut self.shown.stats {
            stats.refuse();
        }
        if self.refused <= MAX_TOLD {
            self.say(reason);
        }
    }

    fn say(&self, notice: &str) {
        self.notices.suspend(|| eprintln!("{}", terminal::line(notice)));
    }

    pub(super) fn all_good(&self) -> bool {
        self.refused == 0
    }

    /// Writes what is left, and reports what was not shown.
    pub(super) fn finish(mut self) -> Result<(), Box<dyn Error>> {
        self.notices.finish_and_clear();
        if self.refused > MAX_TOLD {
            eprintln!("{} records could not be opened or were refused", self.refused);
        }
        let incomplete = self.opener.first_pieces().len();
        if incomplete > 0 {
            eprintln!("{incomplete} chunked messages are incomplete");
        }
        if let Some(checkpoint) = &mut self.checkpoint {
            checkpoint.save(self.opener.first_pieces().chain(&self.cut))?;
        }
        if let Some(saved) = &mut self.shown.saved {
            saved.flush()?;
        }
        if let Some(stats) = &self.shown.stats {
            self.shown.out.write_all(stats.text(self.shown.started.elapsed()).as_bytes())?;
        }
        Ok(self.shown.out.flush()?)
    }
}

impl Wanted<'_> {
    fn wants(&mut self, row: &Row<'_>) -> bool {
        if self.left == Some(0) || self.key.is_some_and(|key| key != row.key) {
            return false;
        }
        if let Some(filter) = self.filter
            && !row.document().is_some_and(|document| filter.holds(document))
        {
            return false;
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        true
    }
}

impl Shown<'_> {
    /// A fault is kept for the caller that opened the record.
    fn row(&mut self, row: &Row<'_>) {
        if self.fault.is_none()
            && let Err(fault) = self.try_row(row)
        {
            self.fault = Some(fault);
        }
    }

    fn try_row(&mut self, row: &Row<'_>) -> Result<(), Box<dyn Error>> {
        if let Some(saved) = &mut self.saved {
            saved.write(row)?;
        }
        let Some(stats) = &mut self.stats else {
            return Ok(self.form.write(row, self.target, &mut self.out)?);
        };
        let value =
            stats.field().and_then(|name| row.document().map(|document| field(document, name).clone()));
        stats.record(row.shard, row.payload.len(), value.as_ref());
        Ok(())
    }
}
