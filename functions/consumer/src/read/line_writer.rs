//! From Kinesis records to output lines, one record after the other.

use std::sync::Arc;
use std::time::Instant;

use edge::lambda::events::KinesisRecord;
use record_model::{Content, DecodeError, Decoder, Limits, Schema, UserRecord};

use super::line::{Line, LineResult};
use super::lines::{Lines, Outcome, Piece, Stopped};
use crate::delivery::Position;
use crate::enrich::Enricher;
use crate::settle::{Poison, Reason};

/// One thread's schema, models and buffers.
pub(crate) struct LineWriter<E: Enricher> {
    schema: Schema,
    enricher: Arc<E>,
    scratch: E::Scratch,
    decoder: Decoder,
    data: Vec<u8>,
}

impl<E: Enricher> LineWriter<E> {
    pub(crate) fn new(schema: Schema, enricher: Arc<E>, limits: Limits) -> Self {
        let scratch = enricher.scratch();
        Self { schema, enricher, scratch, decoder: Decoder::new(limits), data: Vec::new() }
    }

    /// Gives the batch's byte budget back.
    pub(crate) fn start_batch(&mut self) {
        self.decoder.start_batch();
    }

    /// What the enricher keeps between two texts.
    pub(crate) fn scratch(&mut self) -> &mut E::Scratch {
        &mut self.scratch
    }

    /// Appends the lines of `records` until one can't be begun any more.
    pub(crate) fn write(&mut self, records: &[KinesisRecord<'_>], begin_until: Instant, lines: &mut Lines) {
        for record in records {
            if Instant::now() >= begin_until {
                lines.stopped = Some(Stopped::Deadline);
                return;
            }
            let mut data = std::mem::take(&mut self.data);
            let opened = match record.decode_into(&mut data) {
                Ok(()) => self.open(Opened { data: &data, record, source: Source::Record }, &mut lines.bytes),
                Err(error) => Ok(Outcome::poisoned(Poison::whole(record, Reason::of_data(error)))),
            };
            self.data = data;
            match opened {
                Ok(outcome) => lines.records.push(Outcome { end: lines.bytes.len(), ..outcome }),
                Err(stopped) => {
                    lines.stopped = Some(stopped);
                    return;
                }
            }
        }
    }

    /// Appends the lines of what was opened, or nothing where it has to wait for another attempt.
    pub(crate) fn open(&mut self, opened: Opened<'_>, out: &mut Vec<u8>) -> Result<Outcome, Stopped> {
        let start = out.len();
        let mut outcome = Outcome::default();
        let Self { schema, enricher, scratch, decoder, .. } = self;
        let decoded = decoder.decode(opened.data, &mut |user_record| {
            opened.visit(user_record, schema, enricher.as_ref(), scratch, &mut outcome, out);
        });
        if decoded.is_ok() && !outcome.waits {
            return Ok(outcome);
        }
        // What was visited of it before does not count.
        out.truncate(start);
        match decoded {
            Ok(()) => Err(Stopped::EnricherBusy),
            Err(error) if error.is_batch_budget() => Err(Stopped::BatchBytes),
            Err(error) => Ok(Outcome::poisoned(opened.poison(None, &error))),
        }
    }
}

/// What a record holds: its own data, or the message it made whole.
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
    /// A message; the piece that made it whole has this place in its aggregate.
    Message(Option<u64>),
}

impl<'a> Opened<'a> {
    /// A whole message, which stands where its last piece does.
    pub(crate) fn message(data: &'a [u8], record: &'a KinesisRecord<'a>, here: &Position<'_>) -> Self {
        Self { data, record, source: Source::Message(here.sub_sequence_number) }
    }

    fn visit<E: Enricher>(
        &self,
        user_record: UserRecord<'_>,
        schema: &Schema,
        enricher: &E,
        scratch: &mut E::Scratch,
        outcome: &mut Outcome,
        out: &mut Vec<u8>,
    ) {
        let sub = self.sub(user_record.sub_sequence_number);
        match user_record.content {
            Ok(Content::Payload(payload)) => {
                let partition_key = user_record.partition_key.unwrap_or(&self.record.partition_key);
                let line = Line { position: Position::of(self.record).of_sub(sub), partition_key, payload };
                match line.write(schema, enricher, scratch, out) {
                    LineResult::Line(mood) => outcome.count_line(mood),
                    LineResult::Dropped => outcome.dropped += 1,
                    LineResult::NotReady => outcome.waits = true,
                    LineResult::Poison(reason) if sub.is_none() && self.source == Source::Record => {
                        outcome.poison.push(Poison::whole(self.record, reason));
                    }
                    LineResult::Poison(reason) => outcome.poison.push(Poison::part(sub, payload, reason)),
                }
            }
            Ok(Content::Chunk(chunk)) => {
                let mut framed = Vec::new();
                chunk.write(&mut framed);
                outcome.pieces.push(Piece { sub_sequence_number: sub, framed });
            }
            Err(error) => outcome.poison.push(self.poison(sub, &error)),
        }
    }

    /// An aggregate inside a message whose piece came in an aggregate counts on from that piece: no two records of
    /// one Kinesis record share a number, since the others of its aggregate lie far below 2^32.
    fn sub(&self, own: Option<u64>) -> Option<u64> {
        match (self.source, own) {
            (Source::Message(Some(piece)), Some(own)) => Some(((piece + 1) << 32) + own),
            (Source::Message(piece), None) => piece,
            (_, own) => own,
        }
    }

    fn poison(&self, sub: Option<u64>, error: &DecodeError) -> Poison {
        let reason = Reason::of_decoding(error);
        match self.source {
            Source::Record => Poison::of_aggregate(self.record, sub, reason),
            Source::Message(piece) => Poison::part(sub.or(piece), self.data, reason),
        }
    }
}
