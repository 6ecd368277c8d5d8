//! The output object: compressed lines, marked by their attempt, with metadata that later attempts need.

use std::time::{Duration, Instant};

use bytes::Bytes;
use edge::store::Attributes;
use record_model::compress::{CompressError, Gzip, Zstd};
use record_model::layout::{EnrichedKey, Extension};

use super::LAST_SEQUENCE_NUMBER;
use crate::deadline::Pace;

/// An empty buffer for the next batch, which keeps the memory of a used one unless that is more than
/// `kept_bytes`, since fresh memory from the system costs time.
pub(crate) fn emptied(mut buffer: Vec<u8>, kept_bytes: usize) -> Vec<u8> {
    buffer.clear();
    if buffer.capacity() > kept_bytes { Vec::new() } else { buffer }
}

/// How an output object is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Levels 1 to 12.
    Gzip(i32),
    /// Levels 1 to 19.
    Zstd(i32),
}

impl Compression {
    /// How long it takes to compress and send a mebibyte of lines, on a third of a processor, which 512 MB of
    /// memory provide.
    fn expected_per_mib(self) -> Duration {
        Duration::from_millis(match self {
            Self::Gzip(..=6) | Self::Zstd(..=6) => 30,
            Self::Gzip(..=9) | Self::Zstd(..=12) => 120,
            Self::Gzip(_) | Self::Zstd(_) => 700,
        })
    }
}

/// Compresses batch after batch, with the same tables and the same buffer.
pub(crate) struct ObjectPacker {
    compressor: Compressor,
    buffer: Vec<u8>,
    kept_bytes: usize,
    pace: Pace,
}

enum Compressor {
    Gzip(Gzip),
    Zstd(Zstd),
}

/// What an output object says about itself.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    pub(crate) first_sequence_number: &'a str,
    pub(crate) last_sequence_number: &'a str,
    pub(crate) records: usize,
    pub(crate) lines: usize,
    pub(crate) schema: &'a str,
    pub(crate) models: &'a str,
}

impl ObjectPacker {
    /// A packer that keeps a buffer of up to `kept_bytes` between two batches.
    pub(crate) fn new(compression: Compression, kept_bytes: usize) -> Self {
        let compressor = match compression {
            Compression::Gzip(level) => Compressor::Gzip(Gzip::new(level)),
            Compression::Zstd(level) => Compressor::Zstd(Zstd::new(level)),
        };
        let pace = Pace::expected(compression.expected_per_mib());
        Self { compressor, buffer: Vec::new(), kept_bytes, pace }
    }

    /// The end of the object's key.
    pub(crate) fn extension(&self) -> Extension {
        match self.compressor {
            Compressor::Gzip(_) => Extension::Gzip,
            Compressor::Zstd(_) => Extension::Zstd,
        }
    }

    /// Compresses lines and puts `mark` where every reader skips it, so attempts over the same records differ.
    pub(crate) fn pack(&mut self, lines: &[u8], mark: &str) -> Result<Bytes, CompressError> {
        let started = Instant::now();
        let mut buffer = std::mem::take(&mut self.buffer);
        match &mut self.compressor {
            Compressor::Gzip(gzip) => gzip.write(lines, Some(mark), &mut buffer)?,
            Compressor::Zstd(zstd) => zstd.write(lines, Some(mark.as_bytes()), &mut buffer)?,
        }
        let packed = Bytes::copy_from_slice(&buffer);
        self.buffer = emptied(buffer, self.kept_bytes);
        self.pace.measured(lines.len(), started.elapsed());
        Ok(packed)
    }

    /// A lower limit for the time in which lines become an object.
    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    /// There is no content encoding, because readers go by the name. A reader that also undid an encoding
    /// would not find gzip.
    pub(crate) fn attributes(&self, contents: &Contents<'_>) -> Attributes {
        let content_type = match self.compressor {
            Compressor::Gzip(_) => "application/gzip",
            Compressor::Zstd(_) => "application/zstd",
        };
        let metadata = [
            (EnrichedKey::FIRST_SEQUENCE_NUMBER, contents.first_sequence_number.to_owned()),
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
