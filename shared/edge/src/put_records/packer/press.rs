//! Compresses records if that makes them smaller.

use record_model::compress::{Gzip, Zstd};

use super::settings::{Compression, PackError};

/// A compressor of records.
pub(super) enum Press {
    None,
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
}

impl Press {
    pub(super) fn new(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::None,
            Compression::Gzip => Self::Gzip(Box::new(Gzip::new(6))),
            Compression::Zstd => Self::Zstd(Box::new(Zstd::new(3))),
        }
    }

    /// The payload, compressed into `buffer`; the unchanged payload if that is not longer.
    pub(super) fn smaller<'a>(
        &mut self,
        payload: &'a [u8],
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], PackError> {
        buffer.clear();
        match self {
            Self::None => return Ok(payload),
            Self::Gzip(gzip) => gzip.write(payload, None, buffer)?,
            Self::Zstd(zstd) => zstd.write(payload, None, buffer)?,
        }
        Ok(if buffer.len() < payload.len() { buffer } else { payload })
    }
}
