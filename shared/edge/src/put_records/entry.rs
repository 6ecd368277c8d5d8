//! One Kinesis record on its way to a stream, and the service's limits for it.

use bytes::Bytes;
use record_model::keys;

/// The most entries of one `PutRecords` request.
pub const MAX_ENTRIES: usize = 500;

/// The most bytes of one `PutRecords` request, partition keys included.
pub const MAX_REQUEST_BYTES: usize = 10 << 20;

/// The longest partition key, in Unicode characters.
pub const MAX_PARTITION_KEY_CHARS: usize = 256;

/// One Kinesis record: one user record, or several aggregated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The payload in the form that the stream stores.
    pub data: Bytes,
    /// The key whose MD5 decides the shard, unless there is an explicit hash key.
    pub partition_key: String,
    /// If set, this decides the shard instead of the partition key.
    pub explicit_hash_key: Option<u128>,
    /// The place of its first user record in its source. A cursor stays before it until it is acknowledged.
    pub position: u64,
    /// How many user records are inside.
    pub records: u32,
}

impl Entry {
    /// Makes an entry of one user record, whose partition key decides its shard.
    pub fn new(partition_key: impl Into<String>, data: impl Into<Bytes>) -> Self {
        Self {
            data: data.into(),
            partition_key: partition_key.into(),
            explicit_hash_key: None,
            position: 0,
            records: 1,
        }
    }

    /// Sets the place in its source.
    #[must_use]
    pub fn at(self, position: u64) -> Self {
        Self { position, ..self }
    }

    /// Returns the bytes that count against the limits of records, requests and shards: data and partition
    /// key.
    pub fn bytes(&self) -> usize {
        self.data.len() + self.partition_key.len()
    }

    /// Returns its place in the key space.
    pub fn hash_key(&self) -> u128 {
        self.explicit_hash_key.unwrap_or_else(|| keys::hash_key(&self.partition_key))
    }

    /// Refuses what the service would refuse, since the service would refuse the whole request because of it.
    pub(crate) fn check(&self, max_record_bytes: usize) -> Result<(), EntryError> {
        let chars = self.partition_key.chars().count();
        if !(1..=MAX_PARTITION_KEY_CHARS).contains(&chars) {
            return Err(EntryError::PartitionKey { chars });
        }
        let bytes = self.bytes();
        if bytes > max_record_bytes {
            return Err(EntryError::TooLong { bytes, limit: max_record_bytes });
        }
        Ok(())
    }
}

/// Why no stream would accept an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The partition key is empty or too long.
    #[error("partition key has {chars} characters, expected 1 to {MAX_PARTITION_KEY_CHARS}")]
    PartitionKey {
        /// Characters found.
        chars: usize,
    },
    /// The entry is larger than a record of the stream may be.
    #[error("record with its partition key is {bytes} bytes, the limit is {limit}")]
    TooLong {
        /// Bytes found.
        bytes: usize,
        /// Most bytes.
        limit: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_in_characters_and_records_in_bytes_with_their_key() {
        assert_eq!(Entry::new("é".repeat(256), "x").check(1024), Ok(()));
        let too_long = Entry::new("é".repeat(257), "x").check(1024);
        assert_eq!(too_long, Err(EntryError::PartitionKey { chars: 257 }));
        assert_eq!(Entry::new("", "x").check(1024), Err(EntryError::PartitionKey { chars: 0 }));
        assert_eq!(Entry::new("key", "1234567").check(10), Ok(()));
        let too_long = Entry::new("key", "12345678").check(10);
        assert_eq!(too_long, Err(EntryError::TooLong { bytes: 11, limit: 10 }));
    }

    #[test]
    fn an_explicit_hash_key_wins() {
        let entry = Entry { explicit_hash_key: Some(7), ..Entry::new("1", "x") };
        assert_eq!(entry.hash_key(), 7);
        assert_eq!(Entry::new("1", "x").hash_key(), keys::hash_key("1"));
    }
}
