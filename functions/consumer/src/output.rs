//! The output object: compressed lines, marked by their attempt, with what later attempts need in its metadata.

use bytes::Bytes;
use edge::Attributes;
use record_model::compress::{CompressError, Gzip, Zstd};

use crate::delivery::LAST_SEQUENCE_NUMBER;
use crate::settings::Compression;

/// Compresses one batch after the other, reusing its tables.
pub(crate) enum Packer {
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
        match compression {
            Compression::Gzip(level) => Self::Gzip(Gzip::new(level)),
            Compression::Zstd(level) => Self::Zstd(Zstd::new(level)),
        }
    }

    /// `.ndjson.gz` or `.ndjson.zst`.
    pub(crate) fn extension(&self) -> &'static str {
        match self {
            Self::Gzip(_) => ".ndjson.gz",
            Self::Zstd(_) => ".ndjson.zst",
        }
    }

    /// The lines compressed, with `mark` where every reader skips it: attempts over the same records differ by it.
    pub(crate) fn pack(&mut self, lines: &[u8], mark: &str) -> Result<Bytes, CompressError> {
        let mut out = Vec::with_capacity(lines.len() / 3 + 1024);
        match self {
            Self::Gzip(gzip) => gzip.write(lines, Some(mark), &mut out)?,
            Self::Zstd(zstd) => zstd.write(lines, Some(mark.as_bytes()), &mut out)?,
        }
        Ok(out.into())
    }

    /// No content encoding: readers go by the name, and one that also undid an encoding would find no gzip.
    pub(crate) fn attributes(&self, contents: &Contents<'_>) -> Attributes {
        let content_type = match self {
            Self::Gzip(_) => "application/gzip",
            Self::Zstd(_) => "application/zstd",
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
