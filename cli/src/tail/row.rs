//! From a Kinesis record to user records: decoded, put together, and typed as the functions would do it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use edge::aws::kinesis_reader::ReadRecord;
use edge::logging::chain;
use record_model::chunk::{Chunk, Reassembly};
use record_model::{Content, Decoder, Limits, RecordContext, Schema, UserRecord};
use serde_json::Value;

/// The most bytes of incomplete messages, and of one message.
const MAX_PENDING_BYTES: u64 = 256 << 20;

/// A user record and where it came from.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) stream: &'a str,
    pub(super) shard: &'a str,
    pub(super) number: &'a str,
    pub(super) sub: Option<u64>,
    pub(super) key: &'a str,
    pub(super) arrived_at_ms: i64,
    pub(super) formats: Vec<&'static str>,
    /// The payload as it was put, without its wrappings.
    pub(super) payload: &'a [u8],
    /// The document that its schema makes of it.
    pub(super) typed: Option<Vec<u8>>,
    document: OnceCell<Option<Value>>,
}

impl<'a> Row<'a> {
    /// Makes a row of these bytes, without an origin.
    pub(super) fn bare(payload: &'a [u8]) -> Self {
        Self {
            stream: "",
            shard: "",
            number: "",
            sub: None,
            key: "",
            arrived_at_ms: 0,
            formats: Vec::new(),
            payload,
            typed: None,
            document: OnceCell::new(),
        }
    }

    /// The typed record, or the payload if there is no schema.
    pub(super) fn data(&self) -> &[u8] {
        self.typed.as_deref().unwrap_or(self.payload)
    }

    /// The record as JSON, if it is.
    pub(super) fn document(&self) -> Option<&Value> {
        self.document.get_or_init(|| serde_json::from_slice(self.data()).ok()).as_ref()
    }
}

/// Where a batch of records comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) stream: &'a str,
    pub(super) shard: &'a str,
}

/// The result of decoding a record.
pub(super) enum Opened<'a> {
    Row(Row<'a>),
    /// It can't be decoded, or its schema refuses it: where it is, and why.
    Refused(String),
    /// Its schema drops it.
    Dropped,
}

/// Decodes records of every form. Pieces of messages wait here for the others.
pub(super) struct Opener {
    decoder: Decoder,
    schema: Option<Schema>,
    pending: BTreeMap<u128, Reassembly>,
    pending_bytes: u64,
}

impl Opener {
    pub(super) fn new(schema: Option<Schema>) -> Self {
        Self { decoder: Decoder::new(Limits::default()), schema, pending: BTreeMap::new(), pending_bytes: 0 }
    }

    /// Decodes one Kinesis record. `visit` gets each of its user records.
    pub(super) fn open(
        &mut self,
        record: &ReadRecord,
        origin: Origin<'_>,
        visit: &mut dyn FnMut(Opened<'_>),
    ) {
        let Self { decoder, schema, pending, pending_bytes } = self;
        decoder.start_batch();
        let mut whole = None;
        let place = || format!("{} {} {}", origin.stream, origin.shard, record.sequence_number);
        let decoded = decoder.decode(&record.data, &mut |user_record| match &user_record.content {
            Ok(Content::Payload(payload)) => {
                visit(typed(row(record, origin, &user_record, payload), schema.as_ref()));
            }
            Ok(Content::Chunk(chunk)) => match put_together(pending, pending_bytes, chunk) {
                Ok(message) => whole = message.or(whole.take()),
                Err(error) => visit(Opened::Refused(format!("{}: {error}", place()))),
            },
            Err(error) => visit(Opened::Refused(format!("{}: {}", place(), chain(error)))),
        });
        let decoded = decoded.and_then(|()| {
            let Some(message) = whole else { return Ok(()) };
            decoder.decode(&message, &mut |mut user_record| {
                if let Ok(Content::Payload(payload)) = user_record.content {
                    user_record.sub_sequence_number = None;
                    let mut row = row(record, origin, &user_record, payload);
                    row.formats.insert(0, "chunk");
                    visit(typed(row, schema.as_ref()));
                }
            })
        });
        if let Err(error) = decoded {
            visit(Opened::Refused(format!("{}: {}", place(), chain(&error))));
        }
    }

    /// How many messages are incomplete.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }
}

fn row<'a>(
    record: &'a ReadRecord,
    origin: Origin<'a>,
    user_record: &UserRecord<'a>,
    payload: &'a [u8],
) -> Row<'a> {
    Row {
        stream: origin.stream,
        shard: origin.shard,
        number: &record.sequence_number,
        sub: user_record.sub_sequence_number,
        key: user_record.partition_key.unwrap_or(&record.partition_key),
        arrived_at_ms: record.arrived_at_ms,
        formats: user_record.formats.iter().map(|format| format.as_str()).collect(),
        ..Row::bare(payload)
    }
}

fn typed<'a>(mut row: Row<'a>, schema: Option<&Schema>) -> Opened<'a> {
    let Some(schema) = schema else { return Opened::Row(row) };
    let place = format!("{}:{}:{}:{}", row.stream, row.shard, row.number, row.sub.unwrap_or(0));
    let context = RecordContext {
        ingested_at_ms: row.arrived_at_ms,
        position: Some(&place),
        ..RecordContext::default()
    };
    let mut document = Vec::new();
    match schema.write_typed_json(row.payload, &context, &mut document) {
        Ok(written) if written.is_document() => {
            row.typed = Some(document);
            Opened::Row(row)
        }
        Ok(_) => Opened::Dropped,
        Err(error) => {
            let (stream, shard, number) = (row.stream, row.shard, row.number);
            Opened::Refused(format!(
                "{stream} {shard} {number}: refused as {}: {}",
                error.kind(),
                chain(&error)
            ))
        }
    }
}

/// The whole message, if this piece was its last.
fn put_together(
    pending: &mut BTreeMap<u128, Reassembly>,
    pending_bytes: &mut u64,
    chunk: &Chunk<'_>,
) -> Result<Option<Vec<u8>>, String> {
    let id = chunk.message.id;
    let length = u64::from(chunk.message.length);
    let message = match pending.entry(id) {
        Entry::Occupied(message) => message.into_mut(),
        Entry::Vacant(_) if *pending_bytes + length > MAX_PENDING_BYTES => {
            let limit = MAX_PENDING_BYTES >> 20;
            return Err(format!("more than {limit} MiB of messages wait for their pieces"));
        }
        Entry::Vacant(room) => {
            let max = usize::try_from(MAX_PENDING_BYTES).unwrap_or(usize::MAX);
            let message = Reassembly::new(chunk.message, max).map_err(|error| chain(&error))?;
            *pending_bytes += length;
            room.insert(message)
        }
    };
    message.add(chunk).map_err(|error| chain(&error))?;
    if message.missing() > 0 {
        return Ok(None);
    }
    let whole = message.message().map_err(|error| chain(&error));
    *pending_bytes = pending_bytes.saturating_sub(length);
    pending.remove(&id);
    whole.map(Some)
}
