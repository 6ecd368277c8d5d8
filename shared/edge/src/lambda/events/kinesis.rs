//! The Kinesis event of an event source mapping, with or without a tumbling window.

use super::arrival::arrived_at_ms;
use super::cursor::Cursor;
use super::{DataError, EventError, JsonText};
use record_model::layout::Position;
use std::borrow::Cow;

/// A batch of one shard, borrowed from the body of the invocation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KinesisEvent<'a> {
    /// Every record, in the shard's order. The last event of a window may have none.
    pub records: Vec<KinesisRecord<'a>>,
    /// The window to which this batch belongs, if the mapping has one.
    pub window: Option<TumblingWindow<'a>>,
}

/// One record of a [`KinesisEvent`], still in base64.
#[derive(Debug, Clone, PartialEq)]
pub struct KinesisRecord<'a> {
    /// Name of the stream, from its ARN; empty if the event has none.
    pub stream: &'a str,
    /// Shard from which the record was read; empty if the event has none.
    pub shard_id: &'a str,
    /// Sequence number. It is never empty, since a failure is reported by it.
    pub sequence_number: &'a str,
    /// The producer's key.
    pub partition_key: Cow<'a, str>,
    /// Milliseconds since 1970; 0 if the event has no readable time.
    pub arrived_at_ms: i64,
    /// The record in base64; `None` if the event has no text there.
    pub data: Option<JsonText<'a>>,
}

/// The window of a batch, with the state that the function has kept for it so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TumblingWindow<'a> {
    /// First instant of the window, ISO 8601.
    pub start: &'a str,
    /// First instant after the window, ISO 8601.
    pub end: &'a str,
    /// The state from the last answer, as JSON; `None` in the window's first event.
    pub state: Option<&'a str>,
    /// The shard to which the window belongs.
    pub shard_id: &'a str,
    /// Name of the stream.
    pub stream: &'a str,
    /// Whether this is the window's last event, so that the result is due now.
    pub is_final: bool,
    /// Whether the window ended early because its state reached 1 MB.
    pub is_terminated_early: bool,
}

impl<'a> KinesisEvent<'a> {
    /// Reads an event. Unknown members are skipped, and those of the wrong type count as absent.
    pub fn parse(body: &'a [u8]) -> Result<Self, EventError> {
        let mut event = Self::default();
        let mut window = TumblingWindow::default();
        let mut has_records = false;
        let mut is_windowed = false;
        let mut cursor = Cursor::new(body);
        cursor.object(|cursor, name| {
            match name {
                b"Records" if cursor.is_at(b'[') => {
                    has_records = true;
                    event.records = records(cursor)?;
                }
                b"window" if cursor.is_at(b'{') => {
                    is_windowed = true;
                    bounds(cursor, &mut window)?;
                }
                b"state" => window.state = state(cursor.raw()?),
                b"shardId" => window.shard_id = plain(cursor)?,
                b"eventSourceARN" => window.stream = stream_name(plain(cursor)?),
                b"isFinalInvokeForWindow" => window.is_final = cursor.is_true()?,
                b"isWindowTerminatedEarly" => window.is_terminated_early = cursor.is_true()?,
                _ => drop(cursor.raw()?),
            }
            Ok(())
        })?;
        cursor.end()?;
        event.window = is_windowed.then_some(window);
        if has_records || is_windowed { Ok(event) } else { Err(EventError::NoRecords { name: "Records" }) }
    }
}

impl<'a> KinesisRecord<'a> {
    /// Returns the place of the Kinesis record as a whole.
    pub fn position(&self) -> Position<'a> {
        Position {
            stream: self.stream,
            shard_id: self.shard_id,
            sequence_number: self.sequence_number,
            sub_sequence_number: None,
            arrived_at_ms: self.arrived_at_ms,
        }
    }

    /// Replaces `out` by the record's bytes.
    pub fn decode_into(&self, out: &mut Vec<u8>) -> Result<(), DataError> {
        self.data.ok_or(DataError::Missing)?.decode_into(out)
    }
}

fn records<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<KinesisRecord<'a>>, EventError> {
    let mut records = Vec::new();
    cursor.array(|cursor| {
        let record = record(cursor)?;
        if record.sequence_number.is_empty() {
            return Err(EventError::NoIdentity { index: records.len(), name: "sequenceNumber" });
        }
        records.push(record);
        Ok(())
    })?;
    Ok(records)
}

fn record<'a>(cursor: &mut Cursor<'a>) -> Result<KinesisRecord<'a>, EventError> {
    let mut record = KinesisRecord {
        stream: "",
        shard_id: "",
        sequence_number: "",
        partition_key: Cow::Borrowed(""),
        arrived_at_ms: 0,
        data: None,
    };
    let mut event_id = "";
    cursor.object(|cursor, name| {
        match name {
            b"kinesis" if cursor.is_at(b'{') => payload(cursor, &mut record)?,
            b"eventID" => event_id = plain(cursor)?,
            b"eventSourceARN" => record.stream = stream_name(plain(cursor)?),
            _ => drop(cursor.raw()?),
        }
        Ok(())
    })?;
    // "shardId-000000000006:49590338…" is the only place that names the shard.
    if let Some((shard_id, sequence_number)) = event_id.split_once(':') {
        record.shard_id = shard_id;
        if record.sequence_number.is_empty() {
            record.sequence_number = sequence_number;
        }
    }
    Ok(record)
}

fn payload<'a>(cursor: &mut Cursor<'a>, record: &mut KinesisRecord<'a>) -> Result<(), EventError> {
    cursor.object(|cursor, name| {
        match name {
            b"partitionKey" => {
                record.partition_key = cursor.optional_text()?.unwrap_or_default().text();
            }
            b"sequenceNumber" => record.sequence_number = plain(cursor)?,
            b"data" => record.data = cursor.optional_text()?,
            b"approximateArrivalTimestamp" => {
                record.arrived_at_ms = arrived_at_ms(cursor.raw()?).unwrap_or_default();
            }
            _ => drop(cursor.raw()?),
        }
        Ok(())
    })
}

fn bounds<'a>(cursor: &mut Cursor<'a>, window: &mut TumblingWindow<'a>) -> Result<(), EventError> {
    cursor.object(|cursor, name| {
        match name {
            b"start" => window.start = plain(cursor)?,
            b"end" => window.end = plain(cursor)?,
            _ => drop(cursor.raw()?),
        }
        Ok(())
    })
}

/// Text that AWS itself made, which has no escapes. Anything else counts as absent.
fn plain<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, EventError> {
    Ok(cursor.optional_text()?.and_then(|text| text.plain()).unwrap_or_default())
}

fn state(raw: &[u8]) -> Option<&str> {
    std::str::from_utf8(raw).ok().filter(|state| !matches!(*state, "null" | "{}"))
}

/// `name` of `arn:…:stream/name` and of a fan-out consumer's `arn:…:stream/name/consumer/…`.
fn stream_name(arn: &str) -> &str {
    let name =
        arn.split_once(":stream/").map_or_else(|| arn.rsplit(':').next(), |(_, name)| name.split('/').next());
    name.unwrap_or_default()
}
