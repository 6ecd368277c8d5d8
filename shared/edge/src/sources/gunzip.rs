//! A file that may be gzip, which its first bytes show.
//!
//! All its members are read. Only what [`Padding`] allows may follow the last one, as with a compressed
//! record.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::write::GzDecoder;
use record_model::compress::Padding;

use super::{ByteSource, SourceError};

/// How many compressed bytes are taken at once. Gzip expands them at most 1,032 times.
const INPUT_BYTES: usize = 4 << 10;

/// Passes on the content of every member of a gzip file, and any other file unchanged.
pub struct MaybeGzip<B> {
    inner: B,
    state: State,
}

enum State {
    Unknown,
    Plain { first: Option<Bytes> },
    Gzip(Box<Members>),
    Ended,
}

/// Gzip members one after the other.
struct Members {
    /// The current member; `None` after one that ended.
    member: Option<GzDecoder<Vec<u8>>>,
    input: Bytes,
    /// How many bytes were decompressed.
    out: u64,
    padding: Padding,
}

impl Members {
    fn new(input: Bytes) -> Self {
        Self { member: Some(GzDecoder::new(Vec::new())), input, out: 0, padding: Padding::default() }
    }

    /// Decompresses some of the input. What is left inside follows with the next bytes or at the end.
    fn open(&mut self) -> io::Result<Bytes> {
        let Some(member) = &mut self.member else { return self.open_next().map(|()| Bytes::new()) };
        let some = self.input.get(..self.input.len().min(INPUT_BYTES)).unwrap_or_default();
        let taken = member.write(some)?;
        let _ = self.input.split_to(taken);
        if taken == 0 {
            return self.end();
        }
        Ok(self.opened())
    }

    /// Begins a member, or skips padding after the last one.
    fn open_next(&mut self) -> io::Result<()> {
        if self.padding == Padding::default() && self.input.first() == Some(&0x1F) {
            self.member = Some(GzDecoder::new(Vec::new()));
            return Ok(());
        }
        let padding = &mut self.padding;
        let is_padding = std::mem::take(&mut self.input).iter().all(|&byte| padding.takes(byte));
        is_padding
            .then_some(())
            .ok_or_else(|| io::Error::other("something that is not padding follows its last member"))
    }

    /// Ends the current member. Its checksum and size must be right.
    fn end(&mut self) -> io::Result<Bytes> {
        if let Some(member) = &mut self.member {
            member.try_finish()?;
        }
        let last = self.opened();
        self.member = None;
        Ok(last)
    }

    fn opened(&mut self) -> Bytes {
        let opened = self.member.as_mut().map(|member| std::mem::take(member.get_mut()));
        let opened = Bytes::from(opened.unwrap_or_default());
        self.out += opened.len() as u64;
        opened
    }
}

impl<B: ByteSource> MaybeGzip<B> {
    /// The first bytes are looked at when the first piece is asked for.
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
            State::Gzip(Box::new(Members::new(first)))
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
            let members = match &mut self.state {
                State::Gzip(members) => members,
                State::Plain { first } => match first.take() {
                    Some(first) => return Ok(Some(first)),
                    None => return self.inner.next_piece().await,
                },
                State::Unknown | State::Ended => return Ok(None),
            };
            let is_last = if members.input.is_empty() {
                let piece = self.inner.next_piece().await?;
                members.input = piece.unwrap_or_default();
                members.input.is_empty()
            } else {
                false
            };
            let at = members.out;
            let opened = if is_last { members.end() } else { members.open() };
            let opened = opened.map_err(|source| SourceError::Gzip { at, source })?;
            if is_last {
                self.state = State::Ended;
            }
            if !opened.is_empty() {
                return Ok(Some(opened));
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

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::super::bytes::Pieces;
    use super::*;

    fn member(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn read(file: &[u8], size: usize) -> Result<Vec<u8>, SourceError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut source = MaybeGzip::new(Pieces::new(file, size, false));
            let mut out = Vec::new();
            while let Some(piece) = source.next_piece().await? {
                out.extend_from_slice(&piece);
            }
            Ok(out)
        })
    }

    proptest! {
        #[test]
        fn data_in_members_comes_out_whole_and_behind_them_is_padding_or_damage(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 1..5),
            rest in "(\0|\r|\n|a){0,3}",
            size in 1..40_usize,
        ) {
            let file = [pieces.iter().flat_map(|piece| member(piece)).collect(), rest.clone().into_bytes()].concat();
            let is_padding = ["", "\n", "\r\n", "\r"].contains(&rest.trim_matches('\0'));
            match read(&file, size) {
                Ok(found) => prop_assert!(is_padding && found == pieces.concat(), "{:?}", rest),
                Err(error) => prop_assert!(!is_padding, "{:?}: {}", rest, error),
            }
        }
    }

    #[test]
    fn a_file_cut_short_is_broken_wherever_it_is_cut() {
        let file = [member(b"one"), member(b"two")].concat();
        let whole = member(b"one").len();
        for cut in (3..file.len()).filter(|cut| *cut != whole) {
            assert!(matches!(read(&file[..cut], 7), Err(SourceError::Gzip { .. })), "{cut}");
        }
        assert_eq!(read(&file[..whole], 7).unwrap(), b"one");
    }
}
