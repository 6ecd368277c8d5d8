//! A file that may be zstd, which its first bytes show.

use std::io;

use bytes::{Buf as _, Bytes};
use zstd::stream::raw::{Decoder, Operation as _};

use super::{ByteSource, SourceError};

/// The bytes with which every zstd frame begins.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// How many bytes are decompressed at once.
const OUTPUT_BYTES: usize = 256 << 10;

/// Passes on the content of every frame of a zstd file, and any other file unchanged. A window of more than
/// 128 MiB, which only `zstd --long` writes, is refused.
pub struct MaybeZstd<B> {
    inner: B,
    state: State,
}

enum State {
    Unknown,
    Plain { first: Option<Bytes> },
    Packed(Box<Frames>),
    Ended,
}

/// Frames one after the other.
struct Frames {
    decoder: Decoder<'static>,
    input: Bytes,
    /// How many bytes were decompressed.
    out: u64,
    /// Whether a frame has begun and not ended.
    is_open: bool,
    /// Whether the last call filled its output, so that more may follow without further input.
    is_full: bool,
}

impl Frames {
    fn open(&mut self) -> io::Result<Bytes> {
        let mut output = vec![0; OUTPUT_BYTES];
        let status = self.decoder.run_on_buffers(&self.input, &mut output)?;
        self.input.advance(status.bytes_read);
        self.is_open = status.remaining > 0;
        self.is_full = status.bytes_written == OUTPUT_BYTES;
        self.out += status.bytes_written as u64;
        output.truncate(status.bytes_written);
        Ok(Bytes::from(output))
    }
}

impl<B: ByteSource> MaybeZstd<B> {
    /// The first bytes are looked at when the first piece is asked for.
    pub fn new(inner: B) -> Self {
        Self { inner, state: State::Unknown }
    }

    async fn recognise(&mut self) -> Result<(), SourceError> {
        let mut first = self.inner.next_piece().await?.unwrap_or_default();
        while first.len() < MAGIC.len() {
            let Some(more) = self.inner.next_piece().await? else { break };
            first = [first, more].concat().into();
        }
        self.state = if first.starts_with(&MAGIC) {
            let decoder = Decoder::new().map_err(|source| SourceError::Zstd { at: 0, source })?;
            State::Packed(Box::new(Frames { decoder, input: first, out: 0, is_open: true, is_full: false }))
        } else {
            State::Plain { first: Some(first).filter(|first| !first.is_empty()) }
        };
        Ok(())
    }
}

impl<B: ByteSource> ByteSource for MaybeZstd<B> {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        if matches!(self.state, State::Unknown) {
            self.recognise().await?;
        }
        loop {
            let frames = match &mut self.state {
                State::Packed(frames) => frames,
                State::Plain { first } => match first.take() {
                    Some(first) => return Ok(Some(first)),
                    None => return self.inner.next_piece().await,
                },
                State::Unknown | State::Ended => return Ok(None),
            };
            if frames.input.is_empty() && !frames.is_full {
                frames.input = self.inner.next_piece().await?.unwrap_or_default();
                if frames.input.is_empty() {
                    let (at, is_open) = (frames.out, frames.is_open);
                    self.state = State::Ended;
                    let cut = io::Error::from(io::ErrorKind::UnexpectedEof);
                    return if is_open { Err(SourceError::Zstd { at, source: cut }) } else { Ok(None) };
                }
            }
            let at = frames.out;
            let opened = frames.open().map_err(|source| SourceError::Zstd { at, source })?;
            if !opened.is_empty() {
                return Ok(Some(opened));
            }
        }
    }

    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        match &mut self.state {
            State::Plain { first } => {
                let is_sought = self.inner.seek(offset)?;
                if is_sought {
                    *first = None;
                }
                Ok(is_sought)
            }
            _ => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bytes::Pieces;
    use super::*;

    fn read(file: &[u8], size: usize) -> Result<Vec<u8>, SourceError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut source = MaybeZstd::new(Pieces::new(file, size, false));
            let mut out = Vec::new();
            while let Some(piece) = source.next_piece().await? {
                out.extend_from_slice(&piece);
            }
            Ok(out)
        })
    }

    proptest! {
        #[test]
        fn what_is_in_frames_comes_out_and_any_other_file_is_as_it_is(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 1..5), size in 1..40_usize,
        ) {
            let file: Vec<u8> = pieces.iter().flat_map(|piece| zstd::encode_all(&**piece, 1).unwrap()).collect();
            prop_assert_eq!(read(&file, size).unwrap(), pieces.concat());
            let plain = [b"x".to_vec(), pieces.concat()].concat();
            prop_assert_eq!(read(&plain, size).unwrap(), plain);
        }
    }

    #[test]
    fn a_frame_that_is_cut_is_broken_and_a_large_one_comes_in_pieces() {
        let large = vec![7; 3_000_000];
        let file = zstd::encode_all(&*large, 1).unwrap();
        assert_eq!(read(&file, 1000).unwrap(), large);
        for cut in [5, file.len() / 2, file.len() - 1] {
            assert!(matches!(read(&file[..cut], 100), Err(SourceError::Zstd { .. })), "{cut}");
        }
    }
}
