//! A record that was put aside: where it came from, why, and what it holds.
//!
//! The consumer and the producer write one JSON object for each record into `quarantine/`; the transform writes one line
//! for each record into `failed/<data set>/reasons/`, and `kinflow put` one line into a file beside its input. All of
//! them have this form, version 1:
//!
//! | member | what |
//! |---|---|
//! | `version` | 1 |
//! | `id` | what identifies the record: its [`RecordId`], or `<source>:<position>`, or the delivery stream's record id |
//! | `stream` | the stream that the record came from, or was to go to |
//! | `shard_id`, `sequence_number`, `sub_sequence_number`, `partition_key`, `arrived_at_ms` | the place of a record that came from a stream; all but the last are empty where Firehose took the record directly |
//! | `record_id` | Firehose's id, where the transform put the record aside |
//! | `source`, `source_version`, `position`, `records` | the place of a record that came from a source, and how many user records are in it |
//! | `reason` | `kind`, a short stable word; `field`, where one is at fault; `message`, without any text of the record |
//! | `payload_base64` | what the record holds, as it came: text that should have been base64 and is not is kept as it is |
//!
//! Members may be added. Earlier releases wrote some of these forms with fewer members, and those are read as well.

use std::borrow::Cow;

use base64_simd::STANDARD;
use serde::{Deserialize, Serialize};

use crate::layout::{Position, RecordId};

/// Version of the form.
const VERSION: u32 = 1;

/// A record that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAside<'a> {
    /// Where the record came from.
    pub origin: Origin<'a>,
    /// Why it was put aside.
    pub reason: Reason<'a>,
    /// What the record holds, in base64.
    pub payload_base64: Cow<'a, str>,
}

/// Where a record that was put aside came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Origin<'a> {
    /// A stream.
    Stream {
        /// Name of the stream; empty where Firehose took the record directly, as are the next three.
        stream: Cow<'a, str>,
        /// Shard that the record was read from.
        shard_id: Cow<'a, str>,
        /// Sequence number of the Kinesis record.
        sequence_number: Cow<'a, str>,
        /// Place in an aggregate, from 0; `None` where the record is not aggregated.
        sub_sequence_number: Option<u64>,
        /// The producer's key.
        partition_key: Cow<'a, str>,
        /// When the record arrived, milliseconds since 1970 UTC.
        arrived_at_ms: i64,
        /// Firehose's id of the record, if it came by way of a delivery stream.
        #[serde(skip_serializing_if = "Option::is_none")]
        record_id: Option<Cow<'a, str>>,
    },
    /// A source that a producer reads.
    Source {
        /// Name of the stream that the record was to go to; empty where it is not known.
        stream: Cow<'a, str>,
        /// Name of the source; empty where it is not known.
        source: Cow<'a, str>,
        /// The version of the source, if it has versions: a position means another record in another version.
        source_version: Option<Cow<'a, str>>,
        /// Place in the source.
        position: u64,
        /// User records inside.
        records: u32,
    },
}

/// Why a record was put aside, without any text of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason<'a> {
    /// A short stable word.
    pub kind: Cow<'a, str>,
    /// The field at fault, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'a, str>>,
    /// What is wrong, in one line.
    pub message: Cow<'a, str>,
}

/// Why bytes can't be read as a put-aside record.
#[derive(Debug, thiserror::Error)]
pub enum PutAsideError {
    /// The bytes are not one JSON object with the members that every form has.
    #[error("bytes do not have the form of a record that was put aside")]
    Form(#[from] serde_json::Error),
    /// A later release wrote the object, in a version that this one does not know.
    #[error("record put aside has version {found}, the newest known is {VERSION}: use a newer release")]
    Version {
        /// The version found.
        found: u32,
    },
    /// Nothing says where the record came from.
    #[error("record put aside has neither a sequence_number nor a position, so its origin is not known")]
    NoOrigin,
    /// The payload isn't base64.
    #[error("payload of {characters} characters is not base64")]
    NotBase64 {
        /// Its length.
        characters: usize,
    },
}

#[derive(Serialize)]
struct Object<'a> {
    version: u32,
    id: Cow<'a, str>,
    #[serde(flatten)]
    origin: &'a Origin<'a>,
    reason: &'a Reason<'a>,
    payload_base64: &'a str,
}

/// The members of every form that exists or once existed.
#[derive(Deserialize)]
struct Members<'a> {
    /// Absent from the lines that `kinflow put` once wrote.
    #[serde(default = "first_version")]
    version: u32,
    #[serde(default, borrow)]
    stream: Cow<'a, str>,
    #[serde(default, borrow)]
    shard_id: Cow<'a, str>,
    #[serde(borrow)]
    sequence_number: Option<Cow<'a, str>>,
    sub_sequence_number: Option<u64>,
    #[serde(default, borrow)]
    partition_key: Cow<'a, str>,
    #[serde(default)]
    arrived_at_ms: i64,
    #[serde(borrow)]
    record_id: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    source_version: Option<Cow<'a, str>>,
    position: Option<u64>,
    #[serde(default)]
    records: u32,
    #[serde(borrow)]
    reason: Reason<'a>,
    #[serde(borrow)]
    payload_base64: Cow<'a, str>,
}

fn first_version() -> u32 {
    VERSION
}

impl<'a> PutAside<'a> {
    /// Writes one JSON object on one line, without a line end. The same record always gives the same bytes.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let Self { origin, reason, payload_base64 } = self;
        serde_json::to_vec(&Object { version: VERSION, id: origin.id(), origin, reason, payload_base64 })
    }

    /// Reads one JSON object, of this form or of one that an earlier release wrote.
    pub fn read(json: &'a [u8]) -> Result<Self, PutAsideError> {
        let members: Members<'a> = serde_json::from_slice(json)?;
        if members.version > VERSION {
            return Err(PutAsideError::Version { found: members.version });
        }
        let Members { stream, reason, payload_base64, .. } = members;
        let origin = match (members.sequence_number, members.position) {
            (Some(sequence_number), _) => Origin::Stream {
                stream,
                shard_id: members.shard_id,
                sequence_number,
                sub_sequence_number: members.sub_sequence_number,
                partition_key: members.partition_key,
                arrived_at_ms: members.arrived_at_ms,
                record_id: members.record_id,
            },
            (None, Some(position)) => Origin::Source {
                stream,
                source: members.source,
                source_version: members.source_version,
                position,
                records: members.records,
            },
            (None, None) => return Err(PutAsideError::NoOrigin),
        };
        Ok(Self { origin, reason, payload_base64 })
    }

    /// Decodes what the record holds.
    pub fn payload(&self) -> Result<Vec<u8>, PutAsideError> {
        let characters = self.payload_base64.len();
        let not_base64 = |_| PutAsideError::NotBase64 { characters };
        STANDARD.decode_to_vec(self.payload_base64.as_bytes()).map_err(not_base64)
    }
}

impl<'a> Origin<'a> {
    /// Describes a record of a stream that was put with this key.
    pub fn of_stream(position: &Position<'a>, partition_key: impl Into<Cow<'a, str>>) -> Self {
        Self::Stream {
            stream: position.stream.into(),
            shard_id: position.shard_id.into(),
            sequence_number: position.sequence_number.into(),
            sub_sequence_number: position.sub_sequence_number,
            partition_key: partition_key.into(),
            arrived_at_ms: position.arrived_at_ms,
            record_id: None,
        }
    }

    /// Returns what identifies the record.
    fn id(&self) -> Cow<'_, str> {
        match self {
            Self::Stream { sequence_number, record_id: Some(record_id), .. }
                if sequence_number.is_empty() =>
            {
                Cow::Borrowed(record_id)
            }
            Self::Stream { stream, shard_id, sequence_number, sub_sequence_number, .. } => {
                RecordId::new(stream, shard_id, sequence_number, *sub_sequence_number).to_string().into()
            }
            Self::Source { source, position, .. } => format!("{source}:{position}").into(),
        }
    }
}
