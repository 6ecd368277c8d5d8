//! A file that may be gzip, told by its first bytes.

use std::io::Write as _;

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;

use super::{ByteSource, SourceError};

/// Compressed bytes taken at once: gzip holds at most 1,032 times as many.
const INPUT_BYTES: usize = 4 << 10;

/// Hands on what a gzip file holds, of every member, and any other file as it is.
pub struct MaybeGzip<B> {
    inner: B,
    state: State,
}

enum State {
    Unknown,
    Plain { first: Option<Bytes> },
    Gzip { decoder: Box<MultiGzDecoder<Vec<u8>>>, input: Bytes, out: u64 },
    Ended,
}

impl<B: ByteSource> MaybeGzip<B> {
    /// Looks at the first bytes when the first piece is asked for.
    pub fn new(inner: B) -> Self {
        Self { inner, state: State::Unknown }
    }

    async fn recognise(&mut self) -> Result<(), SourceError> {
        let mut first = self.inner.next_piece().await?.unwrap_or_default();
        if first.len() == 1 {
            let rest = self.inner.next_piece().await?.unwrap_or_default();
            first = [first, rest].concat().into();
        }
        self.state = if first.starts_with(&[0x1F, 0x8B]) {
            State::Gzip { decoder: Box::new(MultiGzDecoder::new(Vec::new())), input: first, out: 0 }
        } else {
            State::Plain { first: Some(first).filter(|first| !first.is_empty()) }
        };
        Ok(())
    }
}

impl<B: ByteSource> ByteSource for MaybeGzip<B> {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        if matches!(self.state, State::Unknown) {
            self.recognise().await?;
        }
        loop {
            let (decoder, input, out) = match &mut self.state {
                State::Gzip { decoder, input, out } => (decoder, input, out),
                State::Plain { first } => match first.take() {
                    Some(first) => return Ok(Some(first)),
                    None => return self.inner.next_piece().await,
                },
                State::Unknown | State::Ended => return Ok(None),
            };
            let broken = |source| SourceError::Gzip { at: *out, source };
            if input.is_empty() {
                let Some(piece) = self.inner.next_piece().await? else {
                    decoder.try_finish().map_err(broken)?;
                    let last = Bytes::from(std::mem::take(decoder.get_mut()));
                    self.state = State::Ended;
                    return Ok(Some(last).filter(|last| !last.is_empty()));
                };
                *input = piece;
            }
            let taken = input.len().min(INPUT_BYTES);
            decoder.write_all(&input.split_to(taken)).map_err(broken)?;
            // What is still inside comes out with the next bytes or at the end.
            let piece = Bytes::from(std::mem::take(decoder.get_mut()));
            *out += piece.remaining() as u64;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }

    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        match &mut self.state {
            State::Plain { first } => {
                *first = None;
                self.inner.seek(offset)
            }
            _ => Ok(false),
        }
    }
}
