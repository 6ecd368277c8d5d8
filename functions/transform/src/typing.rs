//! Types the bytes of one record, as documents in buffers that are reused.

use crate::subscription::log_events;
use crate::{Destination, Envelope, RecordFailure};
use edge::lambda::events::{FirehoseEvent, FirehoseRecord};
use record_model::layout::RecordId;
use record_model::{
    Content, Decoder, Limits, Problem, RecordContext, RecordError, Schema, UserRecord, Written,
};
use std::fmt::Write as _;

/// A record may decompress to as much as an answer can carry at all, and a batch to as much as its time
/// allows.
const LIMITS: Limits =
    Limits { record_bytes_out: 8 << 20, batch_bytes_out: 256 << 20, sub_records: 100_000, depth: 4 };

/// The outcome of a record. Its documents are in [`Typing::documents`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// One document or, if the destination takes them, several.
    Documents,
    /// A drop rule matched each of its documents.
    Dropped,
}

/// Types one record after the other.
pub(crate) struct Typing {
    schema: Schema,
    envelope: Envelope,
    destination: Destination,
    decoder: Decoder,
    payload: Vec<u8>,
    documents: Vec<u8>,
    hops: u8,
    is_mended: bool,
    /// The last typed record's place in its stream, for a schema that asks for it.
    position: Option<String>,
    stream: String,
}

/// Where the documents of one record are collected.
struct Gathering<'a> {
    schema: &'a Schema,
    envelope: Envelope,
    line_end: bool,
    context: RecordContext<'a>,
    documents: &'a mut Vec<u8>,
    count: usize,
    hops: u8,
    is_mended: bool,
}

impl Typing {
    pub(crate) fn new(schema: Schema, envelope: Envelope, destination: Destination) -> Self {
        Self {
            position: schema.derives_position().then(String::new),
            schema,
            envelope,
            destination,
            decoder: Decoder::new(LIMITS),
            payload: Vec::new(),
            documents: Vec::new(),
            hops: 0,
            is_mended: false,
            stream: String::new(),
        }
    }

    /// Restores the decoder's whole budget. The following records belong to this event.
    pub(crate) fn start_batch(&mut self, event: &FirehoseEvent<'_>) {
        self.decoder.start_batch();
        self.stream = event.source_stream().unwrap_or_default().into_owned();
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The documents of the last typed record, including line ends.
    pub(crate) fn documents(&self) -> &[u8] {
        &self.documents
    }

    /// The bytes of the last typed record, as they came.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// How often the last typed record was put back on its stream.
    pub(crate) fn hops(&self) -> u8 {
        self.hops
    }

    /// Whether a document of the last typed record has U+FFFD in place of an unpaired surrogate.
    pub(crate) fn is_mended(&self) -> bool {
        self.is_mended
    }

    /// Decodes, unwraps and types a record. If one of several documents fails, the whole record fails.
    pub(crate) fn write(&mut self, record: &FirehoseRecord<'_>) -> Result<Typed, RecordFailure> {
        self.documents.clear();
        record.decode_into(&mut self.payload)?;
        if let Some(position) = &mut self.position {
            write_position(&self.stream, record, position);
        }
        let position = self.position.as_deref().filter(|position| !position.is_empty());
        let mut gathering = Gathering {
            schema: &self.schema,
            envelope: self.envelope,
            line_end: self.destination.has_line_ends(),
            context: RecordContext {
                ingested_at_ms: record.arrived_at_ms,
                position,
                ..RecordContext::default()
            },
            documents: &mut self.documents,
            count: 0,
            hops: 0,
            is_mended: false,
        };
        let mut outcome = Ok(());
        self.decoder.decode(&self.payload, &mut |user_record| {
            if outcome.is_ok() {
                outcome = gathering.take(user_record);
            }
        })?;
        let (count, hops, is_mended) = (gathering.count, gathering.hops, gathering.is_mended);
        (self.hops, self.is_mended) = (hops, is_mended);
        outcome?;
        match count {
            0 => Ok(Typed::Dropped),
            1 => Ok(Typed::Documents),
            _ if self.destination.takes_several_documents() => Ok(Typed::Documents),
            documents => Err(RecordFailure::SeveralDocuments { documents }),
        }
    }
}

impl Gathering<'_> {
    fn take(&mut self, user_record: UserRecord<'_>) -> Result<(), RecordFailure> {
        self.hops = user_record.hops;
        let payload = match user_record.content? {
            Content::Payload(payload) => payload,
            Content::Chunk(_) => return Err(RecordFailure::Chunk),
        };
        match self.envelope {
            Envelope::None => self.write(payload),
            Envelope::LogSubscription => {
                let events = log_events(payload).ok_or(RecordFailure::NoSubscription)?;
                events
                    .into_iter()
                    .try_for_each(|event| self.write(&event.map_err(|_| RecordFailure::NoSubscription)?))
            }
        }
    }

    /// Writes a payload of one record, or of several, each of which becomes a document.
    fn write(&mut self, payload: &[u8]) -> Result<(), RecordFailure> {
        match self.write_one(payload) {
            Err(error) if error.problem() == Problem::SeveralRecords => {
                let mut records = self.schema.records_in(payload);
                records.try_for_each(|record| {
                    self.write_one(record)?;
                    match self.documents.len() {
                        bytes if bytes > LIMITS.record_bytes_out => Err(RecordFailure::NoRoom { bytes }),
                        _ => Ok(()),
                    }
                })
            }
            written => Ok(written?),
        }
    }

    fn write_one(&mut self, payload: &[u8]) -> Result<(), RecordError> {
        let written = self.schema.write_typed_json(payload, &self.context, self.documents)?;
        if written.is_document() {
            self.count += 1;
            self.is_mended |= written == Written::Mended;
            if self.line_end {
                self.documents.push(b'\n');
            }
        }
        Ok(())
    }
}

/// Writes the record's id, or nothing if Firehose took the record directly.
fn write_position(stream: &str, record: &FirehoseRecord<'_>, out: &mut String) {
    out.clear();
    let Some(at) = record.position() else { return };
    let (shard_id, sequence_number) = (at.shard_id.text(), at.sequence_number.text());
    let id = RecordId::new(stream, &shard_id, &sequence_number, at.subsequence_number);
    // Writing into a string can't fail.
    let _ = write!(out, "{id}");
}
