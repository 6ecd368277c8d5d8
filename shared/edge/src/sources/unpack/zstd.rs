//! Zstandard: frames one after the other.

use std::io;

use ::zstd::stream::raw::{Decoder, Operation as _};
use bytes::{Buf as _, Bytes};

use super::Unpacker;
use crate::sources::SourceError;

/// How many bytes are decompressed at once.
const OUTPUT_BYTES: usize = 256 << 10;

/// Frames one after the other.
pub struct Frames {
    decoder: Decoder<'static>,
    /// Whether a frame has begun and not ended.
    is_open: bool,
    /// Whether the last call filled its output, so that more may follow without further input.
    is_full: bool,
}

impl Unpacker for Frames {
    const MAGIC: &'static [u8] = &[0x28, 0xB5, 0x2F, 0xFD];

    fn begin() -> io::Result<Self> {
        Ok(Self { decoder: Decoder::new()?, is_open: true, is_full: false })
    }

    fn has_more(&self) -> bool {
        self.is_full
    }

    fn open(&mut self, input: &mut Bytes) -> io::Result<Bytes> {
        let mut output = vec![0; OUTPUT_BYTES];
        let status = self.decoder.run_on_buffers(input, &mut output)?;
        input.advance(status.bytes_read);
        self.is_open = status.remaining > 0;
        self.is_full = status.bytes_written == OUTPUT_BYTES;
        output.truncate(status.bytes_written);
        Ok(output.into())
    }

    fn end(&mut self) -> io::Result<Bytes> {
        if self.is_open { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Bytes::new()) }
    }

    fn damaged(at: u64, source: io::Error) -> SourceError {
        SourceError::Zstd { at, source }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::read;
    use super::*;

    proptest! {
        #[test]
        fn what_is_in_frames_comes_out_and_any_other_file_is_as_it_is(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 1..5), size in 1..40_usize,
        ) {
            let file: Vec<u8> = pieces.iter().flat_map(|piece| ::zstd::encode_all(&**piece, 1).unwrap()).collect();
            prop_assert_eq!(read::<Frames>(&file, size).unwrap(), pieces.concat());
            let plain = [b"x".to_vec(), pieces.concat()].concat();
            prop_assert_eq!(read::<Frames>(&plain, size).unwrap(), plain);
        }
    }

    #[test]
    fn a_frame_that_is_cut_is_broken_and_a_large_one_comes_in_pieces() {
        let large = vec![7; 3_000_000];
        let file = ::zstd::encode_all(&*large, 1).unwrap();
        assert_eq!(read::<Frames>(&file, 1000).unwrap(), large);
        for cut in [5, file.len() / 2, file.len() - 1] {
            assert!(matches!(read::<Frames>(&file[..cut], 100), Err(SourceError::Zstd { .. })), "{cut}");
        }
    }
}
