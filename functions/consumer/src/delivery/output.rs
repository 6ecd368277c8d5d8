//! The output object: compressed lines, marked by their attempt, with what later attempts need in its metadata.

use bytes::Bytes;
use edge::store::Attributes;
use record_model::compress::{CompressError, Gzip, Zstd};

use super::LAST_SEQUENCE_NUMBER;
use crate::handler::Compression;

/// A buffer of more bytes is not kept from one batch to the next.
const MOST_KEPT_BYTES: usize = 16 << 20;

/// An empty buffer for the next batch: the room of one nobody needs any more, as the system's pages are dear.
pub(crate) fn emptied(mut buffer: Vec<u8>) -> Vec<u8> {
    buffer.clear();
    if buffer.capacity() > MOST_KEPT_BYTES { Vec::new() } else { buffer }
}

/// Compresses one batch after the other, reusing its tables and its room.
pub(crate) struct Packer {
    press: Press,
    room: Vec<u8>,
}

enum Press {
    Gzip(Gzip),
    Zstd(Zstd),
}

/// What an output object says of itself.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    pub(crate) first_sequence_number: &'a str,
    pub(crate) last_sequence_number: &'a str,
    pub(crate) records: usize,
    pub(crate) lines: usize,
    pub(crate) schema: &'a str,
    pub(crate) models: &'a str,
}

impl Packer {
    pub(crate) fn new(compression: Compression) -> Self {
        let press = match compression {
            Compression::Gzip(level) => Press::Gzip(Gzip::new(level)),
            Compression::Zstd(level) => Press::Zstd(Zstd::new(level)),
        };
        Self { press, room: Vec::new() }
    }

    /// `.ndjson.gz` or `.ndjson.zst`.
    pub(crate) fn extension(&self) -> &'static str {
        match self.press {
            Press::Gzip(_) => ".ndjson.gz",
            Press::Zstd(_) => ".ndjson.zst",
        }
    }

    /// The lines compressed, with `mark` where every reader skips it: attempts over the same records differ by it.
    pub(crate) fn pack(&mut self, lines: &[u8], mark: &str) -> Result<Bytes, CompressError> {
        let mut room = std::mem::take(&mut self.room);
        match &mut self.press {
            Press::Gzip(gzip) => gzip.write(lines, Some(mark), &mut room)?,
            Press::Zstd(zstd) => zstd.write(lines, Some(mark.as_bytes()), &mut room)?,
        }
        let packed = Bytes::copy_from_slice(&room);
        self.room = emptied(room);
        Ok(packed)
    }

    /// No content encoding: readers go by the name, and one that also undid an encoding would find no gzip.
    pub(crate) fn attributes(&self, contents: &Contents<'_>) -> Attributes {
        let content_type = match self.press {
            Press::Gzip(_) => "application/gzip",
            Press::Zstd(_) => "application/zstd",
        };
        let metadata = [
            ("first-sequence-number", contents.first_sequence_number.to_owned()),
            (LAST_SEQUENCE_NUMBER, contents.last_sequence_number.to_owned()),
            ("records", contents.records.to_string()),
            ("lines", contents.lines.to_string()),
            ("schema", contents.schema.to_owned()),
            ("models", contents.models.to_owned()),
        ];
        Attributes {
            content_type: Some(content_type.to_owned()),
            content_encoding: None,
            metadata: metadata.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }
}
