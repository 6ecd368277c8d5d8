//! Keys of the objects in which the transform says why records failed.

use std::borrow::Cow;

use super::{Hour, hour_and_name, under};
use crate::keys::hash_key;

const ROOT: &str = "failed";
const REASONS: &str = "reasons/";
/// The longest invocation id that is used unchanged, in bytes.
const MAX_ID_BYTES: usize = 64;

/// Why records of one invocation of the transform failed. A retry of the invocation has the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonsKey<'a> {
    /// Name of the data set.
    pub data_set: &'a str,
    /// When the first failed record arrived.
    pub hour: Hour,
    /// Id of the invocation, or the hash of its first failed record.
    pub invocation: Cow<'a, str>,
}

impl<'a> ReasonsKey<'a> {
    /// The key for an invocation whose first failed record has this id and arrived at this time.
    ///
    /// An invocation id that Firehose would not give could contain anything, so the hash of the first failed
    /// record's id replaces it. A retry fails at the same record first, so its key is the same.
    pub fn of(data_set: &'a str, invocation_id: &'a str, first_failed: &str, arrived_at_ms: i64) -> Self {
        let invocation = if is_plain(invocation_id) {
            Cow::Borrowed(invocation_id)
        } else {
            Cow::Owned(format!("{:032x}", hash_key(first_failed)))
        };
        Self { data_set, hour: Hour::of_ms(arrived_at_ms), invocation }
    }

    /// What the keys of a data set begin with.
    pub fn prefix(data_set: &str) -> String {
        format!("{ROOT}/{data_set}/{REASONS}")
    }

    /// The key.
    pub fn key(&self) -> String {
        let Self { data_set, hour, invocation } = self;
        format!("{ROOT}/{data_set}/{REASONS}{hour}/{invocation}.ndjson")
    }

    /// Reads a key that [`key`](Self::key) writes.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (data_set, rest) = under(key, ROOT)?;
        let (hour, name) = hour_and_name(rest.strip_prefix(REASONS)?)?;
        let invocation = name.strip_suffix(".ndjson").filter(|id| is_plain(id))?;
        Some(Self { data_set, hour, invocation: Cow::Borrowed(invocation) })
    }
}

fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(plain)
}
