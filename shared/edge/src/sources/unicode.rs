//! Texts as UTF-8, whichever of Unicode's forms a file has them in.

use bytes::Bytes;

use super::{ByteSource, SourceError};

/// Hands on UTF-8 as it is, and UTF-16 of either byte order as UTF-8.
///
/// UTF-16 is known by its byte order mark or, without one, by a zero in every other of the first four bytes: no text
/// of UTF-8 has a zero there. Half a surrogate pair becomes U+FFFD. Offsets are those of the UTF-8, so a file of UTF-16
/// can't be sought in; its mark is passed over, and that of UTF-8 left to who reads it, since offsets count it.
pub(super) struct Unicode<B> {
    inner: B,
    form: Option<Form>,
}

enum Form {
    Utf8 { first: Option<Bytes> },
    Utf16 { is_big: bool, first: Option<Bytes>, rest: Vec<u8> },
}

impl<B: ByteSource> Unicode<B> {
    pub(super) fn new(inner: B) -> Self {
        Self { inner, form: None }
    }

    async fn recognise(&mut self) -> Result<Form, SourceError> {
        let mut first = self.inner.next_piece().await?.unwrap_or_default();
        while first.len() < 4 {
            let Some(more) = self.inner.next_piece().await? else { break };
            first = [first, more].concat().into();
        }
        let (is_big, mark) = match *first {
            [0xFF, 0xFE, ..] => (false, 2),
            [0xFE, 0xFF, ..] => (true, 2),
            [1..=255, 0, 1..=255, 0, ..] => (false, 0),
            [0, 1..=255, 0, 1..=255, ..] => (true, 0),
            _ => return Ok(Form::Utf8 { first: Some(first).filter(|first| !first.is_empty()) }),
        };
        Ok(Form::Utf16 { is_big, first: Some(first.slice(mark..)), rest: Vec::new() })
    }
}

impl<B: ByteSource> ByteSource for Unicode<B> {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        if self.form.is_none() {
            self.form = Some(self.recognise().await?);
        }
        match &mut self.form {
            Some(Form::Utf16 { is_big, first, rest }) => loop {
                let piece = match first.take() {
                    Some(piece) => Some(piece),
                    None => self.inner.next_piece().await?,
                };
                let is_last = piece.is_none();
                rest.extend_from_slice(&piece.unwrap_or_default());
                let text = utf8(rest, *is_big, is_last);
                if is_last || !text.is_empty() {
                    return Ok(Some(Bytes::from(text)).filter(|text| !text.is_empty()));
                }
            },
            Some(Form::Utf8 { first }) if first.is_some() => Ok(first.take()),
            _ => self.inner.next_piece().await,
        }
    }

    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        match &mut self.form {
            Some(Form::Utf8 { first }) => {
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

/// Takes the whole characters from the front of `bytes`; all of them, whole or not, where they are the last.
fn utf8(bytes: &mut Vec<u8>, is_big: bool, is_last: bool) -> String {
    let unit = |pair: &[u8; 2]| if is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut units: Vec<u16> = pairs.iter().map(unit).collect();
    let mut kept = odd.len();
    if !is_last && units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit)) {
        units.pop();
        kept += 2;
    }
    let mut text = String::from_utf16_lossy(&units);
    if is_last && kept > 0 {
        text.push(char::REPLACEMENT_CHARACTER);
        kept = 0;
    }
    bytes.drain(..bytes.len() - kept);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bytes::Pieces;
    use super::*;

    fn read(file: &[u8], size: usize) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut source = Unicode::new(Pieces::new(file, size, false));
            let mut text = Vec::new();
            while let Some(piece) = source.next_piece().await.unwrap() {
                text.extend_from_slice(&piece);
            }
            text
        })
    }

    proptest! {
        #[test]
        fn utf_16_is_the_text_it_is_in_whatever_pieces(text in "[{\"a][ -~]\\PC{0,20}", size in 1..9_usize, marked: bool) {
            for is_big in [false, true] {
                let units = marked.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
                let bytes = |unit: u16| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() };
                let file: Vec<u8> = units.flat_map(bytes).collect();
                prop_assert_eq!(String::from_utf8(read(&file, size)).unwrap(), text.clone());
            }
        }

        #[test]
        fn utf_8_is_left_as_it_is(text in "\u{FEFF}?\\PC{0,20}", size in 1..9_usize) {
            prop_assert_eq!(read(text.as_bytes(), size), text.as_bytes());
        }
    }

    #[test]
    fn half_a_character_is_mended() {
        assert_eq!(read(b"\xFF\xFEa\0\x3D\xD8b\0c", 2), "a\u{FFFD}b\u{FFFD}".as_bytes());
    }
}
