//! Gzip: members one after the other.
//!
//! All of them are read. Only what [`Padding`] allows may follow the last one, as with a compressed record.

use std::io::{self, Write as _};

use bytes::{Buf as _, Bytes};
use flate2::write::GzDecoder;
use record_model::compress;

use super::{AfterLast, Unpacker};
use crate::sources::SourceError;

/// How many compressed bytes are taken at once. Gzip expands them at most 1,032 times.
const INPUT_BYTES: usize = 4 << 10;

/// Gzip members one after the other.
pub struct Members {
    /// The current member; `None` after one that ended.
    member: Option<GzDecoder<Vec<u8>>>,
    after_last: AfterLast,
}

impl Members {
    fn opened(&mut self) -> Bytes {
        let opened = self.member.as_mut().map(|member| std::mem::take(member.get_mut()));
        opened.unwrap_or_default().into()
    }
}

impl Unpacker for Members {
    const FIRST_BYTES: usize = 2;

    fn recognises(first: &[u8]) -> bool {
        compress::is_gzip(first)
    }

    fn begin() -> io::Result<Self> {
        Ok(Self { member: Some(GzDecoder::new(Vec::new())), after_last: AfterLast::default() })
    }

    fn has_more(&self) -> bool {
        false
    }

    /// What is left inside follows with the next bytes or at the end.
    fn open(&mut self, input: &mut Bytes) -> io::Result<Bytes> {
        if self.member.is_none() {
            let begins_another = input.first() == Some(&0x1F);
            if self.after_last.takes(input, begins_another)? {
                return Ok(Bytes::new());
            }
        }
        let member = self.member.get_or_insert_with(|| GzDecoder::new(Vec::new()));
        let some = input.get(..input.len().min(INPUT_BYTES)).unwrap_or_default();
        let taken = member.write(some)?;
        input.advance(taken);
        if taken == 0 {
            return self.end();
        }
        Ok(self.opened())
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

    fn damaged(at: u64, source: io::Error) -> SourceError {
        SourceError::Gzip { at, source }
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::super::read;
    use super::*;

    fn member(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    proptest! {
        #[test]
        fn data_in_members_comes_out_whole_and_behind_them_is_padding_or_damage(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 1..5),
            rest in "(\0|\r|\n|a){0,3}",
            again: bool,
            size in 1..40_usize,
        ) {
            let last = if again { member(b"x") } else { Vec::new() };
            let mut file = [pieces.iter().flat_map(|piece| member(piece)).collect(), rest.clone().into_bytes()].concat();
            file.extend_from_slice(&last);
            // A member behind padding is no padding, wherever the pieces of the file end.
            let is_padding = if again { rest.is_empty() } else { ["", "\n", "\r\n", "\r"].contains(&rest.trim_matches('\0')) };
            let pieces: Vec<u8> = [pieces.concat(), if again { b"x".to_vec() } else { Vec::new() }].concat();
            match read::<Members>(&file, size) {
                Ok(found) => prop_assert!(is_padding && found == pieces, "{:?}", rest),
                Err(error) => prop_assert!(!is_padding, "{:?}: {}", rest, error),
            }
        }
    }

    #[test]
    fn a_file_cut_short_is_broken_wherever_it_is_cut() {
        let file = [member(b"one"), member(b"two")].concat();
        let whole = member(b"one").len();
        for cut in (3..file.len()).filter(|cut| *cut != whole) {
            assert!(matches!(read::<Members>(&file[..cut], 7), Err(SourceError::Gzip { .. })), "{cut}");
        }
        assert_eq!(read::<Members>(&file[..whole], 7).unwrap(), b"one");
    }
}
