//! Output lines and what became of the records behind them.

use text::Label;

use super::line::Written;
use crate::settle::Poison;

/// What became of a run of Kinesis records.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// NDJSON.
    pub(crate) bytes: Vec<u8>,
    /// One entry for each record that was begun.
    pub(crate) records: Vec<Outcome>,
    /// Why the record after those was not begun.
    pub(crate) stopped: Option<Stopped>,
}

/// What one Kinesis record became.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Where its lines end in [`Lines::bytes`].
    pub(crate) end: usize,
    pub(crate) lines: usize,
    /// Lines with U+FFFD for half a character.
    pub(crate) mended: usize,
    pub(crate) dropped: usize,
    pub(crate) poison: Vec<Poison>,
    /// Pieces of messages, to be put together before this record is done.
    pub(crate) pieces: Vec<Piece>,
    /// Copies that are in quarantine already.
    pub(crate) quarantined: usize,
    /// One of its texts is not ready.
    pub(crate) waits: bool,
    /// Lines whose text is longer than what is looked at of it, and the bytes beyond that.
    pub(crate) cut: usize,
    pub(crate) unread_bytes: usize,
    /// Lines of each [`Label`]: positive, neutral, negative.
    pub(crate) labels: [usize; 3],
}

/// A chunk as it arrived, frame and all.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) sub_sequence_number: Option<u64>,
    pub(crate) framed: Vec<u8>,
}

/// Why a run ended before its last record. It is never the fault of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The margin before the deadline has begun.
    Deadline,
    /// The batch opened to as many bytes as one batch may, or its lines came to as many.
    BatchBytes,
    /// A text could not be made ready in time.
    EnricherBusy,
}

impl Stopped {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::BatchBytes => "batch_bytes",
            Self::EnricherBusy => "enricher_busy",
        }
    }
}

impl Lines {
    /// Forgets every record from the `count`-th on, with its lines.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.records.truncate(count);
        self.bytes.truncate(self.records.last().map_or(0, |outcome| outcome.end));
    }

    /// Forgets them because the `count`-th can't be finished in this attempt.
    pub(crate) fn stop_at(&mut self, count: usize, stopped: Stopped) {
        self.truncate(count);
        self.stopped = Some(stopped);
    }

    /// Adds what a record's pieces became when they were put together, after the record's own lines.
    pub(crate) fn add(&mut self, record: usize, lines: &[u8], mut outcome: Outcome) {
        let Some(own) = self.records.get_mut(record) else { return };
        self.bytes.splice(own.end..own.end, lines.iter().copied());
        own.lines += outcome.lines;
        own.mended += outcome.mended;
        own.dropped += outcome.dropped;
        own.quarantined += outcome.quarantined;
        own.cut += outcome.cut;
        own.unread_bytes += outcome.unread_bytes;
        own.poison.append(&mut outcome.poison);
        for (sum, more) in own.labels.iter_mut().zip(outcome.labels) {
            *sum += more;
        }
        for later in self.records.iter_mut().skip(record) {
            later.end += lines.len();
        }
    }

    /// Joins what another run made of the records after these.
    pub(crate) fn append(&mut self, mut later: Self) {
        let offset = self.bytes.len();
        self.bytes.append(&mut later.bytes);
        self.records.extend(
            later.records.into_iter().map(|outcome| Outcome { end: outcome.end + offset, ..outcome }),
        );
        self.stopped = later.stopped;
    }

    /// The lines of the records from the `index`-th on.
    pub(crate) fn tail(&self, index: usize) -> &[u8] {
        self.bytes.get(self.start_of(index)..).unwrap_or_default()
    }

    /// The lines of one record.
    pub(crate) fn of_record(&self, index: usize) -> &[u8] {
        self.bytes.get(self.start_of(index)..self.start_of(index + 1)).unwrap_or_default()
    }

    /// What all of it takes in memory: the lines, and what waits to be settled.
    pub(crate) fn all_bytes(&self) -> usize {
        self.bytes.len() + self.records.iter().map(Outcome::held_bytes).sum::<usize>()
    }

    /// What one record takes of that.
    pub(crate) fn bytes_of_record(&self, index: usize) -> usize {
        self.of_record(index).len() + self.records.get(index).map_or(0, Outcome::held_bytes)
    }

    fn start_of(&self, index: usize) -> usize {
        index.checked_sub(1).and_then(|before| self.records.get(before)).map_or(0, |outcome| outcome.end)
    }

    /// How many lines the records from the `index`-th on have.
    pub(crate) fn count_from(&self, index: usize) -> usize {
        self.records.iter().skip(index).map(|outcome| outcome.lines).sum()
    }
}

impl Outcome {
    pub(crate) fn poisoned(poison: Poison) -> Self {
        Self { poison: vec![poison], ..Self::default() }
    }

    /// So many copies are in quarantine.
    pub(crate) fn quarantined(copies: usize) -> Self {
        Self { quarantined: copies, ..Self::default() }
    }

    /// What waits to be settled, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let poison = self.poison.iter().map(Poison::held_bytes);
        poison.chain(self.pieces.iter().map(|piece| piece.framed.len())).sum()
    }

    /// How many requests it takes to settle the record, at least.
    pub(crate) fn parts(&self) -> usize {
        self.poison.len() + self.pieces.len()
    }

    pub(crate) fn count_line(&mut self, written: Written) {
        self.lines += 1;
        self.mended += usize::from(written.is_mended);
        self.cut += usize::from(written.unread_bytes > 0);
        self.unread_bytes += written.unread_bytes;
        let [positive, neutral, negative] = &mut self.labels;
        match written.label {
            Some(Label::Positive) => *positive += 1,
            Some(Label::Neutral) => *neutral += 1,
            Some(Label::Negative) => *negative += 1,
            None => {}
        }
    }
}
