//! A JSON string as it stands in an event, not yet unescaped.

use super::DataError;
use base64_simd::STANDARD;
use std::borrow::Cow;

/// What stands between the quotes of a JSON string, borrowed from the event.
///
/// Echoed into an answer it needs no second escaping; unescaped only where a reader asks for its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JsonText<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> JsonText<'a> {
    pub(super) fn new(raw: &'a [u8], escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// The bytes between the quotes, escapes and all.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The text; an allocation only where there are escapes. Bytes that are no UTF-8 become U+FFFD.
    pub fn text(&self) -> Cow<'a, str> {
        if self.escaped
            && let Some(text) = self.unescaped()
        {
            return Cow::Owned(text);
        }
        String::from_utf8_lossy(self.raw)
    }

    /// The text where it is plain: valid UTF-8 and no escapes in it.
    pub fn plain(&self) -> Option<&'a str> {
        if self.escaped { None } else { std::str::from_utf8(self.raw).ok() }
    }

    /// Replaces `out` by the bytes this base64 text stands for; empty text is no bytes.
    pub fn decode_into(&self, out: &mut Vec<u8>) -> Result<(), DataError> {
        out.clear();
        let base64 =
            if self.escaped { Cow::Owned(self.text().into_owned().into_bytes()) } else { self.raw.into() };
        STANDARD.decode_append(&base64, out).map_err(|_| DataError::NotBase64 { bytes: base64.len() })
    }

    fn unescaped(&self) -> Option<String> {
        let mut quoted = Vec::with_capacity(self.raw.len() + 2);
        quoted.push(b'"');
        quoted.extend_from_slice(self.raw);
        quoted.push(b'"');
        serde_json::from_slice(&quoted).ok()
    }
}
