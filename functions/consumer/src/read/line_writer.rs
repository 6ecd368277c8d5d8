//! Writes output lines from Kinesis records, one record after the other.

use std::sync::Arc;
use std::time::Instant;

use edge::lambda::events::KinesisRecord;
use record_model::layout::Position;
use record_model::{Content, Decoder, Schema, UserRecord};

use super::budget::{Budget, MAX_PARTS, longest_line};
use super::line::{Line, LineResult};
use super::lines::{Lines, Outcome, Piece, Stopped};
use crate::deadline::Begin;
use crate::enrich::Enricher;
use crate::settle::{Poison, Reason};

/// One thread's schema, models and buffers.
pub(crate) struct LineWriter<E: Enricher> {
    schema: Schema,
    enricher: Arc<E>,
    scratch: E::Scratch,
    decoder: Decoder,
    data: Vec<u8>,
    budget: Budget,
    /// How many bytes the batch's records came to so far.
    written: usize,
}

impl<E: Enricher> LineWriter<E> {
    pub(crate) fn new(schema: Schema, enricher: Arc<E>, budget: Budget) -> Self {
        let (scratch, decoder) = (enricher.scratch(), Decoder::new(budget.limits));
        Self { schema, enricher, scratch, decoder, data: Vec::new(), budget, written: 0 }
    }

    /// Begins a batch, with its whole budget of bytes.
    pub(crate) fn start_batch(&mut self) {
        self.decoder.start_batch();
        self.written = 0;
    }

    /// The buffers that the enricher keeps between two texts.
    pub(crate) fn scratch(&mut self) -> &mut E::Scratch {
        &mut self.scratch
    }

    /// How much memory its records may take.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Appends the lines of `records`, up to the first record that can't be begun.
    pub(crate) fn write(&mut self, records: &[KinesisRecord<'_>], begin: &Begin, lines: &mut Lines) {
        for record in records {
            if !begin.may_begin(Instant::now(), self.written) {
                lines.stopped = Some(Stopped::Deadline);
                return;
            }
            let start = lines.bytes.len();
            let outcome = match self.read(record, &mut lines.bytes) {
                Ok(outcome) => outcome,
                Err(stopped) => {
                    lines.stopped = Some(stopped);
                    return;
                }
            };
            let own = lines.bytes.len() - start + outcome.held_bytes();
            // The first record of a batch is always taken, so that each attempt makes progress.
            if self.written > 0 && self.written + own > self.budget.lines_bytes {
                lines.bytes.truncate(start);
                lines.stopped = Some(Stopped::BatchBytes);
                return;
            }
            self.written += own;
            lines.records.push(Outcome { end: lines.bytes.len(), ..outcome });
        }
    }

    /// Appends the lines of one record.
    fn read(&mut self, record: &KinesisRecord<'_>, out: &mut Vec<u8>) -> Result<Outcome, Stopped> {
        let mut data = std::mem::take(&mut self.data);
        let outcome = match record.decode_into(&mut data) {
            Ok(()) => self.open(Opened { data: &data, record, source: Source::Record }, out),
            Err(error) => Ok(Outcome::poisoned(Poison::whole(record, Reason::of_data(error)))),
        };
        self.data = data;
        outcome
    }

    /// Appends the lines of what was decoded, or nothing if it must wait for another attempt.
    pub(crate) fn open(&mut self, opened: Opened<'_>, out: &mut Vec<u8>) -> Result<Outcome, Stopped> {
        let start = out.len();
        let Self { schema, enricher, scratch, decoder, budget, .. } = self;
        let enricher = enricher.as_ref();
        let (outcome, over) = (Outcome::default(), None);
        let mut visit = Visit { opened, schema, enricher, scratch, budget, start, outcome, over, out };
        let decoded = decoder.decode(opened.data, &mut |user_record| visit.user_record(user_record));
        let Visit { outcome, out, over, .. } = visit;
        if decoded.is_ok() && over.is_none() && !outcome.waits {
            return Ok(outcome);
        }
        // The lines that were written before the failure don't count.
        out.truncate(start);
        match (decoded, over) {
            (Err(error), _) if error.is_batch_budget() => Err(Stopped::BatchBytes),
            (Err(error), _) => Ok(Outcome::poisoned(opened.poison(None, Reason::of_decoding(&error)))),
            (Ok(()), Some(reason)) => Ok(Outcome::poisoned(opened.poison(None, reason))),
            (Ok(()), None) => Err(Stopped::EnricherBusy),
        }
    }
}

/// The content of a record: its own data, or the message that it completed.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) record: &'a KinesisRecord<'a>,
    pub(crate) source: Source,
}

/// Where the data of an [`Opened`] comes from.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Source {
    Record,
    /// A message. The piece that completed it has this place in its aggregate.
    Message(Option<u64>),
}

impl<'a> Opened<'a> {
    /// A whole message, which takes the place of its last piece.
    pub(crate) fn message(data: &'a [u8], record: &'a KinesisRecord<'a>, here: &Position<'_>) -> Self {
        Self { data, record, source: Source::Message(here.sub_sequence_number) }
    }

    /// If a message contains an aggregate, and its last piece came in an aggregate too, the numbers continue
    /// from that piece. No two records of one Kinesis record then share a number, because the others of its
    /// aggregate are far below 2^32.
    fn sub(&self, own: Option<u64>) -> Option<u64> {
        match (self.source, own) {
            (Source::Message(Some(piece)), Some(own)) => Some(((piece + 1) << 32) + own),
            (Source::Message(piece), None) => piece,
            (_, own) => own,
        }
    }

    fn poison(&self, sub: Option<u64>, reason: Reason) -> Poison {
        match self.source {
            Source::Record => Poison::of_aggregate(self.record, sub, reason),
            Source::Message(piece) => Poison::part(sub.or(piece), self.data, reason),
        }
    }
}

/// The user records of one [`Opened`], on their way to lines.
struct Visit<'v, E: Enricher> {
    opened: Opened<'v>,
    schema: &'v Schema,
    enricher: &'v E,
    scratch: &'v mut E::Scratch,
    budget: &'v Budget,
    /// Where its lines begin in `out`.
    start: usize,
    outcome: Outcome,
    /// The reason why the whole record goes to quarantine, although each user record in it might be accepted.
    over: Option<Reason>,
    out: &'v mut Vec<u8>,
}

impl<E: Enricher> Visit<'_, E> {
    fn user_record(&mut self, user_record: UserRecord<'_>) {
        if self.over.is_some() {
            return;
        }
        self.read(user_record);
        if self.outcome.parts() > MAX_PARTS {
            self.over = Some(Reason::new(
                "parts",
                "too many parts of the record need a request each, for quarantine or as pieces of messages",
            ));
        } else if self.out.len() - self.start + self.outcome.held_bytes() > self.budget.lines_bytes {
            self.over = Some(Reason::line_bytes(self.budget));
        }
        if self.over.is_some() {
            self.out.truncate(self.start);
            self.outcome = Outcome::default();
        }
    }

    fn read(&mut self, user_record: UserRecord<'_>) {
        let sub = self.opened.sub(user_record.sub_sequence_number);
        match user_record.content {
            Ok(Content::Payload(payload)) => {
                let partition_key = user_record.partition_key.unwrap_or(&self.opened.record.partition_key);
                self.payload(sub, partition_key, payload);
            }
            Ok(Content::Chunk(chunk)) => {
                let mut framed = Vec::new();
                chunk.write(&mut framed);
                self.outcome.pieces.push(Piece { sub_sequence_number: sub, framed });
            }
            Err(error) => self.outcome.poison.push(self.opened.poison(sub, Reason::of_decoding(&error))),
        }
    }

    fn payload(&mut self, sub: Option<u64>, partition_key: &str, payload: &[u8]) {
        let Self { opened: Opened { record, source, .. }, outcome, budget, .. } = self;
        // The bound is at most some 18 times the payload, so shorter payloads need not be looked at.
        if payload.len() > budget.lines_bytes / 32 && longest_line(payload) > budget.lines_bytes {
            self.over = Some(Reason::line_bytes(budget));
            return;
        }
        let line = Line { position: record.position().of_sub(sub), partition_key, payload };
        match line.write(self.schema, self.enricher, self.scratch, self.out) {
            LineResult::Line(written) => outcome.count_line(written),
            LineResult::Dropped => outcome.dropped += 1,
            LineResult::NotReady => outcome.waits = true,
            LineResult::Poison(reason) if sub.is_none() && *source == Source::Record => {
                outcome.poison.push(Poison::whole(record, reason));
            }
            LineResult::Poison(reason) => outcome.poison.push(Poison::part(sub, payload, reason)),
        }
    }
}
