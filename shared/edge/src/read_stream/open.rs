//! Turns Kinesis records into user records: decoded, put together, and typed as the functions would do it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use record_model::{Content, Decoder, Limits, RecordContext, Schema, UserRecord};
use serde_json::Value;

use crate::aws::kinesis_reader::ReadRecord;
use crate::logging::chain;

use super::messages::{FirstPiece, Messages};

/// A user record and where it came from.
#[derive(Debug)]
pub struct Row<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The shard that it was read from.
    pub shard: &'a str,
    /// The sequence number of the Kinesis record.
    pub number: &'a str,
    /// Its place in an aggregate, from 0, or `None` if it is not in an aggregate.
    pub sub: Option<u64>,
    /// Its partition key.
    pub key: &'a str,
    /// When it arrived, in Unix milliseconds.
    pub arrived_at_ms: i64,
    /// The wire formats around it, with the outermost first.
    pub formats: Vec<&'static str>,
    /// The payload as it was put, without the wire formats around it.
    pub payload: &'a [u8],
    /// The document that its schema makes of it, if there is a schema.
    pub typed: Option<Vec<u8>>,
    document: OnceCell<Option<Value>>,
}

impl<'a> Row<'a> {
    /// A row with these bytes and without an origin.
    pub fn bare(payload: &'a [u8]) -> Self {
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

    /// The typed document, or the payload if there is no schema.
    pub fn data(&self) -> &[u8] {
        self.typed.as_deref().unwrap_or(self.payload)
    }

    /// The data as JSON, if it is JSON.
    pub fn document(&self) -> Option<&Value> {
        self.document.get_or_init(|| serde_json::from_slice(self.data()).ok()).as_ref()
    }
}

/// Where a batch of records comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The shard.
    pub shard: &'a str,
}

/// What became of a record that was opened.
#[derive(Debug)]
pub enum Opened<'a> {
    /// A record, which is typed if there is a schema.
    Row(Row<'a>),
    /// A record that can't be decoded, or that its schema refuses.
    Refused(Refused<'a>),
    /// A record that its schema leaves out on purpose.
    Dropped(Row<'a>),
    /// A piece of a message that is not whole yet.
    Piece(Row<'a>),
}

/// A record that was refused. `Display` says where it is and why, without any of its text.
#[derive(Debug)]
pub struct Refused<'a> {
    /// The record. One that can't be decoded has its bytes as they were put.
    pub row: Row<'a>,
    /// A short word that stays the same in later versions.
    pub kind: Cow<'static, str>,
    /// The field at fault, if there is one.
    pub field: Option<String>,
    /// What is wrong, on one line.
    pub message: String,
    /// Whether the schema refuses it. Otherwise it can't be decoded.
    pub is_of_schema: bool,
}

impl fmt::Display for Refused<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row: Row { stream, shard, number, .. }, kind, message, .. } = self;
        let refused = if self.is_of_schema { format!("refused as {kind}: ") } else { String::new() };
        write!(formatter, "{stream} {shard} {number}: {refused}{message}")
    }
}

/// Opens records of every form. It keeps pieces of messages until the other pieces arrive.
pub struct Opener {
    decoder: Decoder,
    schema: Option<Schema>,
    messages: Messages,
}

impl Opener {
    /// Makes an opener that types records if there is a schema.
    pub fn new(schema: Option<Schema>) -> Self {
        Self { decoder: Decoder::new(Limits::default()), schema, messages: Messages::default() }
    }

    /// Opens one Kinesis record, and gives each of its user records to `visit`.
    pub fn open(&mut self, record: &ReadRecord, origin: Origin<'_>, visit: &mut dyn FnMut(Opened<'_>)) {
        let Self { decoder, schema, messages } = self;
        decoder.start_batch();
        let mut whole = None;
        let decoded = decoder.decode(&record.data, &mut |user_record| match &user_record.content {
            Ok(Content::Payload(payload)) => {
                visit(typed(row(record, origin, &user_record, payload), schema.as_ref()));
            }
            Ok(Content::Chunk(chunk)) => match messages.add(chunk, || first_piece(record, origin)) {
                Ok(None) => visit(Opened::Piece(row(record, origin, &user_record, &record.data))),
                Ok(message) => whole = message,
                Err(error) => {
                    visit(unopened(row(record, origin, &user_record, &record.data), "chunk", error));
                }
            },
            Err(error) => {
                let row = row(record, origin, &user_record, &record.data);
                visit(unopened(row, error.kind(), chain(error)));
            }
        });
        let decoded = decoded.and_then(|()| {
            let Some(message) = whole else { return Ok(()) };
            decoder.decode(&message, &mut |mut user_record| {
                user_record.sub_sequence_number = None;
                match &user_record.content {
                    Ok(Content::Payload(payload)) => {
                        let mut row = row(record, origin, &user_record, payload);
                        row.formats.insert(0, "chunk");
                        visit(typed(row, schema.as_ref()));
                    }
                    Ok(Content::Chunk(_)) => {}
                    Err(error) => {
                        let row = row(record, origin, &user_record, &record.data);
                        visit(unopened(row, error.kind(), chain(error)));
                    }
                }
            })
        });
        if let Err(error) = decoded {
            let row = Row {
                stream: origin.stream,
                shard: origin.shard,
                number: &record.sequence_number,
                key: &record.partition_key,
                arrived_at_ms: record.arrived_at_ms,
                ..Row::bare(&record.data)
            };
            visit(unopened(row, error.kind(), chain(&error)));
        }
    }

    /// The first piece that was read of each message that is not complete.
    pub fn first_pieces(&self) -> impl ExactSizeIterator<Item = &FirstPiece> {
        self.messages.first_pieces()
    }
}

fn first_piece(record: &ReadRecord, origin: Origin<'_>) -> FirstPiece {
    FirstPiece {
        stream: origin.stream.to_owned(),
        shard: origin.shard.to_owned(),
        number: record.sequence_number.clone(),
        arrived_at_ms: record.arrived_at_ms,
    }
}

fn unopened<'a>(row: Row<'a>, kind: &'static str, message: String) -> Opened<'a> {
    Opened::Refused(Refused { row, kind: kind.into(), field: None, message, is_of_schema: false })
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
        Ok(_) => Opened::Dropped(row),
        Err(error) => Opened::Refused(Refused {
            row,
            kind: error.kind().into(),
            field: error.field().map(str::to_owned),
            message: chain(&error),
            is_of_schema: true,
        }),
    }
}
