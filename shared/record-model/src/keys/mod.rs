//! The arithmetic of Kinesis hash keys and sequence numbers. It says which shard a key goes to.

mod range;
mod sequence_number;

use md5::{Digest, Md5};

pub use range::{HashKeyRange, even_ranges};
pub use sequence_number::{SequenceNumber, SequenceNumberError};

/// The place of a partition key in the key space, 0 to 2^128 - 1: the MD5 of its UTF-8 bytes as a big-endian
/// number. If a record has an explicit hash key, that one counts instead: see [`parse_hash_key`].
pub fn hash_key(partition_key: &str) -> u128 {
    u128::from_be_bytes(md5(partition_key.as_bytes()))
}

/// Reads an explicit hash key, in decimal as the service writes it; `None` if it isn't a number up to 2^128 -
/// 1.
pub fn parse_hash_key(explicit_hash_key: &str) -> Option<u128> {
    let digits_only = explicit_hash_key.bytes().all(|byte| byte.is_ascii_digit());
    digits_only.then(|| explicit_hash_key.parse().ok()).flatten()
}

/// The one place that chooses the implementation of MD5.
pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}
