//! Records compressed: where that makes them smaller, or all of them.

use record_model::compress::{Gzip, Zstd};

use super::settings::{Compression, PackError};

/// What the frame of gzip or zstd adds to bytes that can't be made smaller, of so many: 5 bytes for each block of at most
/// 64 KiB, and 18 around them.
const FRAME_BYTES: usize = 64;
const BYTES_OF_A_BLOCK: usize = 10_000;

/// A compressor of records.
pub(super) struct Press {
    writer: Writer,
    /// Whether a record is compressed also where that makes it longer, so that all of a stream are.
    presses_all: bool,
}

enum Writer {
    None,
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
}

impl Press {
    pub(super) fn new(compression: Compression, presses_all: bool) -> Self {
        let writer = match compression {
            Compression::None => Writer::None,
            Compression::Gzip => Writer::Gzip(Box::new(Gzip::new(6))),
            Compression::Zstd => Writer::Zstd(Box::new(Zstd::new(3))),
        };
        Self { writer, presses_all }
    }

    /// The payload compressed into `buffer`, or as it is where that is no longer and not all are compressed.
    pub(super) fn press<'a>(
        &mut self,
        payload: &'a [u8],
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], PackError> {
        buffer.clear();
        match &mut self.writer {
            Writer::None => return Ok(payload),
            Writer::Gzip(gzip) => gzip.write(payload, None, buffer)?,
            Writer::Zstd(zstd) => zstd.write(payload, None, buffer)?,
        }
        Ok(if self.presses_all || buffer.len() < payload.len() { buffer } else { payload })
    }

    /// Most bytes by which pressing makes `bytes` longer.
    pub(super) fn overhead(&self, bytes: usize) -> usize {
        match self.writer {
            Writer::Gzip(_) | Writer::Zstd(_) if self.presses_all => {
                FRAME_BYTES + bytes / BYTES_OF_A_BLOCK * 5
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_longer_than_is_allowed_for_whatever_its_size() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let mut press = Press::new(compression, true);
            let mut buffer = Vec::new();
            for bytes in [0, 1, 10, 9_999, 65_536, 1 << 20] {
                let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(bytes).collect();
                let pressed = press.press(&noise, &mut buffer).unwrap().len();
                assert!(pressed <= bytes + press.overhead(bytes), "{compression:?} of {bytes}: {pressed}");
            }
        }
    }
}
