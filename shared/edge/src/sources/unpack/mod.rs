//! Files that may be compressed, which their first bytes show. Every other file is passed on unchanged.

mod gzip;
mod zstd;

use std::io;

use bytes::Bytes;
use record_model::compress::Padding;

use self::gzip::Members;
use self::zstd::Frames;
use super::{ByteSource, SourceError};

/// Passes on the content of every member of a gzip file, and any other file unchanged.
pub type MaybeGzip<B> = Unpacked<B, Members>;

/// Passes on the content of every frame of a zstd file, and any other file unchanged. A window of more than 128 MiB,
/// which only `zstd --long` writes, is refused.
pub type MaybeZstd<B> = Unpacked<B, Frames>;

/// Decompresses one format, piece after piece.
pub trait Unpacker: Send + Sized {
    /// How many of a file's first bytes show its format.
    const FIRST_BYTES: usize;

    /// Whether a file that begins with these bytes is of the format.
    fn recognises(first: &[u8]) -> bool;

    /// Begins a file.
    fn begin() -> io::Result<Self>;

    /// Whether more may come out without further input.
    fn has_more(&self) -> bool;

    /// Decompresses some of the input, which is empty only if [`has_more`](Self::has_more). What comes out may be empty.
    fn open(&mut self, input: &mut Bytes) -> io::Result<Bytes>;

    /// Ends the file, and gives what is left inside. The error says that the file was cut.
    fn end(&mut self) -> io::Result<Bytes>;

    /// The error of a damaged file, with the number of bytes that were decompressed before.
    fn damaged(at: u64, source: io::Error) -> SourceError;
}

/// What follows the last member or frame of a file.
#[derive(Default)]
struct AfterLast {
    has_begun: bool,
    padding: Padding,
}

impl AfterLast {
    /// Whether these bytes, which follow a member or frame, are what follows the last one. They are taken then,
    /// and after them there is no other member, wherever the pieces of the file end.
    fn takes(&mut self, input: &mut Bytes, begins_another: bool) -> io::Result<bool> {
        if begins_another && !self.has_begun {
            return Ok(false);
        }
        self.has_begun = true;
        let padding = &mut self.padding;
        if std::mem::take(input).iter().all(|&byte| padding.takes(byte)) {
            Ok(true)
        } else {
            Err(io::Error::other("something that is not padding follows its end"))
        }
    }
}

/// A file that is decompressed if it is of the format.
pub struct Unpacked<B, U> {
    inner: B,
    state: State<U>,
}

enum State<U> {
    Unknown,
    Plain { first: Option<Bytes> },
    Packed(Box<Packed<U>>),
    Ended,
}

struct Packed<U> {
    unpacker: U,
    input: Bytes,
    /// How many bytes were decompressed.
    out: u64,
}

impl<B: ByteSource, U: Unpacker> Unpacked<B, U> {
    /// The first bytes are looked at when the first piece is asked for.
    pub fn new(inner: B) -> Self {
        Self { inner, state: State::Unknown }
    }

    async fn recognise(&mut self) -> Result<(), SourceError> {
        let mut first = self.inner.next_piece().await?.unwrap_or_default();
        while first.len() < U::FIRST_BYTES {
            let Some(more) = self.inner.next_piece().await? else { break };
            first = [first, more].concat().into();
        }
        self.state = if U::recognises(&first) {
            let unpacker = U::begin().map_err(|source| U::damaged(0, source))?;
            State::Packed(Box::new(Packed { unpacker, input: first, out: 0 }))
        } else {
            State::Plain { first: Some(first).filter(|first| !first.is_empty()) }
        };
        Ok(())
    }
}

impl<B: ByteSource, U: Unpacker> ByteSource for Unpacked<B, U> {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        if matches!(self.state, State::Unknown) {
            self.recognise().await?;
        }
        loop {
            let packed = match &mut self.state {
                State::Packed(packed) => packed,
                State::Plain { first } => match first.take() {
                    Some(first) => return Ok(Some(first)),
                    None => return self.inner.next_piece().await,
                },
                State::Unknown | State::Ended => return Ok(None),
            };
            let mut is_over = false;
            if packed.input.is_empty() && !packed.unpacker.has_more() {
                packed.input = self.inner.next_piece().await?.unwrap_or_default();
                is_over = packed.input.is_empty();
            }
            let opened =
                if is_over { packed.unpacker.end() } else { packed.unpacker.open(&mut packed.input) };
            let at = packed.out;
            if is_over {
                self.state = State::Ended;
            }
            let opened = opened.map_err(|source| U::damaged(at, source))?;
            if let State::Packed(packed) = &mut self.state {
                packed.out += opened.len() as u64;
            }
            if !opened.is_empty() {
                return Ok(Some(opened));
            }
        }
    }

    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        let State::Plain { first } = &mut self.state else { return Ok(false) };
        let is_sought = self.inner.seek(offset)?;
        if is_sought {
            *first = None;
        }
        Ok(is_sought)
    }
}

/// The whole of a file that comes in pieces of so many bytes.
#[cfg(test)]
fn read<U: Unpacker>(file: &[u8], size: usize) -> Result<Vec<u8>, SourceError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut source = Unpacked::<_, U>::new(super::bytes::Pieces::new(file, size, false));
        let mut out = Vec::new();
        while let Some(piece) = source.next_piece().await? {
            out.extend_from_slice(&piece);
        }
        Ok(out)
    })
}
