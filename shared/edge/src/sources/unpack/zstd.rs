//! Zstandard: frames one after the other, skippable ones among them, wherever they are.
//!
//! All of them are read. Only what [`Padding`](record_model::compress::Padding) allows may follow the last
//! one, as with a compressed record.

use std::io;

use ::zstd::stream::raw::{Decoder, Operation as _};
use bytes::{Buf as _, Bytes};
use record_model::compress;

use super::{AfterLast, Unpacker};
use crate::sources::SourceError;

/// How many bytes are decompressed at once.
const OUTPUT_BYTES: usize = 256 << 10;

/// Frames one after the other.
pub struct Frames {
    decoder: Decoder<'static>,
    /// Whether a frame has begun and not ended.
    is_open: bool,
    /// Whether the last call filled its output before the frame ended, so that more follows without further
    /// input.
    is_full: bool,
    after_last: AfterLast,
}

impl Unpacker for Frames {
    const FIRST_BYTES: usize = 4;

    fn recognises(first: &[u8]) -> bool {
        compress::is_zstd(first)
    }

    fn begin() -> io::Result<Self> {
        let after_last = AfterLast::default();
        Ok(Self { decoder: Decoder::new()?, is_open: true, is_full: false, after_last })
    }

    fn has_more(&self) -> bool {
        self.is_full
    }

    fn open(&mut self, input: &mut Bytes) -> io::Result<Bytes> {
        if !self.is_open {
            let begins_another = matches!(input.first(), Some(0x28 | 0x50..=0x5F));
            if self.after_last.takes(input, begins_another)? {
                return Ok(Bytes::new());
            }
        }
        let mut output = vec![0; OUTPUT_BYTES];
        let status = self.decoder.run_on_buffers(input, &mut output)?;
        input.advance(status.bytes_read);
        self.is_open = status.remaining > 0;
        self.is_full = self.is_open && status.bytes_written == OUTPUT_BYTES;
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

    fn frame(data: &[u8]) -> Vec<u8> {
        ::zstd::encode_all(data, 1).unwrap()
    }

    fn skippable(data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        [&0x184D_2A53_u32.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
    }

    proptest! {
        #[test]
        fn what_is_in_frames_comes_out_and_behind_them_is_padding_or_damage(
            pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..9)), 1..5),
            rest in "(\0|\r|\n|a){0,3}",
            again: bool,
            size in 1..40_usize,
        ) {
            let frames = pieces.iter().map(|(skip, data)| if *skip { skippable(data) } else { frame(data) });
            let data = pieces.iter().filter(|(skip, _)| !skip).flat_map(|(_, data)| data.clone());
            let (mut file, mut data) = (frames.collect::<Vec<_>>().concat(), data.collect::<Vec<u8>>());
            file.extend_from_slice(rest.as_bytes());
            let mut is_padding = ["", "\n", "\r\n", "\r"].contains(&rest.trim_matches('\0'));
            if again {
                // A frame behind padding is no padding, wherever the pieces of the file end.
                is_padding = rest.is_empty();
                file.extend_from_slice(&frame(b"x"));
                data.push(b'x');
            }
            match read::<Frames>(&file, size) {
                Ok(found) => prop_assert!(is_padding && found == data, "{:?}", rest),
                Err(error) => prop_assert!(!is_padding, "{:?}: {}", rest, error),
            }
        }

        #[test]
        fn any_other_file_is_as_it_is(data in prop::collection::vec(any::<u8>(), 0..30), size in 1..40_usize) {
            let plain = [b"x", &*data].concat();
            prop_assert_eq!(read::<Frames>(&plain, size).unwrap(), plain);
        }

        /// A frame may end exactly where a call's output is full.
        #[test]
        fn a_frame_of_any_size_comes_out_whole(calls in 1..4_usize, around in -2..3_isize, frames in 1..3_usize) {
            let data = vec![7; (calls * OUTPUT_BYTES).strict_add_signed(around)];
            let file = frame(&data).repeat(frames);
            prop_assert!(read::<Frames>(&file, 1 << 20).unwrap() == data.repeat(frames));
        }
    }

    #[test]
    fn a_frame_that_is_cut_is_broken_and_a_large_one_comes_in_pieces() {
        let large = vec![7; 3_000_000];
        let file = frame(&large);
        assert_eq!(read::<Frames>(&file, 1000).unwrap(), large);
        for cut in [5, file.len() / 2, file.len() - 1] {
            assert!(matches!(read::<Frames>(&file[..cut], 100), Err(SourceError::Zstd { .. })), "{cut}");
        }
    }
}
