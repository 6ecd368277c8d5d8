//! A JSON string as it stands in an event, not yet unescaped.

use super::DataError;
use base64_simd::STANDARD;
use memchr::memchr;
use std::borrow::Cow;

/// What stands between the quotes of a JSON string, borrowed from the event.
///
/// Echoed into an answer it needs no second escaping; unescaped only where a reader asks for its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JsonText<'a>(pub(super) &'a [u8]);

impl<'a> JsonText<'a> {
    /// The bytes between the quotes, escapes and all.
    pub fn raw(&self) -> &'a [u8] {
        self.0
    }

    /// The text; an allocation only where there are escapes. Bytes that are no UTF-8 become U+FFFD.
    pub fn text(&self) -> Cow<'a, str> {
        if self.is_escaped()
            && let Some(text) = self.unescaped()
        {
            return Cow::Owned(text);
        }
        String::from_utf8_lossy(self.0)
    }

    /// The text where it is plain: valid UTF-8 and no escapes in it.
    pub fn plain(&self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok().filter(|_| !self.is_escaped())
    }

    /// Whether an answer may repeat it as it stands: an event is read without a look at what its strings hold.
    pub(super) fn is_json(&self) -> bool {
        // To the end in any case, because a search that may end early looks at one byte at a time.
        let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && *byte != b'\\';
        self.0.iter().fold(true, |all, byte| all & is_plain(byte)) || self.unescaped().is_some()
    }

    /// Replaces `out` by the bytes this base64 text stands for; empty text is no bytes.
    pub fn decode_into(&self, out: &mut Vec<u8>) -> Result<(), DataError> {
        out.clear();
        // Escapes are no base64, and nobody needs to write any in it: looked for only where it can't be read.
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
