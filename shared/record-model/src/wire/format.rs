//! The wrappings a record can arrive in, and the first bytes that tell them.

use super::{chunk, hop};

/// One wrapping around a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A KPL aggregated record: many user records in one Kinesis record.
    Kpl,
    /// gzip, one member or several (RFC 1952).
    Gzip,
    /// Zstandard, one frame or several (RFC 8878).
    Zstd,
    /// A piece of a message too large for one record: [`crate::chunk`].
    Chunk,
    /// A record that went back to its stream: [`crate::hop`].
    Hop,
}

const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

impl Format {
    /// The name in output and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kpl => "kpl",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Chunk => "chunk",
            Self::Hop => "hop",
        }
    }

    /// The wrapping these bytes begin with; `None` for a payload. Aggregates are looked for elsewhere, since
    /// their magic alone decides nothing.
    pub(super) fn of(data: &[u8]) -> Option<Self> {
        let begins_with = |magic: &[u8]| data.starts_with(magic);
        if begins_with(&GZIP_MAGIC) {
            Some(Self::Gzip)
        } else if begins_with(&ZSTD_MAGIC) {
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
