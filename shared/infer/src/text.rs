//! Decodes the bytes of a file to UTF-8, whatever their encoding.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::finding::NoTable;
use crate::{Sample, looks};

/// A sample as UTF-8. Bytes of a UTF-8 file that are invalid stay as they are.
pub(crate) struct Text<'s> {
    pub(crate) bytes: Cow<'s, [u8]>,
    /// The name that a schema gives the encoding; `None` for UTF-8.
    pub(crate) encoding: Option<&'static str>,
    /// The evidence for the encoding, if it is not certain.
    pub(crate) note: Option<String>,
}

/// One control character among this many is allowed in a text.
const CONTROL_SHARE: usize = 500;

/// Decodes a sample, or says what it looks like.
pub(crate) fn decode<'s>(sample: &Sample<'s>) -> Result<Text<'s>, NoTable> {
    let bytes = sample.bytes;
    if bytes.is_empty() {
        return Err(NoTable::Empty);
    }
    if let Some(what) = looks::like(bytes) {
        return Err(NoTable::LooksLike(what));
    }
    let text = decoded(bytes);
    let is_utf16 = text.encoding == Some("utf-16");
    // A file in bytes is counted as it is: as UTF-8 it may be longer.
    check(if is_utf16 { &text.bytes } else { bytes }, is_utf16)?;
    if text.bytes.trim_ascii().is_empty() {
        return Err(NoTable::Empty);
    }
    Ok(text)
}

fn decoded(bytes: &[u8]) -> Text<'_> {
    let utf16 = match bytes {
        [0xFF, 0xFE, rest @ ..] => Some((UTF_16LE, rest)),
        [0xFE, 0xFF, rest @ ..] => Some((UTF_16BE, rest)),
        [1..=255, 0, 1..=255, 0, ..] => Some((UTF_16LE, bytes)),
        [0, 1..=255, 0, 1..=255, ..] => Some((UTF_16BE, bytes)),
        _ => None,
    };
    if let Some((encoding, units)) = utf16 {
        let whole = units.get(..units.len() & !1).unwrap_or_default();
        let (text, _) = encoding.decode_without_bom_handling(whole);
        let bytes = Cow::Owned(text.into_owned().into_bytes());
        return Text { bytes, encoding: Some("utf-16"), note: None };
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let (mut characters, mut broken, mut first) = (0_usize, 0_usize, None);
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        characters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        at += chunk.valid().len();
        // A character that the end of the sample cuts is neither.
        if !chunk.invalid().is_empty() && at + chunk.invalid().len() < bytes.len() {
            broken += 1;
            first.get_or_insert(at);
        }
        at += chunk.invalid().len();
    }
    let Some(first) = first.filter(|_| broken > characters) else {
        return Text { bytes: Cow::Borrowed(bytes), encoding: None, note: None };
    };
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let line = memchr::memchr_iter(b'\n', bytes.get(..first).unwrap_or_default()).count() + 1;
    let note = format!(
        "not UTF-8: the first of {broken} invalid characters is in line {line}. Windows-1252 is assumed, as \
         western systems use it; docs/schema.md lists other encodings"
    );
    Text {
        bytes: Cow::Owned(text.into_owned().into_bytes()),
        encoding: Some("windows-1252"),
        note: Some(note),
    }
}

/// Refuses bytes that are not text.
fn check(bytes: &[u8], is_utf16: bool) -> Result<(), NoTable> {
    let is_control = |byte: &&u8| matches!(byte, 0 | 2..=8 | 0x0E..=0x1D | 0x7F);
    let controls = bytes.iter().filter(is_control).count();
    let has_zero = memchr::memchr(0, bytes).is_some();
    let lost = if is_utf16 { String::from_utf8_lossy(bytes).matches('\u{FFFD}').count() } else { 0 };
    if has_zero || controls + lost > bytes.len() / CONTROL_SHARE {
        let what = if is_utf16 {
            "binary data that begins like text in UTF-16".to_owned()
        } else {
            format!("binary data ({} of {} bytes are control characters)", controls, bytes.len())
        };
        return Err(NoTable::LooksLike(what));
    }
    Ok(())
}
