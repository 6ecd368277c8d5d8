//! Reads JSON from front to back: every value is checked, and none is built.
//!
//! The grammar is that of RFC 8259, as `serde_json` reads it: both accept the same texts, down to a depth of
//! 128, where `serde_json` stops building values too. A payload's reader mostly skips values, since a schema
//! asks for a few members of many.

use super::json_number::number;
use super::json_text::special_from;
use super::open_brackets::OpenBrackets;

/// The text is not JSON from this byte on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotJson {
    pub(crate) at_byte: usize,
    /// Whether the value that was asked for is complete and another object begins after it.
    pub(crate) is_another: bool,
}

/// The mark that editors and other systems put before a Unicode text. It is not part of the text.
pub(super) const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// A place in a JSON text.
pub(super) struct Scanner<'j> {
    json: &'j str,
    at: usize,
}

impl<'j> Scanner<'j> {
    pub(super) fn new(json: &'j str) -> Self {
        Self { json, at: 0 }
    }

    /// Starts after a byte order mark, if one comes first: RFC 8259 lets a reader ignore it.
    pub(super) fn behind_mark(json: &'j str) -> Self {
        Self { json, at: if json.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 } }
    }

    /// An error: the text is not JSON from here on.
    pub(super) fn not_json(&self) -> NotJson {
        NotJson { at_byte: self.at, is_another: false }
    }

    /// What has not been passed yet.
    pub(super) fn rest(&self) -> &'j str {
        self.json.get(self.at..).unwrap_or_default()
    }

    /// Whether an object begins here, after a byte order mark or without one.
    #[cold]
    pub(super) fn begins_object(&self) -> bool {
        Scanner::behind_mark(self.rest()).peek() == Some(b'{')
    }

    /// The first byte of the next token, after any blanks; `None` at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.json.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Whether the next token is this one. If it is, it is passed.
    #[inline]
    pub(super) fn take(&mut self, token: u8) -> bool {
        let is_next = self.peek() == Some(token);
        self.at += usize::from(is_next);
        is_next
    }

    /// Passes a token that must be there.
    #[inline]
    pub(super) fn expect(&mut self, token: u8) -> Result<(), NotJson> {
        if self.take(token) { Ok(()) } else { Err(self.not_json()) }
    }

    /// Passes a member's name and its colon, and returns the name as it is written, with its quotes.
    #[inline]
    pub(super) fn name(&mut self) -> Result<&'j str, NotJson> {
        self.expect(b'"')?;
        let name = self.string()?;
        self.expect(b':')?;
        Ok(name)
    }

    /// Whether another entry follows in an array or object. If none does, the closing bracket is passed.
    #[inline]
    pub(super) fn goes_on(&mut self, close: u8) -> Result<bool, NotJson> {
        if self.take(b',') {
            return Ok(true);
        }
        self.expect(close).map(|()| false)
    }

    /// Passes what `pass` passes, and returns it as it is written in the text.
    #[inline]
    pub(super) fn text_of(
        &mut self,
        pass: impl FnOnce(&mut Self) -> Result<(), NotJson>,
    ) -> Result<&'j str, NotJson> {
        self.peek();
        let start = self.at;
        pass(self)?;
        Ok(self.since(start))
    }

    /// Passes one value of any kind.
    pub(super) fn skip_value(&mut self) -> Result<(), NotJson> {
        let mut open = OpenBrackets::default();
        loop {
            let first = self.peek();
            let has_entries = match first {
                Some(b'"') => {
                    self.at += 1;
                    self.string()?;
                    false
                }
                Some(b'{' | b'[') => {
                    self.at += 1;
                    open.push(first == Some(b'{')).ok_or(self.not_json())?;
                    let is_empty = self.take(open.close());
                    if is_empty {
                        open.pop();
                    }
                    !is_empty
                }
                _ => {
                    self.number_or_word()?;
                    false
                }
            };
            if !has_entries && !self.ends_entries(&mut open)? {
                return Ok(());
            }
            if open.is_object() {
                self.name()?;
            }
        }
    }

    /// Called after a value: passes the brackets that close there, and the comma before the next entry.
    /// `false` if no bracket is open any more.
    #[inline]
    fn ends_entries(&mut self, open: &mut OpenBrackets) -> Result<bool, NotJson> {
        while open.depth > 0 {
            if self.goes_on(open.close())? {
                return Ok(true);
            }
            open.pop();
        }
        Ok(false)
    }

    /// Passes the rest of a string whose opening quote was passed last, and returns the whole string.
    #[inline]
    fn string(&mut self) -> Result<&'j str, NotJson> {
        let (bytes, start) = (self.json.as_bytes(), self.at - 1);
        loop {
            self.at = special_from(bytes, self.at);
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(self.since(start));
                }
                Some(b'\\') => self.escape()?,
                // This is a control character or the end of the text.
                _ => return Err(self.not_json()),
            }
        }
    }

    fn escape(&mut self) -> Result<(), NotJson> {
        self.at += match self.json.as_bytes().get(self.at + 1..) {
            Some([b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..]) => 2,
            Some([b'u', a, b, c, d, ..]) if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return Err(self.not_json()),
        };
        Ok(())
    }

    fn number_or_word(&mut self) -> Result<(), NotJson> {
        let token = self.json.as_bytes().get(self.at..).unwrap_or_default();
        let len = match token {
            [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => 4,
            [b'f', b'a', b'l', b's', b'e', ..] => 5,
            other => number(other),
        };
        self.at += len;
        if len > 0 { Ok(()) } else { Err(self.not_json()) }
    }

    fn since(&self, start: usize) -> &'j str {
        self.json.get(start..self.at).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::super::json_text::read_string;
    use super::*;

    /// The one value a text is.
    fn value(json: &str) -> Result<&str, NotJson> {
        let mut scanner = Scanner::new(json);
        let value = scanner.text_of(Scanner::skip_value)?;
        if scanner.peek().is_none() { Ok(value) } else { Err(scanner.not_json()) }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let number = prop_oneof![
            any::<i64>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from)
        ];
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map_into(),
            number,
            ".*".prop_map_into()
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map_into(),
                prop::collection::vec((".*", inner), 0..5).prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_takes_what_serde_json_takes(json in any_json(), at in any::<prop::sample::Index>(), byte in 0..128_u8) {
            for whole in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
                prop_assert_eq!(value(&whole), Ok(whole.as_str()));
                // One character of it another one, and one too many: seldom JSON still.
                let at = at.index(whole.len());
                if whole.is_char_boundary(at) && whole.is_char_boundary(at + 1) {
                    for (end, name) in [(at + 1, "changed"), (at, "added")] {
                        let mut changed = whole.clone();
                        changed.replace_range(at..end, &char::from(byte).to_string());
                        let expected = serde_json::from_str::<&RawValue>(&changed).ok().map(RawValue::get);
                        prop_assert_eq!(value(&changed).ok(), expected, "{} {:?}", name, changed);
                    }
                }
            }
        }

        #[test]
        fn it_takes_no_other_text_than_serde_json(json in "[-+0-9.eE]{1,8}|[\\[\\]{}:,\" 1a]{0,12}|\"[\\\\\"u0-9a-fbnrt/]{0,12}\"") {
            let expected = serde_json::from_str::<&RawValue>(&json).ok().map(RawValue::get);
            prop_assert_eq!(value(&json).ok(), expected);
        }

        #[test]
        fn a_name_has_the_text_serde_json_gives_it(name in ".*", escaped in any::<bool>()) {
            let name = if escaped {
                let units = name.encode_utf16().fold(String::new(), |json, unit| format!("{json}\\u{unit:04x}"));
                format!("\"{units}\"")
            } else {
                serde_json::to_string(&name).unwrap()
            };
            let json = format!("{name} : 1");
            let text = read_string(Scanner::new(&json).name().unwrap());
            prop_assert_eq!(text, (Cow::Owned(serde_json::from_str::<String>(&name).unwrap()), false));
        }
    }

    #[test]
    fn what_is_open_is_bounded() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(value(&nested(128)).is_ok());
        assert_eq!(value(&nested(129)), Err(NotJson { at_byte: 129, is_another: false }));
    }

    #[test]
    fn an_error_has_its_place() {
        for (json, at_byte) in
            [("{\"a\":nan}", 5), ("{\n\"a\": 1,}", 9), ("[1 2]", 3), ("\"a\u{1}\"", 2), ("", 0), ("01", 1)]
        {
            assert_eq!(value(json), Err(NotJson { at_byte, is_another: false }), "{json:?}");
        }
    }
}
