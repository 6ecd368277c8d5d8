//! Reads KPL aggregated records: `F3 89 9A C2`, a protobuf message, and the MD5 of that message.
//!
//! The format is the Kinesis Producer Library's (aggregation-format.md in its repository). A record that only
//! resembles an aggregate is an ordinary record and not an error: if it is too short, if the checksum
//! differs, if it isn't protobuf, or if a user record in it has no data.

use super::{
    DecodeError,
    protobuf::{Fields, Malformed, Value},
};
use crate::keys;

pub(super) const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];
pub(super) const MD5_BYTES: usize = 16;

/// An aggregate, split into its parts without copying them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Aggregate<'a> {
    partition_keys: Vec<&'a str>,
    explicit_hash_keys: Vec<&'a str>,
    records: Vec<SubRecord<'a>>,
}

/// One user record as the message stores it: its keys are indexes into the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SubRecord<'a> {
    partition_key: u64,
    explicit_hash_key: Option<u64>,
    data: &'a [u8],
}

/// One user record with its keys.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Keyed<'a> {
    pub(super) partition_key: &'a str,
    pub(super) explicit_hash_key: Option<&'a str>,
    pub(super) data: &'a [u8],
}

/// A user record as it lies in an aggregate, still wrapped: its partition key if the table has it, and its
/// data.
pub type KeyedData<'a> = (Option<&'a str>, &'a [u8]);

/// A Kinesis record, after the check of whether it has the checksum of an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked<'a> {
    data: &'a [u8],
    message: Option<&'a [u8]>,
}

impl<'a> Checked<'a> {
    /// Checks a record.
    pub fn new(data: &'a [u8]) -> Self {
        let message = message_of(data).filter(|(message, md5)| keys::md5(message) == **md5);
        Self { data, message: message.map(|(message, _)| message) }
    }

    /// Returns the unchanged bytes of the record.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Returns the user records of an aggregate as they lie in it, still wrapped, each with its partition key
    /// if the table has it; `None` for an ordinary record. A delivery stream does this. To read records use
    /// [`crate::Decoder`].
    pub fn user_records(
        &self,
        limit: usize,
    ) -> Result<Option<impl Iterator<Item = KeyedData<'a>> + use<'a>>, DecodeError> {
        Ok(self.aggregate(limit)?.map(Aggregate::into_data))
    }

    /// Takes an aggregate apart; `None` means an ordinary record. Fails only on more than `limit` user
    /// records, or on more than `limit` keys of one kind: an entry takes as little as two bytes of the
    /// message, and far more in memory.
    pub(super) fn aggregate(&self, limit: usize) -> Result<Option<Aggregate<'a>>, DecodeError> {
        let Some(message) = self.message else { return Ok(None) };
        let mut aggregate = Aggregate::default();
        for field in Fields::of(message) {
            let Ok((number, value)) = field else { return Ok(None) };
            if aggregate.add(number, value).is_err() {
                return Ok(None);
            }
            if aggregate.longest_part() > limit {
                return Err(DecodeError::SubRecords { limit });
            }
        }
        Ok(Some(aggregate))
    }
}

/// The protobuf message and the MD5 that it should have, if the bytes begin as an aggregate and are long
/// enough.
fn message_of(data: &[u8]) -> Option<(&[u8], &[u8; MD5_BYTES])> {
    let body = data.strip_prefix(&MAGIC)?;
    body.split_last_chunk().filter(|(message, _)| !message.is_empty())
}

impl<'a> Aggregate<'a> {
    fn add(&mut self, field: u64, value: Value<'a>) -> Result<(), Malformed> {
        match (field, value) {
            (1, Value::Bytes(key)) => self.partition_keys.push(text(key)?),
            (2, Value::Bytes(key)) => self.explicit_hash_keys.push(text(key)?),
            (3, Value::Bytes(record)) => self.records.push(SubRecord::read(record)?),
            _ => {} // a field from after this code was written
        }
        Ok(())
    }

    fn longest_part(&self) -> usize {
        self.records.len().max(self.partition_keys.len()).max(self.explicit_hash_keys.len())
    }

    /// The user records in order. A key that its table does not have spoils only the record that asks for it.
    pub(super) fn records(&self) -> impl Iterator<Item = Result<Keyed<'a>, DecodeError>> {
        self.records.iter().map(|record| {
            Ok(Keyed {
                partition_key: entry("partition key", &self.partition_keys, record.partition_key)?,
                explicit_hash_key: record
                    .explicit_hash_key
                    .map(|index| entry("explicit hash key", &self.explicit_hash_keys, index))
                    .transpose()?,
                data: record.data,
            })
        })
    }

    fn into_data(self) -> impl Iterator<Item = KeyedData<'a>> + use<'a> {
        let Self { partition_keys, records, .. } = self;
        records.into_iter().map(move |record| {
            (entry("partition key", &partition_keys, record.partition_key).ok(), record.data)
        })
    }
}

impl<'a> SubRecord<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let (mut partition_key, mut explicit_hash_key, mut data) = (None, None, None);
        for field in Fields::of(message) {
            match field? {
                (1, Value::Varint(index)) => partition_key = Some(index),
                (2, Value::Varint(index)) => explicit_hash_key = Some(index),
                (3, Value::Bytes(bytes)) => data = Some(bytes),
                _ => {} // tags, which nobody reads, and fields from after this code was written
            }
        }
        let (Some(partition_key), Some(data)) = (partition_key, data) else { return Err(Malformed) };
        Ok(Self { partition_key, explicit_hash_key, data })
    }
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    str::from_utf8(bytes).map_err(|_| Malformed)
}

fn entry<'a>(name: &'static str, table: &[&'a str], index: u64) -> Result<&'a str, DecodeError> {
    let found = usize::try_from(index).ok().and_then(|at| table.get(at));
    found.copied().ok_or(DecodeError::KeyIndex { table: name, index, len: table.len() })
}
