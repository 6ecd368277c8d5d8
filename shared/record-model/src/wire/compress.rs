//! Writes gzip and zstd, with a mark by which outputs of equal content differ; and knows what padding may
//! follow either.

use libdeflater::{CompressionLvl, Compressor, crc32};
use zstd::zstd_safe::{self, CCtx};

/// Compression needed more room than was computed to suffice. This has never been seen, but is not taken for
/// success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{format} could not compress {bytes} bytes")]
pub struct CompressError {
    format: &'static str,
    bytes: usize,
}

/// Writes gzip members and reuses its tables. Levels range from 1 (fast) to 12 (small).
pub struct Gzip(Compressor);

/// The header's name field. Readers skip it like a comment, but `DuckDB` refuses a file with a comment.
const HAS_NAME: u8 = 1 << 3;

impl Gzip {
    /// Makes a compressor. A level out of range is replaced by the nearest one.
    pub fn new(level: i32) -> Self {
        Self(Compressor::new(CompressionLvl::new(level.clamp(1, 12)).unwrap_or_default()))
    }

    /// Appends one member. `name` goes into the header, where every reader skips it; characters that don't
    /// fit there (outside Latin-1, or zero) become `?`.
    pub fn write(&mut self, data: &[u8], name: Option<&str>, out: &mut Vec<u8>) -> Result<(), CompressError> {
        let flags = if name.is_some() { HAS_NAME } else { 0 };
        out.extend_from_slice(&[0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 255]); // no time, unknown system
        if let Some(name) = name {
            out.extend(name.chars().map(|c| if c.is_ascii_graphic() { c as u8 } else { b'?' }));
            out.push(0);
        }
        let bound = self.0.deflate_compress_bound(data.len());
        extend_by(out, bound, |room| self.0.deflate_compress(data, room).ok())
            .ok_or(CompressError { format: "gzip", bytes: data.len() })?;
        out.extend_from_slice(&crc32(data).to_le_bytes());
        out.extend_from_slice(&size_modulo_4_gib(data).to_le_bytes());
        Ok(())
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the format has the size modulo 2^32")]
fn size_modulo_4_gib(data: &[u8]) -> u32 {
    data.len() as u32
}

/// Writes zstd frames and reuses its tables. Levels range from 1 (fast) to 19 (small).
pub struct Zstd {
    context: CCtx<'static>,
    level: i32,
}

const SKIPPABLE_MAGIC: [u8; 4] = 0x184D_2A50_u32.to_le_bytes();

impl Zstd {
    /// Makes a compressor. A level out of range is replaced by the nearest one.
    pub fn new(level: i32) -> Self {
        Self { context: CCtx::create(), level: level.clamp(1, 19) }
    }

    /// Appends one frame that states its size, followed by `mark` in a skippable frame.
    pub fn write(
        &mut self,
        data: &[u8],
        mark: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressError> {
        let failed = || CompressError { format: "zstd", bytes: data.len() };
        let bound = zstd_safe::compress_bound(data.len());
        extend_by(out, bound, |room| self.context.compress(room, data, self.level).ok())
            .ok_or_else(failed)?;
        if let Some(mark) = mark {
            let length = u32::try_from(mark.len()).map_err(|_| failed())?;
            out.extend_from_slice(&SKIPPABLE_MAGIC);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(mark);
        }
        Ok(())
    }
}

/// Whether bytes begin with a gzip member.
pub fn is_gzip(data: &[u8]) -> bool {
    data.starts_with(&[0x1F, 0x8B])
}

/// Whether bytes begin with a zstd frame, or with a skippable one, which some writers put first. Four bytes
/// show it.
pub fn is_zstd(data: &[u8]) -> bool {
    matches!(data, [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..])
}

/// What may follow the last gzip member or zstd frame, byte by byte: zeros, with which block devices and
/// object tools pad, and at most one line end, which line-oriented tools add.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Padding {
    line_end: LineEnd,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum LineEnd {
    #[default]
    None,
    /// A carriage return came, and a line feed may follow at once.
    Return,
    Whole,
}

impl Padding {
    /// Whether the next byte is padding too.
    pub fn takes(&mut self, byte: u8) -> bool {
        let (line_end, is_padding) = match (self.line_end, byte) {
            (LineEnd::None, b'\r') => (LineEnd::Return, true),
            (LineEnd::None | LineEnd::Return, b'\n') | (LineEnd::Return, 0) => (LineEnd::Whole, true),
            (line_end, byte) => (line_end, byte == 0),
        };
        self.line_end = line_end;
        is_padding
    }
}

/// Lets `write` fill up to `bound` bytes at the end of `out`. If it returns `None`, `out` is unchanged.
fn extend_by(out: &mut Vec<u8>, bound: usize, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> Option<()> {
    let start = out.len();
    out.resize(start + bound, 0);
    let written = out.get_mut(start..).and_then(write);
    out.truncate(start + written.unwrap_or(0));
    written.map(drop)
}
