//! KPL aggregated records: how they are checked, taken apart and written.

use std::collections::HashMap;

pub use super::aggregate::{Checked, KeyedData};
use super::{
    DecodeError,
    aggregate::{MAGIC, MD5_BYTES},
    protobuf::{varint_len, write_bytes, write_number},
};
use crate::keys;

/// Returns the user records of one aggregate, as [`Checked::user_records`] does.
pub fn user_records(data: &[u8], limit: usize) -> Result<Option<Vec<KeyedData<'_>>>, DecodeError> {
    Ok(Checked::new(data).user_records(limit)?.map(Iterator::collect))
}

/// One user record to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draft<'a> {
    /// Its partition key, 1 to 256 characters.
    pub partition_key: &'a str,
    /// Its explicit hash key, in decimal.
    pub explicit_hash_key: Option<&'a str>,
    /// Its data.
    pub data: &'a [u8],
}

/// A Kinesis record, ready to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregated {
    /// The first user record's key, which goes to the shard for which all were collected.
    pub partition_key: String,
    /// The first user record's explicit hash key.
    pub explicit_hash_key: Option<String>,
    /// The aggregate; for a single user record, its unchanged data.
    pub data: Vec<u8>,
    /// How many user records are in it.
    pub user_records: usize,
}

/// Collects user records up to the size of one Kinesis record.
///
/// All user records of one aggregate travel to one shard. Therefore collect for each predicted shard
/// separately, and compare the shard in the answer with the predicted one. After a reshard, readers of the
/// KCL family drop user records whose own hash key belongs to another shard.
#[derive(Debug)]
pub struct Aggregator {
    max_record_bytes: usize,
    partition_keys: Table,
    explicit_hash_keys: Table,
    records: Vec<u8>,
    user_records: usize,
    first: Option<First>,
    scratch: Vec<u8>,
}

/// What the first user record decides.
#[derive(Debug)]
struct First {
    partition_key: String,
    explicit_hash_key: Option<String>,
    data_bytes: usize,
}

impl Aggregator {
    /// Makes an aggregator for Kinesis records of at most `max_record_bytes`. Data and partition key count
    /// together, as the service counts them.
    pub fn new(max_record_bytes: usize) -> Self {
        Self {
            max_record_bytes,
            partition_keys: Table::new(1),
            explicit_hash_keys: Table::new(2),
            records: Vec::new(),
            user_records: 0,
            first: None,
            scratch: Vec::new(),
        }
    }

    /// Takes a user record in. Returns `false` if it does not fit: [`finish`](Self::finish) this aggregate
    /// and push again. A record that does not fit in an empty aggregate must be sent by itself, without one.
    #[must_use]
    pub fn push(&mut self, draft: &Draft<'_>) -> bool {
        self.write_record(draft);
        let added = self.partition_keys.bytes_for(draft.partition_key)
            + draft.explicit_hash_key.map_or(0, |key| self.explicit_hash_keys.bytes_for(key))
            + bytes_field_len(self.scratch.len());
        let key_bytes =
            self.first.as_ref().map_or(draft.partition_key.len(), |first| first.partition_key.len());
        if self.encoded_len() + added + key_bytes > self.max_record_bytes {
            return false;
        }
        self.partition_keys.insert(draft.partition_key);
        draft.explicit_hash_key.into_iter().for_each(|key| self.explicit_hash_keys.insert(key));
        write_bytes(RECORDS, &self.scratch, &mut self.records);
        self.user_records += 1;
        self.first.get_or_insert_with(|| First::of(draft));
        true
    }

    /// Returns the Kinesis record of everything pushed, and begins anew; `None` if nothing was pushed.
    pub fn finish(&mut self) -> Option<Aggregated> {
        let Self { partition_keys, explicit_hash_keys, records, user_records, first, .. } =
            std::mem::replace(self, Self::new(self.max_record_bytes));
        let First { partition_key, explicit_hash_key, data_bytes } = first?;
        let data = match only_data(&records, user_records, data_bytes) {
            Some(data) => data.to_vec(),
            None => sealed(&[&partition_keys.encoded, &explicit_hash_keys.encoded, &records]),
        };
        Some(Aggregated { partition_key, explicit_hash_key, data, user_records })
    }

    /// Returns how many user records wait.
    pub fn user_records(&self) -> usize {
        self.user_records
    }

    fn write_record(&mut self, draft: &Draft<'_>) {
        self.scratch.clear();
        write_number(1, self.partition_keys.place_of(draft.partition_key), &mut self.scratch);
        if let Some(key) = draft.explicit_hash_key {
            write_number(2, self.explicit_hash_keys.place_of(key), &mut self.scratch);
        }
        write_bytes(3, draft.data, &mut self.scratch);
    }

    fn encoded_len(&self) -> usize {
        let message =
            self.partition_keys.encoded.len() + self.explicit_hash_keys.encoded.len() + self.records.len();
        MAGIC.len() + message + MD5_BYTES
    }
}

impl First {
    fn of(draft: &Draft<'_>) -> Self {
        Self {
            partition_key: draft.partition_key.to_owned(),
            explicit_hash_key: draft.explicit_hash_key.map(ToOwned::to_owned),
            data_bytes: draft.data.len(),
        }
    }
}

/// The protobuf field that holds the user records.
const RECORDS: u8 = 3;

/// The data, if it is the only user record. An aggregate around it would only cost bytes, unless the data
/// could be taken for an aggregate itself.
fn only_data(records: &[u8], user_records: usize, data_bytes: usize) -> Option<&[u8]> {
    let data = records.get(records.len() - data_bytes..)?;
    (user_records == 1 && !data.starts_with(&MAGIC)).then_some(data)
}

fn sealed(parts: &[&[u8]]) -> Vec<u8> {
    let message = parts.concat();
    [&MAGIC, message.as_slice(), &keys::md5(&message)].concat()
}

/// Keys in the order of their first use, each only once.
#[derive(Debug)]
struct Table {
    field: u8,
    places: HashMap<String, u64>,
    encoded: Vec<u8>,
}

impl Table {
    fn new(field: u8) -> Self {
        Self { field, places: HashMap::new(), encoded: Vec::new() }
    }

    /// Where the key is, or will be.
    fn place_of(&self, key: &str) -> u64 {
        self.places.get(key).copied().unwrap_or(self.places.len() as u64)
    }

    fn bytes_for(&self, key: &str) -> usize {
        if self.places.contains_key(key) { 0 } else { bytes_field_len(key.len()) }
    }

    fn insert(&mut self, key: &str) {
        if !self.places.contains_key(key) {
            self.places.insert(key.to_owned(), self.places.len() as u64);
            write_bytes(self.field, key.as_bytes(), &mut self.encoded);
        }
    }
}

/// Bytes [`write_bytes`] appends.
fn bytes_field_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}
