//! Prints text from elsewhere on a terminal, so that nothing in it can move the cursor, change what is shown,
//! or reverse its order.
//!
//! The names of files and functions, and the content of records, may come from anybody. Control characters
//! (C0, C1 and DEL) and characters that change the direction of text are escaped: in messages as Rust writes
//! them, and in JSON as JSON does.

use std::borrow::Cow;
use std::io::{self, Write};

/// A message of one line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// A message of several lines.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n')
}

fn escaped(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_unsafe = |c: char| is_unsafe(c) && !is_kept(c);
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Writes JSON and a line end. C0 controls in JSON are escaped already, and the other characters occur only
/// inside its strings.
pub(crate) fn write_json_line(json: &[u8], out: &mut impl Write) -> io::Result<()> {
    let text = String::from_utf8_lossy(json);
    if text.contains(is_unsafe) {
        for c in text.chars() {
            if is_unsafe(c) {
                write!(out, "\\u{:04x}", u32::from(c))?;
            } else {
                write!(out, "{c}")?;
            }
        }
    } else {
        out.write_all(json)?;
    }
    out.write_all(b"\n")
}

fn is_unsafe(c: char) -> bool {
    let turns_text =
        matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns_text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left_in_a_message() {
        assert_eq!(
            line("a\u{1b}[2Jb\u{9b}31m\u{202e}\n\u{7f}é"),
            "a\\u{1b}[2Jb\\u{9b}31m\\u{202e}\\n\\u{7f}é"
        );
        assert_eq!(lines("one\ntwo\u{7}"), "one\ntwo\\u{7}");
        assert!(matches!(line("plain é 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_stays_the_same_json() {
        let value = serde_json::json!({"text": "a\u{1b}b\u{9b}c\u{202e}\u{7f}\\ 日本"});
        let mut out = Vec::new();
        write_json_line(value.to_string().as_bytes(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.trim_end().contains(is_unsafe), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
