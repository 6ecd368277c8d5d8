//! Made-up user records for the tests of this room.

use super::apart::UserRecord;
use super::checkpoint::Origin;

/// Record `number` of shard 0, with its number as sequence number and its data.
pub(super) fn record(number: u64, data: &[u8]) -> UserRecord {
    UserRecord {
        origin: Origin { shard: 0, ordinal: number },
        shard_id: "shardId-000000000000".into(),
        sequence_number: number.to_string().into(),
        sub_sequence_number: 0,
        partition_key: "k".to_owned(),
        arrived_at: 0,
        data: bytes::Bytes::copy_from_slice(data),
    }
}

/// As [`record`], with so many bytes of data.
pub(super) fn user_record(number: u64, bytes: usize) -> UserRecord {
    record(number, &vec![b'x'; bytes])
}
