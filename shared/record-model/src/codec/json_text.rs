//! JSON strings, written straight into the output.

use std::borrow::Cow;

use super::words;

/// Appends `text` as a JSON string. Control characters, quotes and backslashes are escaped, nothing else,
/// so the result is one line.
#[inline]
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    write_escaped(text, out);
    out.push(b'"');
}

/// Appends the inside of a JSON string: plain bytes in runs, each special one escaped.
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

/// Where the first byte from `from` on is that can't stand for itself in a string: a control character, `"` or `\`.
/// The end where none is.
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

/// The text of a JSON string that is known to be valid; `None` where it names half a surrogate pair.
pub(crate) fn read_string(json: &str) -> Option<Cow<'_, str>> {
    let inside = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inside));
    }
    serde_json::from_str::<String>(json).ok().map(Cow::Owned)
}

/// Appends valid JSON without the blanks between its tokens, so that it is one line.
pub(crate) fn write_compact(json: &str, out: &mut Vec<u8>) {
    let (mut in_string, mut escaped) = (false, false);
    for &byte in json.as_bytes() {
        if in_string || !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            out.push(byte);
        }
        let ends = byte == b'"' && !escaped;
        escaped = in_string && byte == b'\\' && !escaped;
        in_string ^= ends;
    }
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
            prop_assert_eq!(read_string(std::str::from_utf8(&out).unwrap()).unwrap(), text);
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
        write_compact("{ \"a b\" :\n [1 , \"x \\\" y\\\\\" ] }", &mut out);
        assert_eq!(out, br#"{"a b":[1,"x \" y\\"]}"#);
    }
}
