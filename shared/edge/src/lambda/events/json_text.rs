//! A JSON string as it stands in an event, not yet unescaped.

use super::DataError;
use base64_simd::STANDARD;
use memchr::memchr;
use std::borrow::Cow;

/// The content between the quotes of a JSON string, borrowed from the event.
///
/// It can be repeated in an answer without being escaped again. It is unescaped only if a reader asks for its
/// text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JsonText<'a>(pub(super) &'a [u8]);

impl<'a> JsonText<'a> {
    /// Returns the bytes between the quotes, with their escapes.
    pub fn raw(&self) -> &'a [u8] {
        self.0
    }

    /// Returns the text. It allocates only if there are escapes. Bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> Cow<'a, str> {
        if self.is_escaped()
            && let Some(text) = self.unescaped()
        {
            return Cow::Owned(text);
        }
        String::from_utf8_lossy(self.0)
    }

    /// Returns the text if it is plain: valid UTF-8 without escapes.
    pub fn plain(&self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok().filter(|_| !self.is_escaped())
    }

    /// Whether an answer may repeat it unchanged. An event is read without checking what its strings contain.
    pub(super) fn is_json(&self) -> bool {
        // This always goes to the end, because a search that may stop early looks at one byte at a time.
        let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && *byte != b'\\';
        self.0.iter().fold(true, |all, byte| all & is_plain(byte)) || self.unescaped().is_some()
    }

    /// Replaces `out` by the bytes that this base64 text stands for. Empty text stands for no bytes.
    pub fn decode_into(&self, out: &mut Vec<u8>) -> Result<(), DataError> {
        out.clear();
        // Base64 needs no escapes, so they are looked for only if the text can't be read.
        let decoded = STANDARD.decode_append(self.0, out).is_ok()
            || self.is_escaped() && STANDARD.decode_append(self.text().as_bytes(), out).is_ok();
        if decoded { Ok(()) } else { Err(DataError::NotBase64 { bytes: self.0.len() }) }
    }

    fn is_escaped(&self) -> bool {
        memchr(b'\\', self.0).is_some()
    }

    fn unescaped(&self) -> Option<String> {
        let mut quoted = Vec::with_capacity(self.0.len() + 2);
        quoted.push(b'"');
        quoted.extend_from_slice(self.0);
        quoted.push(b'"');
        serde_json::from_slice(&quoted).ok()
    }
}
