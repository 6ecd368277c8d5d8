//! From Kinesis records to output lines: decode, enrich, write, one record after the other.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use edge::events::KinesisRecord;
use record_model::{
    Content, DecodeError, Decoder, Limits, RecordContext, RecordError, Schema, UserRecord, Written,
};
use text::{Label, language};

use crate::enricher::{Enricher, NOT_ENRICHED};
use crate::json;
use crate::poison::{Poison, Reason};
use crate::position::Position;

/// How each line begins; the number is the version of the line's form.
const LINE_START: &[u8] = br#"{"version":1,"id":"#;

/// What became of a run of Kinesis records.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// NDJSON.
    pub(crate) bytes: Vec<u8>,
    /// One entry for each record that was taken on.
    pub(crate) records: Vec<Outcome>,
    /// Why the record after those was not.
    pub(crate) stopped: Option<Stopped>,
}

/// What one Kinesis record became.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Where its lines end in [`Lines::bytes`].
    pub(crate) end: usize,
    pub(crate) lines: usize,
    pub(crate) dropped: usize,
    pub(crate) poison: Vec<Poison>,
    /// Pieces of messages, to be put together before this record is done.
    pub(crate) pieces: Vec<Piece>,
    /// Moods by [`Label`]: positive, neutral, negative.
    pub(crate) moods: [usize; 3],
}

/// A chunk as it arrived, frame and all.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) sub_sequence_number: Option<u64>,
    pub(crate) framed: Vec<u8>,
}

/// Why a run ended before its last record: no fault of any record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The margin before the deadline has begun.
    Deadline,
    /// The batch opened to as many bytes as one batch may.
    BatchBytes,
}

impl Stopped {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::BatchBytes => "batch_bytes",
        }
    }
}

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

    /// Appends the lines of `records` until one can't be begun any more.
    pub(crate) fn write(&mut self, records: &[KinesisRecord<'_>], begin_until: Instant, lines: &mut Lines) {
        for record in records {
            if Instant::now() >= begin_until {
                lines.stopped = Some(Stopped::Deadline);
                return;
            }
            let mut data = std::mem::take(&mut self.data);
            let opened = match record.decode_into(&mut data) {
                Ok(()) => self.open(Opened { data: &data, record, piece: None }, &mut lines.bytes),
                Err(error) => Some(Outcome::poisoned(Poison::whole(record, Reason::of_data(error)))),
            };
            self.data = data;
            let Some(outcome) = opened else {
                lines.stopped = Some(Stopped::BatchBytes);
                return;
            };
            lines.records.push(Outcome { end: lines.bytes.len(), ..outcome });
        }
    }

    /// Appends the lines of what was opened. `None`, and nothing appended: the batch's byte budget is used up.
    pub(crate) fn open(&mut self, opened: Opened<'_>, out: &mut Vec<u8>) -> Option<Outcome> {
        let start = out.len();
        let mut outcome = Outcome::default();
        let Self { schema, enricher, scratch, decoder, .. } = self;
        let decoded = decoder.decode(opened.data, &mut |user_record| {
            opened.visit(user_record, schema, enricher.as_ref(), scratch, &mut outcome, out);
        });
        let Err(error) = decoded else { return Some(outcome) };
        // What was visited of it before does not count.
        out.truncate(start);
        (!error.is_batch_budget()).then(|| Outcome::poisoned(opened.poison(None, &error)))
    }
}

/// What a record holds: its own data, or the message it made whole.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) record: &'a KinesisRecord<'a>,
    /// For a message: the piece that made it whole, as a place in this record.
    pub(crate) piece: Option<Option<u64>>,
}

impl Opened<'_> {
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
                let line = Line { position: Position::of(self.record).sub(sub), partition_key, payload };
                match line.write(schema, enricher, scratch, out) {
                    Ok(Some(mood)) => outcome.count_line(mood),
                    Ok(None) => outcome.dropped += 1,
                    Err(reason) if sub.is_none() && self.piece.is_none() => {
                        outcome.poison.push(Poison::whole(self.record, reason));
                    }
                    Err(reason) => outcome.poison.push(Poison::part(sub, payload, reason)),
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
        match (self.piece.flatten(), own) {
            (Some(piece), Some(own)) => Some(((piece + 1) << 32) + own),
            (piece, own) => own.or(piece),
        }
    }

    fn poison(&self, sub: Option<u64>, error: &DecodeError) -> Poison {
        let reason = Reason::of_decoding(error);
        match self.piece {
            None => Poison::of_aggregate(self.record, sub, reason),
            Some(piece) => Poison::part(sub.or(piece), self.data, reason),
        }
    }
}

impl Outcome {
    fn poisoned(poison: Poison) -> Self {
        Self { poison: vec![poison], ..Self::default() }
    }

    fn count_line(&mut self, mood: Option<Label>) {
        self.lines += 1;
        let [positive, neutral, negative] = &mut self.moods;
        match mood {
            Some(Label::Positive) => *positive += 1,
            Some(Label::Neutral) => *neutral += 1,
            Some(Label::Negative) => *negative += 1,
            None => {}
        }
    }
}

/// One user record on its way to its line.
struct Line<'a> {
    position: Position<'a>,
    partition_key: &'a str,
    payload: &'a [u8],
}

impl Line<'_> {
    /// Appends the line and gives its mood; `None` where the schema drops the record. Nothing is appended then, nor
    /// on an error.
    fn write<E: Enricher>(
        &self,
        schema: &Schema,
        enricher: &E,
        scratch: &mut E::Scratch,
        out: &mut Vec<u8>,
    ) -> Result<Option<Option<Label>>, Reason> {
        let start = out.len();
        let written = self.try_write(schema, enricher, scratch, out);
        if !matches!(written, Ok((Written::Typed, _))) {
            out.truncate(start);
        }
        let (written, mood) = written.map_err(|error| Reason::of_record(&error))?;
        Ok((written == Written::Typed).then_some(mood))
    }

    fn try_write<E: Enricher>(
        &self,
        schema: &Schema,
        enricher: &E,
        scratch: &mut E::Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(Written, Option<Label>), RecordError> {
        let found = schema.text_of(self.payload)?;
        let id = self.position.to_string();
        out.extend_from_slice(LINE_START);
        json::string(&id, out);
        out.extend_from_slice(b",\"stream\":");
        json::string(self.position.stream, out);
        out.extend_from_slice(b",\"partition_key\":");
        json::string(self.partition_key, out);
        out.extend_from_slice(b",\"arrived_at\":");
        json::time(Some(self.position.arrived_at_ms), out);
        out.extend_from_slice(b",\"event_time\":");
        json::time(found.event_time_ms, out);
        let mood = write_enriched(found.text, found.language, enricher, scratch, out);
        out.extend_from_slice(b",\"record\":");
        let context = RecordContext {
            // The record's own time, so that a retry writes the same line.
            ingested_at_ms: self.position.arrived_at_ms,
            position: Some(&id),
            ..RecordContext::default()
        };
        let written = schema.write_typed_json(self.payload, &context, out)?;
        out.extend_from_slice(b",\"models\":");
        json::string(enricher.models(), out);
        out.extend_from_slice(b"}\n");
        Ok((written, mood))
    }
}

/// Appends `,"language":…,"text":…,"sentiment":…,"keywords":…`.
fn write_enriched<E: Enricher>(
    text: Option<Cow<'_, str>>,
    named: Option<Cow<'_, str>>,
    enricher: &E,
    scratch: &mut E::Scratch,
    out: &mut Vec<u8>,
) -> Option<Label> {
    let Some(text) = text else {
        out.extend_from_slice(b",\"language\":null,\"text\":null,");
        out.extend_from_slice(NOT_ENRICHED);
        return None;
    };
    let language = language(&text, named.as_deref());
    out.extend_from_slice(b",\"language\":");
    json::string(language.code(), out);
    out.extend_from_slice(b",\"text\":");
    json::string(&text, out);
    out.push(b',');
    enricher.enrich(scratch, &text, &language, out)
}

impl Lines {
    /// Forgets every record from the `count`-th on, with its lines.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.records.truncate(count);
        self.bytes.truncate(self.records.last().map_or(0, |outcome| outcome.end));
    }

    /// Adds what a record's pieces became when they were put together, behind the record's own lines.
    pub(crate) fn add(&mut self, record: usize, lines: &[u8], mut outcome: Outcome) {
        let Some(own) = self.records.get_mut(record) else { return };
        self.bytes.splice(own.end..own.end, lines.iter().copied());
        own.lines += outcome.lines;
        own.dropped += outcome.dropped;
        own.poison.append(&mut outcome.poison);
        for (sum, more) in own.moods.iter_mut().zip(outcome.moods) {
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
    pub(crate) fn from_record(&self, index: usize) -> &[u8] {
        self.bytes.get(self.start_of(index)..).unwrap_or_default()
    }

    /// The lines of one record.
    pub(crate) fn of_record(&self, index: usize) -> &[u8] {
        self.bytes.get(self.start_of(index)..self.start_of(index + 1)).unwrap_or_default()
    }

    fn start_of(&self, index: usize) -> usize {
        index.checked_sub(1).and_then(|before| self.records.get(before)).map_or(0, |outcome| outcome.end)
    }

    /// How many lines the records from the `index`-th on have.
    pub(crate) fn count_from(&self, index: usize) -> usize {
        self.records.iter().skip(index).map(|outcome| outcome.lines).sum()
    }
}
