//! JSON strings, written straight to the output.

use std::borrow::Cow;

use super::words;

/// Appends `text` as a JSON string. Only control characters, quotes and backslashes are escaped, so the
/// result is one line.
#[inline]
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    write_escaped(text, out);
    out.push(b'"');
}

/// Appends the inside of a JSON string: plain bytes in runs, with each special byte escaped.
#[inline]
pub(crate) fn write_escaped(text: &str, out: &mut Vec<u8>) {
    let mut bytes = text.as_bytes();
    while let Some((plain, [special, rest @ ..])) = bytes.split_at_checked(special_from(bytes, 0)) {
        out.extend_from_slice(plain);
        write_escape(*special, out);
        bytes = rest;
    }
    out.extend_from_slice(bytes);
}

#[cold]
fn write_escape(special: u8, out: &mut Vec<u8>) {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    match special {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', special]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        control => {
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(control >> 4), digit(control & 15)]);
        }
    }
}

/// Finds the first byte, at `from` or later, that must be escaped in a string: a control character, `"` or
/// `\`. Returns the length if there is none.
#[inline]
pub(super) fn special_from(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    let mut at = from;
    for word in words {
        let specials = specials(u64::from_le_bytes(*word));
        if specials != 0 {
            return at + words::first(specials);
        }
        at += word.len();
    }
    at + tail.iter().position(|&byte| is_special(byte)).unwrap_or(tail.len())
}

/// The bit of the first byte that is under 0x20, 0x22 or 0x5C.
#[inline]
fn specials(word: u64) -> u64 {
    words::under(word, 0x20) | words::equal(word, b'"') | words::equal(word, b'\\')
}

#[inline]
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The text of a JSON string that is known to be valid, and whether it named an unpaired surrogate. Such a
/// half is not a character, so U+FFFD replaces it, as Unicode recommends for ill-formed text.
pub(crate) fn read_string(json: &str) -> (Cow<'_, str>, bool) {
    let inside = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(json);
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return (Cow::Borrowed(inside), false);
    }
    match serde_json::from_str::<String>(json) {
        Ok(text) => (Cow::Owned(text), false),
        Err(_) => (Cow::Owned(read_mended(json)), true),
    }
}

/// The text of a valid string, with U+FFFD for each unpaired surrogate.
#[cold]
fn read_mended(json: &str) -> String {
    let mut mended = Vec::with_capacity(json.len());
    write_compact(json, &mut mended);
    serde_json::from_slice(&mended).unwrap_or_default()
}

/// Appends valid JSON on one line, without the blanks between its tokens, and with U+FFFD for each unpaired
/// surrogate. Returns whether there was one.
pub fn write_compact(json: &str, out: &mut Vec<u8>) -> bool {
    let mut is_mended = false;
    let mut in_string = false;
    let mut rest = json.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let mut passed = 1;
        if in_string && byte == b'\\' {
            passed = escape_len(rest);
            if unit(rest).is_some_and(|unit| (0xD800..0xE000).contains(&unit)) && passed == UNIT_BYTES {
                out.extend_from_slice(b"\\ufffd");
                is_mended = true;
            } else {
                out.extend_from_slice(rest.get(..passed).unwrap_or(rest));
            }
        } else {
            in_string ^= byte == b'"';
            if in_string || !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                out.push(byte);
            }
        }
        rest = after.get(passed - 1..).unwrap_or_default();
    }
    is_mended
}

/// The bytes of `\u` and four digits.
const UNIT_BYTES: usize = 6;

/// The length of the escape at the front; a surrogate pair counts as one escape.
fn escape_len(escape: &[u8]) -> usize {
    let low = || escape.get(UNIT_BYTES..).and_then(unit);
    match unit(escape) {
        Some(0xD800..0xDC00) if low().is_some_and(|low| (0xDC00..0xE000).contains(&low)) => 2 * UNIT_BYTES,
        Some(_) => UNIT_BYTES,
        None => 2,
    }
}

/// The UTF-16 unit at the front, if one is written there as `\uD83D`.
fn unit(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"\\u")?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit * 16 + char::from(digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_written_string_reads_back_as_it_was(text in "\\PC*|[\\x00-\\x7f]*|.*") {
            let mut out = Vec::new();
            write_string(&text, &mut out);
            prop_assert!(!out.contains(&b'\n'));
            prop_assert_eq!(&serde_json::from_slice::<String>(&out).unwrap(), &text);
            prop_assert_eq!(read_string(std::str::from_utf8(&out).unwrap()), (Cow::Owned(text), false));
        }

        #[test]
        fn units_of_utf_16_are_the_text_they_are_with_halves_mended(
            units in prop::collection::vec(prop_oneof![0xD7F0..0xE010_u16, 0x20..0x7F_u16, any::<u16>()], 0..12),
            upper: bool,
        ) {
            let escape = |unit: &u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
            let json = format!("\"{}\"", units.iter().map(escape).collect::<String>());
            let expected = String::from_utf16_lossy(&units);
            let is_mended = String::from_utf16(&units).is_err();
            prop_assert_eq!(read_string(&json), (Cow::Borrowed(&*expected), is_mended));
            let mut out = Vec::new();
            prop_assert_eq!(write_compact(&json, &mut out), is_mended);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), expected);
        }

        #[test]
        fn eight_bytes_at_once_see_what_one_at_a_time_sees(
            bytes in prop::collection::vec(any::<u8>(), 0..40),
            from in 0..50_usize,
        ) {
            let expected = (from..bytes.len()).find(|&at| is_special(bytes[at])).unwrap_or(bytes.len().max(from));
            prop_assert_eq!(special_from(&bytes, from), expected);
        }
    }

    #[test]
    fn blanks_are_dropped_between_tokens_and_kept_inside_strings() {
        let mut out = Vec::new();
        assert!(!write_compact("{ \"a b\" :\n [1 , \"x \\\" y\\\\\" ] }", &mut out));
        assert_eq!(out, br#"{"a b":[1,"x \" y\\"]}"#);
    }
}
