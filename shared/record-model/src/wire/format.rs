//! The wrappings in which a record can arrive, and the first bytes by which they are recognised.

use super::compress::{is_gzip, is_zstd};
use super::{chunk, hop};

/// One wrapping around a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A KPL aggregated record: many user records in one Kinesis record.
    Kpl,
    /// gzip, one member or several (RFC 1952).
    Gzip,
    /// Zstandard, one frame or several, skippable frames included (RFC 8878).
    Zstd,
    /// A piece of a message too large for one record: [`crate::chunk`].
    Chunk,
    /// A record that was put back on its stream: [`crate::hop`].
    Hop,
}

impl Format {
    /// Returns the name that output and metrics use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kpl => "kpl",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Chunk => "chunk",
            Self::Hop => "hop",
        }
    }

    /// The wrapping with which these bytes begin; `None` for a payload. Aggregates are recognised elsewhere,
    /// since their first bytes alone decide nothing.
    pub(super) fn of(data: &[u8]) -> Option<Self> {
        let begins_with = |magic: &[u8]| data.starts_with(magic);
        if is_gzip(data) {
            Some(Self::Gzip)
        } else if is_zstd(data) {
            Some(Self::Zstd)
        } else if begins_with(&chunk::MAGIC) {
            Some(Self::Chunk)
        } else if begins_with(&hop::MAGIC) {
            Some(Self::Hop)
        } else {
            None
        }
    }
}
