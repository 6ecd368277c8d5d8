//! Texts as UTF-8, whatever the encoding of the file.

use bytes::Bytes;
use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE};

use super::{ByteSource, SourceError};

/// Passes UTF-8 on unchanged, and converts every other encoding to UTF-8.
///
/// If the encoding is not given, UTF-16 is recognised by its byte order mark or, without one, by a zero in
/// every other of the first four bytes, since no UTF-8 text has a zero there. Invalid characters become
/// U+FFFD, which a file's first one is warned of. Offsets count bytes of the UTF-8, so seeking is impossible in a file of another encoding. The byte
/// order mark of UTF-16 is skipped. That of UTF-8 is left to the reader, since offsets count it.
pub(super) struct Unicode<B> {
    inner: B,
    /// The name that a schema gives the encoding.
    encoding: Option<&'static str>,
    form: Option<Form>,
    /// Whether all characters were valid so far.
    is_whole: bool,
}

enum Form {
    Utf8 { first: Option<Bytes> },
    Other { decoder: Box<Decoder>, first: Option<Bytes>, is_over: bool },
}

impl<B: ByteSource> Unicode<B> {
    pub(super) fn new(inner: B, encoding: Option<&'static str>) -> Self {
        Self { inner, encoding, form: None, is_whole: true }
    }

    async fn recognise(&mut self) -> Result<Form, SourceError> {
        let mut first = self.inner.next_piece().await?.unwrap_or_default();
        while first.len() < 4 {
            let Some(more) = self.inner.next_piece().await? else { break };
            first = [first, more].concat().into();
        }
        let (encoding, mark) = match (self.encoding, &*first) {
            (Some("utf-8"), _) => (None, 0),
            (None | Some("utf-16" | "utf-16le"), [0xFF, 0xFE, ..]) => (Some(UTF_16LE), 2),
            (None | Some("utf-16" | "utf-16be"), [0xFE, 0xFF, ..]) => (Some(UTF_16BE), 2),
            (None | Some("utf-16"), [1..=255, 0, 1..=255, 0, ..]) => (Some(UTF_16LE), 0),
            (None | Some("utf-16"), [0, 1..=255, 0, 1..=255, ..]) => (Some(UTF_16BE), 0),
            (Some(label), _) => (Encoding::for_label(label.as_bytes()), 0),
            (None, _) => (None, 0),
        };
        let first = Some(first.slice(mark..)).filter(|first| !first.is_empty());
        Ok(match encoding {
            Some(encoding) => {
                let decoder = Box::new(encoding.new_decoder_without_bom_handling());
                Form::Other { decoder, first, is_over: false }
            }
            None => Form::Utf8 { first },
        })
    }
}

impl<B: ByteSource> ByteSource for Unicode<B> {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        if self.form.is_none() {
            self.form = Some(self.recognise().await?);
        }
        match &mut self.form {
            Some(Form::Other { decoder, first, is_over }) => {
                while !*is_over {
                    let piece = match first.take() {
                        Some(piece) => Some(piece),
                        None => self.inner.next_piece().await?,
                    };
                    *is_over = piece.is_none();
                    let (text, is_whole) = utf8(decoder, &piece.unwrap_or_default(), *is_over);
                    if !is_whole && std::mem::take(&mut self.is_whole) {
                        let encoding = decoder.encoding().name();
                        tracing::warn!(
                            encoding,
                            "U+FFFD replaces characters that are not valid in the encoding of the file"
                        );
                    }
                    if !text.is_empty() {
                        return Ok(Some(Bytes::from(text)));
                    }
                }
                Ok(None)
            }
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

/// The characters that end within a piece, and whether all of them are valid; for the last piece, all of them, complete
/// or not.
fn utf8(decoder: &mut Decoder, piece: &[u8], is_last: bool) -> (String, bool) {
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(piece.len()).unwrap_or_default());
    let (_, _, has_errors) = decoder.decode_to_string(piece, &mut text, is_last);
    (text, !has_errors)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bytes::Pieces;
    use super::*;

    fn read(file: &[u8], size: usize, encoding: Option<&'static str>) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut source = Unicode::new(Pieces::new(file, size, false), encoding);
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
                let said = Some(if is_big { "utf-16be" } else { "utf-16le" });
                for encoding in [None, Some("utf-16"), said] {
                    prop_assert_eq!(String::from_utf8(read(&file, size, encoding)).unwrap(), text.clone());
                }
            }
        }

        #[test]
        fn utf_8_is_left_as_it_is(text in "\u{FEFF}?\\PC{0,20}", size in 1..9_usize) {
            prop_assert_eq!(read(text.as_bytes(), size, None), text.as_bytes());
        }
    }

    #[test]
    fn half_a_character_is_mended() {
        assert_eq!(read(b"\xFF\xFEa\0\x3D\xD8b\0c", 2, None), "a\u{FFFD}b\u{FFFD}".as_bytes());
    }

    #[test]
    fn every_encoding_that_a_schema_may_name_is_one_that_is_read() {
        for encoding in record_model::Dialect::ENCODINGS {
            assert!(Encoding::for_label(encoding.as_bytes()).is_some(), "{encoding}");
        }
        assert_eq!(read(b"Stra\xDFe \x80", 3, Some("windows-1252")), "Straße €".as_bytes());
        assert_eq!(read(b"\x93\xFA\x96\x7B", 1, Some("shift_jis")), "日本".as_bytes());
        assert_eq!(read(b"\xEF\xF0\xE8", 2, Some("windows-1251")), "при".as_bytes());
    }
}
