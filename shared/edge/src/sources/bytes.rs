//! The bytes of a file in pieces.

use std::io::{Read, Seek, SeekFrom};

use bytes::Bytes;

use super::SourceError;

/// A file, read in pieces of bounded size.
pub trait ByteSource: Send {
    /// Returns the next piece, which is never empty; `None` at the end.
    fn next_piece(&mut self) -> impl Future<Output = Result<Option<Bytes>, SourceError>> + Send;

    /// Continues at a byte offset from the start. Returns `false` if the bytes up to there must be read
    /// instead.
    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        let _ = offset;
        Ok(false)
    }
}

/// A file in pieces of `size` bytes, with or without seeking.
#[cfg(test)]
pub(super) struct Pieces {
    file: Bytes,
    at: usize,
    size: usize,
    seekable: bool,
}

#[cfg(test)]
impl Pieces {
    pub(super) fn new(file: &[u8], size: usize, seekable: bool) -> Self {
        Self { file: Bytes::copy_from_slice(file), at: 0, size, seekable }
    }
}

#[cfg(test)]
impl ByteSource for Pieces {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        let end = self.file.len().min(self.at + self.size);
        let piece = self.file.slice(self.at..end);
        self.at = end;
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }

    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        if self.seekable {
            self.at = usize::try_from(offset).unwrap().min(self.file.len());
        }
        Ok(self.seekable)
    }
}

const PIECE_BYTES: usize = 256 << 10;

/// A file on this machine. Reads block for as long as its disk takes.
#[derive(Debug)]
pub struct ReadBytes<R> {
    inner: R,
}

impl<R: Read + Seek + Send> ReadBytes<R> {
    /// Reads from the present place of `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner }
    }
}

impl<R: Read + Seek + Send> ByteSource for ReadBytes<R> {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let read = (&mut self.inner).take(PIECE_BYTES as u64).read_to_end(&mut piece);
        read.map_err(|error| SourceError::Read(error.into()))?;
        Ok(Some(Bytes::from(piece)).filter(|piece| !piece.is_empty()))
    }

    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        self.inner.seek(SeekFrom::Start(offset)).map_err(|error| SourceError::Read(error.into()))?;
        Ok(true)
    }
}
