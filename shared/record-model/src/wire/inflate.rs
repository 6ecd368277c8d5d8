//! Decompresses gzip and zstd into a reusable buffer, and never past a given size.
//!
//! The law: however data is cut into gzip members or zstd frames, empty and skippable ones included, the
//! result is the data, as `flate2`'s `MultiGzDecoder` and `zstd` give it. Only [`Padding`] may follow the
//! last member or frame. Any other byte there makes the whole damaged, since it may be what is left of a
//! member.

use std::io::Read;

use flate2::bufread::GzDecoder;
use libdeflater::{DecompressionError, Decompressor, crc32};
use memchr::memmem;
use zstd::zstd_safe::{self, DCtx, get_error_name};

use super::compress::{Padding, is_gzip, is_zstd};

/// Deflate's best ratio is 258 bytes from 2 bits. A trailer that claims more is false.
const MOST_BYTES_OUT_PER_BYTE_IN: usize = 1032;
/// The ratio that the first room for a frame of unknown size assumes.
const USUAL_BYTES_OUT_PER_BYTE_IN: usize = 8;
/// The least room that the first attempt of unknown size gets.
const LEAST_ROOM_BYTES: usize = 16 << 10;
/// CRC-32 and size of a gzip member.
const GZIP_TRAILER_BYTES: usize = 8;
/// The place of a gzip header's flags, and the flag of a checksum of the header, which libdeflate skips
/// without looking at it.
const GZIP_FLAGS_AT: usize = 3;
const GZIP_HAS_HEADER_CRC: u8 = 1 << 1;
/// The earliest place of a gzip member's size: after a header of 10 bytes, 2 bytes of deflate, and the
/// CRC-32.
const GZIP_LEAST_SIZE_AT: usize = 16;

/// Why bytes were not decompressed.
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

/// The room that is kept from record to record. More than this is released.
const KEPT_ROOM_BYTES: usize = 2 << 20;

/// A buffer that keeps its room from record to record, so that it is zeroed once and not each time.
#[derive(Default)]
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    /// Exactly `len` bytes of room: how bytes fail must not depend on what was decompressed before.
    fn room(&mut self, len: usize) -> &mut [u8] {
        if self.0.len() < len {
            self.grow(len);
        }
        self.0.get_mut(..len).unwrap_or_default()
    }

    /// Grows by at least an eighth, so that growth byte by byte takes linear time, but does not double what
    /// is asked for, since the limit is one of memory.
    fn grow(&mut self, len: usize) {
        if self.0.capacity() < len {
            let room = len.max(self.0.len() + self.0.len() / 8);
            self.0.reserve_exact(room - self.0.len());
        }
        self.0.resize(len, 0);
    }

    /// Releases the room beyond `len` bytes, if it is much.
    #[inline]
    pub(super) fn keep(&mut self, len: usize) {
        if self.0.len() > KEPT_ROOM_BYTES.max(len) {
            self.0.truncate(len.max(KEPT_ROOM_BYTES));
            self.0.shrink_to_fit();
        }
    }

    /// The first `len` bytes, which is as many as an [`Inflater`] said it filled.
    pub(super) fn filled(&self, len: usize) -> &[u8] {
        self.0.get(..len).unwrap_or(&self.0)
    }
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { libdeflate: Decompressor::new(), zstd: None }
    }

    /// Decompresses one or more gzip members, one after the other. Returns the number of bytes filled, at
    /// most `limit`.
    pub(super) fn gunzip(
        &mut self,
        data: &[u8],
        limit: usize,
        out: &mut Buffer,
    ) -> Result<usize, InflateError> {
        match self.gunzip_single(data, limit, out)? {
            Some(filled) => Ok(filled),
            None => gunzip_members(data, limit, out),
        }
    }

    /// Decompresses a single member, the usual case, in one step; `None` if the data may be something else.
    fn gunzip_single(
        &mut self,
        data: &[u8],
        limit: usize,
        out: &mut Buffer,
    ) -> Result<Option<usize>, InflateError> {
        let trailer = data.last_chunk::<GZIP_TRAILER_BYTES>().ok_or(InflateError::Damaged)?;
        let [.., a, b, c, d] = *trailer;
        let claimed = u32::from_le_bytes([a, b, c, d]) as usize;
        let has_header_crc = data.get(GZIP_FLAGS_AT).is_some_and(|flags| flags & GZIP_HAS_HEADER_CRC != 0);
        if has_header_crc || claimed > limit.min(data.len().saturating_mul(MOST_BYTES_OUT_PER_BYTE_IN)) {
            return Ok(None);
        }
        match self.libdeflate.gzip_decompress(data, out.room(claimed)) {
            Ok(filled) if ends_first_member(data, out.filled(filled)) => Ok(Some(filled)),
            Ok(_) | Err(DecompressionError::InsufficientSpace) => Ok(None),
            Err(DecompressionError::BadData) => Err(InflateError::Damaged),
        }
    }

    /// Decompresses one or more zstd frames, one after the other. Returns the number of bytes filled, at most
    /// `limit`.
    ///
    /// Each frame is decompressed in one step to its place in the buffer, so its window needs no memory of
    /// its own: a stream of level 20 and up asks for a window of up to 128 MiB, whatever it holds.
    pub(super) fn unzstd(
        &mut self,
        data: &[u8],
        limit: usize,
        out: &mut Buffer,
    ) -> Result<usize, InflateError> {
        let ZstdFrames { frames, expected } = ZstdFrames::of(data)?;
        let believable = data.len().saturating_mul(MOST_BYTES_OUT_PER_BYTE_IN);
        let guess = || data.len().saturating_mul(USUAL_BYTES_OUT_PER_BYTE_IN).max(LEAST_ROOM_BYTES);
        let mut room = expected.unwrap_or_else(guess).min(believable).min(limit);
        let context = self.zstd_context()?;
        loop {
            match context.decompress(out.room(room), frames) {
                Ok(filled) => return Ok(filled),
                Err(code) if !is_for_want_of_room(code) => return Err(InflateError::Damaged),
                Err(_) if room >= limit => return Err(InflateError::OverLimit),
                // The room is quadrupled each time, so that all failed attempts together cost a third of the
                // last one.
                Err(_) => room = room.saturating_mul(4).max(LEAST_ROOM_BYTES).min(limit),
            }
        }
    }

    /// The context is made when it is first used, since most data sets never contain zstd.
    fn zstd_context(&mut self) -> Result<&mut DCtx<'static>, InflateError> {
        if self.zstd.is_none() {
            self.zstd = Some(DCtx::try_create().ok_or(InflateError::Damaged)?);
        }
        self.zstd.as_mut().ok_or(InflateError::Damaged)
    }
}

/// Whether the first member, which decompressed to `content`, is all of `data`: libdeflate does not say where
/// it stopped.
///
/// A member ends with the size of its content, so it ends at the end of `data` if that size occurs nowhere
/// earlier. If it does, the CRC-32 in front of it must not occur there either.
fn ends_first_member(data: &[u8], content: &[u8]) -> bool {
    let is_last_of = |needle: &[u8], from: usize| {
        let found = data.get(from..).and_then(|rest| memmem::find(rest, needle));
        found.is_some_and(|at| from + at + needle.len() == data.len())
    };
    let Ok(size) = u32::try_from(content.len()) else { return false };
    let size = size.to_le_bytes();
    is_last_of(&size, GZIP_LEAST_SIZE_AT)
        || is_last_of(&[crc32(content).to_le_bytes(), size].concat(), GZIP_LEAST_SIZE_AT - size.len())
}

/// Decompresses member after member until only padding is left.
fn gunzip_members(data: &[u8], limit: usize, out: &mut Buffer) -> Result<usize, InflateError> {
    let mut member = GzDecoder::new(data);
    let mut filled = 0;
    loop {
        filled = fill(&mut member, filled, limit, out)?;
        let rest = *member.get_ref();
        if !is_gzip(rest) {
            return if is_padding(rest) { Ok(filled) } else { Err(InflateError::Damaged) };
        }
        member.reset(rest);
    }
}

/// The frames at the front of compressed bytes.
struct ZstdFrames<'a> {
    frames: &'a [u8],
    /// The total size that the frames state, if all of them state one.
    expected: Option<usize>,
}

impl<'a> ZstdFrames<'a> {
    /// Finds where the last frame ends, by the lengths of its blocks. Only padding may follow it.
    fn of(data: &'a [u8]) -> Result<Self, InflateError> {
        let (mut at, mut expected) = (0, Some(0_usize));
        loop {
            let rest = data.get(at..).unwrap_or_default();
            if !is_zstd(rest) {
                let frames = data.get(..at).unwrap_or_default();
                return if is_padding(rest) {
                    Ok(Self { frames, expected })
                } else {
                    Err(InflateError::Damaged)
                };
            }
            let stated = zstd_safe::get_frame_content_size(rest).ok().flatten();
            let stated = stated.and_then(|bytes| usize::try_from(bytes).ok());
            expected = expected.zip(stated).map(|(sum, bytes)| sum.saturating_add(bytes));
            at += zstd_safe::find_frame_compressed_size(rest).map_err(|_| InflateError::Damaged)?;
        }
    }
}

/// Whether zstd stopped only because its output is full.
fn is_for_want_of_room(code: usize) -> bool {
    get_error_name(code) == "Destination buffer is too small"
}

/// Whether the bytes after compressed ones are nothing but padding.
fn is_padding(rest: &[u8]) -> bool {
    let mut padding = Padding::default();
    rest.iter().all(|&byte| padding.takes(byte))
}

/// Reads to the end, after what is `filled`, and at most one byte past `limit`: that byte tells too much from
/// just enough.
fn fill(
    reader: &mut impl Read,
    mut filled: usize,
    limit: usize,
    out: &mut Buffer,
) -> Result<usize, InflateError> {
    let most = limit.saturating_add(1);
    while filled < most {
        let end = filled.saturating_mul(2).max(LEAST_ROOM_BYTES).min(most);
        match reader.read(out.room(end).get_mut(filled..).unwrap_or_default()) {
            Ok(0) => return Ok(filled),
            Ok(read) => filled += read,
            Err(_) => return Err(InflateError::Damaged),
        }
    }
    Err(InflateError::OverLimit)
}
