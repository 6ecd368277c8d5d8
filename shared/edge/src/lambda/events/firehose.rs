//! The Firehose transformation event, from a Kinesis stream or from Direct PUT.

use super::arrival::arrived_at_ms;
use super::cursor::Cursor;
use super::{DataError, EventError, JsonText};
use std::borrow::Cow;

/// A batch of a delivery stream, borrowed from the body of the invocation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FirehoseEvent<'a> {
    /// Firehose's own id of this batch, which is the same on a retry.
    pub invocation_id: Option<JsonText<'a>>,
    /// ARN of the delivery stream.
    pub delivery_stream_arn: Option<JsonText<'a>>,
    /// ARN of the Kinesis stream that it reads; `None` with Direct PUT.
    pub source_stream_arn: Option<JsonText<'a>>,
    /// Every record, in order. An answer names each of them once.
    pub records: Vec<FirehoseRecord<'a>>,
}

/// One record of a [`FirehoseEvent`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FirehoseRecord<'a> {
    /// The name by which the answer refers to this record.
    pub record_id: JsonText<'a>,
    /// The record in base64; `None` if the event has no text there.
    pub data: Option<JsonText<'a>>,
    /// Milliseconds since 1970; 0 if the event has no readable time.
    pub arrived_at_ms: i64,
    /// Its metadata from the source stream, not parsed; `None` with Direct PUT.
    pub(super) metadata: Option<&'a [u8]>,
}

/// A place in a Kinesis stream, as Firehose passes it on. What an event omits is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StreamPosition<'a> {
    /// Shard the record was read from.
    pub shard_id: JsonText<'a>,
    /// Sequence number, unique in the stream.
    pub sequence_number: JsonText<'a>,
    /// Place inside a KPL aggregate.
    pub subsequence_number: Option<u64>,
    /// The producer's key.
    pub partition_key: JsonText<'a>,
}

impl<'a> FirehoseEvent<'a> {
    /// Reads an event. Unknown members are skipped, and those of the wrong type count as absent.
    pub fn parse(body: &'a [u8]) -> Result<Self, EventError> {
        let mut event = Self::default();
        let mut cursor = Cursor::new(body);
        let mut has_records = false;
        cursor.object(|cursor, name| {
            match name {
                b"records" if cursor.is_at(b'[') => {
                    has_records = true;
                    event.records = records(cursor)?;
                }
                b"invocationId" => event.invocation_id = cursor.optional_text()?,
                b"deliveryStreamArn" => event.delivery_stream_arn = cursor.optional_text()?,
                b"sourceKinesisStreamArn" => event.source_stream_arn = cursor.optional_text()?,
                _ => drop(cursor.raw()?),
            }
            Ok(())
        })?;
        cursor.end()?;
        if has_records { Ok(event) } else { Err(EventError::NoRecords { name: "records" }) }
    }

    /// Returns the name of the Kinesis stream that it reads, from its ARN.
    pub fn source_stream(&self) -> Option<Cow<'a, str>> {
        let arn = self.source_stream_arn?.text();
        let name = arn.rfind('/').map_or(0, |slash| slash + 1);
        Some(match arn {
            Cow::Borrowed(arn) => Cow::Borrowed(arn.get(name..).unwrap_or_default()),
            Cow::Owned(mut arn) => Cow::Owned(arn.split_off(name)),
        })
    }

    /// Whether Firehose reads a Kinesis stream, in which case it has already taken KPL aggregates apart.
    pub fn is_from_stream(&self) -> bool {
        self.source_stream_arn.is_some() || self.records.iter().any(|record| record.metadata.is_some())
    }
}

impl<'a> FirehoseRecord<'a> {
    /// Returns the record's place in the source stream; `None` with Direct PUT.
    pub fn position(&self) -> Option<StreamPosition<'a>> {
        // Most readers never ask for it, so it is read here and not with the event.
        self.metadata.and_then(|metadata| position(&mut Cursor::new(metadata)).ok())
    }

    /// Replaces `out` by the record's bytes.
    pub fn decode_into(&self, out: &mut Vec<u8>) -> Result<(), DataError> {
        self.data.ok_or(DataError::Missing)?.decode_into(out)
    }

    /// Returns the data as it stands in the event, for an answer that leaves it unchanged.
    pub fn raw_data(&self) -> &'a [u8] {
        self.data.map(|data| data.raw()).unwrap_or_default()
    }
}

fn records<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<FirehoseRecord<'a>>, EventError> {
    let mut records = Vec::new();
    cursor.array(|cursor| {
        let index = records.len();
        records.push(record(cursor)?.ok_or(EventError::NoIdentity { index, name: "recordId" })?);
        Ok(())
    })?;
    Ok(records)
}

fn record<'a>(cursor: &mut Cursor<'a>) -> Result<Option<FirehoseRecord<'a>>, EventError> {
    let mut record = FirehoseRecord::default();
    let mut record_id = None;
    cursor.object(|cursor, name| {
        match name {
            b"recordId" => record_id = cursor.optional_text()?,
            b"data" => record.data = cursor.optional_text()?,
            b"approximateArrivalTimestamp" => {
                record.arrived_at_ms = arrived_at_ms(cursor.raw()?).unwrap_or_default();
            }
            b"kinesisRecordMetadata" | b"kinesisStreamRecordMetadata" if cursor.is_at(b'{') => {
                record.metadata = Some(cursor.raw()?);
            }
            _ => drop(cursor.raw()?),
        }
        Ok(())
    })?;
    let record_id = record_id.filter(JsonText::is_json);
    Ok(record_id.map(|record_id| FirehoseRecord { record_id, ..record }))
}

fn position<'a>(cursor: &mut Cursor<'a>) -> Result<StreamPosition<'a>, EventError> {
    let mut position = StreamPosition::default();
    cursor.object(|cursor, name| {
        match name {
            b"shardId" => position.shard_id = cursor.optional_text()?.unwrap_or_default(),
            b"sequenceNumber" => position.sequence_number = cursor.optional_text()?.unwrap_or_default(),
            b"subsequenceNumber" => position.subsequence_number = subsequence_number(cursor.raw()?),
            b"partitionKey" => position.partition_key = cursor.optional_text()?.unwrap_or_default(),
            _ => drop(cursor.raw()?),
        }
        Ok(())
    })?;
    Ok(position)
}

/// A number, possibly in quotes. AWS's samples have both forms, and empty text.
fn subsequence_number(raw: &[u8]) -> Option<u64> {
    let digits = if let [b'"', digits @ .., b'"'] = raw { digits } else { raw };
    std::str::from_utf8(digits).ok()?.parse().ok()
}
