//! Output lines, and what happened to the records from which they come.

use text::Label;

use super::line::Written;
use crate::settle::Poison;

/// What happened to a run of Kinesis records.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The lines as NDJSON.
    pub(crate) bytes: Vec<u8>,
    /// One entry for each record that was begun.
    pub(crate) records: Vec<Outcome>,
    /// Why the record after those was not begun.
    pub(crate) stopped: Option<Stopped>,
}

/// The outcome of one Kinesis record.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Where its lines end in [`Lines::bytes`].
    pub(crate) end: usize,
    pub(crate) lines: usize,
    /// How many lines have U+FFFD in place of an unpaired surrogate.
    pub(crate) mended: usize,
    pub(crate) dropped: usize,
    pub(crate) poison: Vec<Poison>,
    /// Pieces of messages, which must be put together before this record is done.
    pub(crate) pieces: Vec<Piece>,
    /// How many copies are in quarantine already.
    pub(crate) quarantined: usize,
    /// Whether one of its texts is not ready.
    pub(crate) waits: bool,
    /// How many lines have a text longer than the part that is read, and how many bytes are beyond that part.
    pub(crate) cut: usize,
    pub(crate) unread_bytes: usize,
    /// The number of lines with each [`Label`]: positive, neutral, negative.
    pub(crate) labels: [usize; 3],
}

/// A chunk as it arrived, including its frame.
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
    /// The batch decompressed to as many bytes as a batch may, or its lines came to as many.
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

    /// Adds what came of a record's pieces when they were put together, after the record's own lines.
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

    /// Keeps those lines of a record for which it holds.
    pub(crate) fn retain_of_record(&mut self, index: usize, holds: impl Fn(&[u8]) -> bool) {
        let (start, end) = (self.start_of(index), self.start_of(index + 1));
        let own = self.bytes.get(start..end).unwrap_or_default();
        let all = own.split_inclusive(|byte| *byte == b'\n');
        let kept: Vec<&[u8]> = all.clone().filter(|line| holds(line)).collect();
        let count = kept.len();
        if count == all.count() {
            return;
        }
        let kept = kept.concat();
        let removed = (end - start).saturating_sub(kept.len());
        self.bytes.splice(start..end, kept);
        if let Some(own) = self.records.get_mut(index) {
            own.lines = count;
        }
        for later in self.records.iter_mut().skip(index) {
            later.end -= removed;
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

    /// The memory that all of it takes: the lines, and what waits to be settled.
    pub(crate) fn all_bytes(&self) -> usize {
        self.bytes.len() + self.records.iter().map(Outcome::held_bytes).sum::<usize>()
    }

    /// The part of that memory that one record takes.
    pub(crate) fn bytes_of_record(&self, index: usize) -> usize {
        self.of_record(index).len() + self.records.get(index).map_or(0, Outcome::held_bytes)
    }

    fn start_of(&self, index: usize) -> usize {
        index.checked_sub(1).and_then(|before| self.records.get(before)).map_or(0, |outcome| outcome.end)
    }

    /// How many lines the records have from the `index`-th on.
    pub(crate) fn count_from(&self, index: usize) -> usize {
        self.records.iter().skip(index).map(|outcome| outcome.lines).sum()
    }
}

impl Outcome {
    pub(crate) fn poisoned(poison: Poison) -> Self {
        Self { poison: vec![poison], ..Self::default() }
    }

    /// An outcome with this many copies in quarantine.
    pub(crate) fn quarantined(copies: usize) -> Self {
        Self { quarantined: copies, ..Self::default() }
    }

    /// The bytes that wait to be settled.
    pub(crate) fn held_bytes(&self) -> usize {
        let poison = self.poison.iter().map(Poison::held_bytes);
        poison.chain(self.pieces.iter().map(|piece| piece.framed.len())).sum()
    }

    /// The least number of requests that settling the record takes.
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
