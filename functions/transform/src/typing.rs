//! From one record's bytes to its typed documents, in buffers that are used again.

use crate::{Destination, RecordFailure};
use edge::events::FirehoseRecord;
use record_model::{Content, Decoder, Limits, RecordContext, Schema, UserRecord, Written};

/// A record may open to as much as an answer can carry at all, a batch to as much as its time allows.
const LIMITS: Limits = Limits { record_bytes_out: 8 << 20, batch_bytes_out: 256 << 20, sub_records: 100_000, depth: 4 };

/// What a record became; its documents lie in [`Typing::documents`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// One document or, where the destination takes them, several.
    Documents,
    /// A drop rule matched, for each of its documents.
    Dropped,
}

/// Types one record after the other.
pub(crate) struct Typing {
    schema: Schema,
    destination: Destination,
    decoder: Decoder,
    payload: Vec<u8>,
    documents: Vec<u8>,
}

/// What the user records of one record came to.
#[derive(Default)]
struct Tally {
    documents: usize,
    hops: u8,
    failure: Option<RecordFailure>,
}

impl Typing {
    pub(crate) fn new(schema: Schema, destination: Destination) -> Self {
        let decoder = Decoder::new(LIMITS);
        Self { schema, destination, decoder, payload: Vec::new(), documents: Vec::new() }
    }

    pub(crate) fn start_batch(&mut self) {
        self.decoder.start_batch();
    }

    /// The documents of the record typed last, line ends included.
    pub(crate) fn documents(&self) -> &[u8] {
        &self.documents
    }

    /// The bytes of the record typed last, as they came.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Decodes, opens and types a record.
    pub(crate) fn write(&mut self, record: &FirehoseRecord<'_>) -> Result<Typed, RecordFailure> {
        self.documents.clear();
        record.decode_into(&mut self.payload)?;
        let context = RecordContext { ingested_at_ms: record.arrived_at_ms, ..RecordContext::default() };
        let mut tally = Tally::default();
        let (schema, documents) = (&self.schema, &mut self.documents);
        let line_end = self.destination.has_line_ends();
        self.decoder.decode(&self.payload, &mut |user_record| {
            if tally.failure.is_none() {
                tally.take(write_document(schema, &context, &user_record, line_end, documents));
            }
        })?;
        self.verdict(tally)
    }

    fn verdict(&self, tally: Tally) -> Result<Typed, RecordFailure> {
        match tally {
            Tally { failure: Some(failure), .. } => Err(failure),
            Tally { documents: 0, .. } => Ok(Typed::Dropped),
            Tally { documents: 1, .. } => Ok(Typed::Documents),
            _ if self.destination.takes_several_documents() => Ok(Typed::Documents),
            Tally { documents, .. } => Err(RecordFailure::SeveralDocuments { documents }),
        }
    }
}

impl Tally {
    fn take(&mut self, written: Result<Written, RecordFailure>) {
        match written {
            Ok(Written::Typed) => self.documents += 1,
            Ok(Written::Dropped) => {}
            Err(failure) => self.failure = Some(failure),
        }
    }
}

fn write_document(
    schema: &Schema,
    context: &RecordContext<'_>,
    user_record: &UserRecord<'_>,
    line_end: bool,
    documents: &mut Vec<u8>,
) -> Result<Written, RecordFailure> {
    let payload = match user_record.content.clone()? {
        Content::Payload(payload) => payload,
        Content::Chunk(_) => return Err(RecordFailure::Chunk),
    };
    let written = schema.write_typed_json(payload, context, documents)?;
    if line_end && written == Written::Typed {
        documents.push(b'\n');
    }
    Ok(written)
}
