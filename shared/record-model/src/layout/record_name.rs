//! The part of a key that names a Kinesis record.

use std::fmt;

use super::Position;

/// What separates a stream's name from the number of the shard.
const SHARD: &str = "-shardId-";

/// Names a Kinesis record in keys. Its `Display` form is `<stream>-<shard>-<sequence number>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordName<'a> {
    /// Name of the stream.
    pub stream: &'a str,
    /// Shard that the record was read from.
    pub shard_id: &'a str,
    /// Sequence number of the Kinesis record.
    pub sequence_number: &'a str,
}

impl<'a> RecordName<'a> {
    /// The name of the Kinesis record at `position`.
    pub fn of(position: &Position<'a>) -> Self {
        let Position { stream, shard_id, sequence_number, .. } = *position;
        Self { stream, shard_id, sequence_number }
    }

    /// Reads a name, and returns it with what follows it. A stream's name may itself look like a shard id, so
    /// the last shard id in the text counts.
    pub(super) fn split(text: &'a str) -> Option<(Self, &'a str)> {
        let (stream, rest) = text.split_at_checked(text.rfind(SHARD)?)?;
        let rest = rest.strip_prefix('-')?;
        let (shard_number, after) = rest.strip_prefix("shardId-")?.split_once('-')?;
        let shard_id = rest.get(.."shardId-".len() + shard_number.len())?;
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (sequence_number, after) = after.split_at_checked(digits)?;
        let is_whole = !sequence_number.is_empty() && shard_number.bytes().all(|byte| byte.is_ascii_digit());
        is_whole.then_some((Self { stream, shard_id, sequence_number }, after))
    }
}

impl fmt::Display for RecordName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, shard_id, sequence_number } = self;
        write!(f, "{stream}-{shard_id}-{sequence_number}")
    }
}
