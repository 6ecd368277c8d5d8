//! Opens gzip and zstd into a reusable buffer, never past a given size.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;
use libdeflater::{DecompressionError, Decompressor};
use memchr::memmem;
use zstd::{
    stream::read::Decoder as ZstdDecoder,
    zstd_safe::{self, DCtx, DParameter},
};

/// Deflate's best case: 258 bytes from 2 bits. What a trailer claims beyond it is a lie.
const MOST_BYTES_OUT_PER_BYTE_IN: usize = 1032;
/// 8 MiB, what RFC 8878 asks every reader to have for one frame; the default would be 128 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// Room the first read of an unknown size gets.
const LEAST_ROOM_BYTES: usize = 16 << 10;
/// CRC-32 and size of a gzip member.
const GZIP_TRAILER_BYTES: usize = 8;

/// Why compressed bytes were not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InflateError {
    /// They are broken or cut short, or something else follows them.
    Damaged,
    /// They hold more than the limit.
    OverLimit,
}

/// The state of both decompressors, kept from record to record.
pub(super) struct Inflater {
    libdeflate: Decompressor,
    zstd: Option<DCtx<'static>>,
}

/// Bytes that keep their room from record to record, and so are zeroed once and not each time.
#[derive(Default)]
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    /// `len` bytes of room and no more: how bytes fail must not depend on what was opened before.
    fn room(&mut self, len: usize) -> &mut [u8] {
        if self.0.len() < len {
            self.0.resize(len, 0);
        }
        self.0.get_mut(..len).unwrap_or_default()
    }

    /// The first `len` bytes, as many as an [`Inflater`] said it filled.
    pub(super) fn filled(&self, len: usize) -> &[u8] {
        self.0.get(..len).unwrap_or(&self.0)
    }
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { libdeflate: Decompressor::new(), zstd: None }
    }

    /// Opens one gzip member or several, one after the other. Returns the bytes filled, at most `limit`.
    pub(super) fn gunzip(
        &mut self,
        data: &[u8],
        limit: usize,
        out: &mut Buffer,
    ) -> Result<usize, InflateError> {
        match self.gunzip_single(data, limit, out)? {
            Some(filled) => Ok(filled),
            None => fill(&mut MultiGzDecoder::new(data), 0, limit, out),
        }
    }

    /// Opens the usual case, one member, in one step; `None` where it may be another case.
    fn gunzip_single(
        &mut self,
        data: &[u8],
        limit: usize,
        out: &mut Buffer,
    ) -> Result<Option<usize>, InflateError> {
        let trailer = data.last_chunk::<GZIP_TRAILER_BYTES>().ok_or(InflateError::Damaged)?;
        let [.., a, b, c, d] = *trailer;
        let claimed = u32::from_le_bytes([a, b, c, d]) as usize;
        if claimed > limit.min(data.len().saturating_mul(MOST_BYTES_OUT_PER_BYTE_IN)) {
            return Ok(None);
        }
        match self.libdeflate.gzip_decompress(data, out.room(claimed)) {
            // libdeflate stops behind the first member without a word. If the trailer is found nowhere but at the
            // end and fits the bytes that came out, the first member is the only one.
            Ok(filled)
                if filled == claimed && memmem::find(data, trailer) == Some(data.len() - trailer.len()) =>
            {
                Ok(Some(filled))
            }
            Ok(_) | Err(DecompressionError::InsufficientSpace) => Ok(None),
            Err(DecompressionError::BadData) => Err(InflateError::Damaged),
        }
    }

    /// Opens one zstd frame or several, one after the other. Returns the bytes filled, at most `limit`.
    pub(super) fn unzstd(
        &mut self,
        data: &[u8],
        limit: usize,
        out: &mut Buffer,
    ) -> Result<usize, InflateError> {
        // A frame that states its size is opened in one step.
        let stated = zstd_safe::get_frame_content_size(data).ok().flatten().unwrap_or(0);
        let believable = data.len().saturating_mul(MOST_BYTES_OUT_PER_BYTE_IN).min(limit);
        let expected = usize::try_from(stated).unwrap_or(usize::MAX).min(believable);
        fill(&mut ZstdDecoder::with_context(data, self.zstd_context()?), expected, limit, out)
    }

    /// Made at the first use: most data sets never see zstd.
    fn zstd_context(&mut self) -> Result<&mut DCtx<'static>, InflateError> {
        if self.zstd.is_none() {
            let mut context = DCtx::try_create().ok_or(InflateError::Damaged)?;
            let bounded = context.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX));
            bounded.map_err(|_| InflateError::Damaged)?;
            self.zstd = Some(context);
        }
        self.zstd.as_mut().ok_or(InflateError::Damaged)
    }
}

/// Reads to the end, one byte past `limit` at most: that byte tells too much from just enough.
fn fill(
    reader: &mut impl Read,
    expected: usize,
    limit: usize,
    out: &mut Buffer,
) -> Result<usize, InflateError> {
    let most = limit.saturating_add(1);
    let mut filled = 0;
    while filled < most {
        // One byte more than expected, for the reader to say there that it ends.
        let end = filled.saturating_mul(2).max(expected.saturating_add(1)).max(LEAST_ROOM_BYTES).min(most);
        match reader.read(out.room(end).get_mut(filled..).unwrap_or_default()) {
            Ok(0) => return Ok(filled),
            Ok(read) => filled += read,
            Err(_) => return Err(InflateError::Damaged),
        }
    }
    Err(InflateError::OverLimit)
}
