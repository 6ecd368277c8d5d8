//! A forward-only JSON reader for the envelope of an event: it borrows what is asked for and skips the rest.

use super::{EventError, JsonText};
use memchr::{memchr, memchr_iter, memchr2, memchr3};
use serde::de::IgnoredAny;

/// A place in the event. Member names are compared as they are written, so an escaped name counts as unknown.
pub(super) struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0 }
    }

    /// Hands each member's name to `member`, which must read or skip its value.
    pub(super) fn object<F>(&mut self, mut member: F) -> Result<(), EventError>
    where
        F: FnMut(&mut Self, &'a [u8]) -> Result<(), EventError>,
    {
        self.take(b'{', "an object")?;
        if self.took(b'}') {
            return Ok(());
        }
        loop {
            let name = self.text()?.raw();
            self.take(b':', "a colon")?;
            member(self, name)?;
            if self.took(b'}') {
                return Ok(());
            }
            self.take(b',', "a comma or the object's end")?;
        }
    }

    /// Calls `element` for each element, which must read or skip it.
    pub(super) fn array<F>(&mut self, mut element: F) -> Result<(), EventError>
    where
        F: FnMut(&mut Self) -> Result<(), EventError>,
    {
        self.take(b'[', "an array")?;
        if self.took(b']') {
            return Ok(());
        }
        loop {
            element(self)?;
            if self.took(b']') {
                return Ok(());
            }
            self.take(b',', "a comma or the array's end")?;
        }
    }

    /// A string.
    pub(super) fn text(&mut self) -> Result<JsonText<'a>, EventError> {
        self.take(b'"', "a string")?;
        let start = self.at;
        loop {
            let Some(found) = quote_or_backslash(self.rest()) else {
                return self.malformed("the string's end");
            };
            self.at += found;
            if self.input.get(self.at) == Some(&b'"') {
                let raw = self.input.get(start..self.at).unwrap_or_default();
                self.at += 1;
                return Ok(JsonText(raw));
            }
            self.at += 2;
        }
    }

    /// A string. Any other value is skipped and counts as absent.
    pub(super) fn optional_text(&mut self) -> Result<Option<JsonText<'a>>, EventError> {
        if self.peek() == Some(b'"') { self.text().map(Some) } else { self.raw().map(|_| None) }
    }

    /// Any value, as it is written.
    pub(super) fn raw(&mut self) -> Result<&'a [u8], EventError> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => drop(self.text()?),
            Some(b'-' | b'0'..=b'9') => self.at += number_length(self.rest()),
            Some(b'{') if let Some(length) = flat_object_length(self.rest()) => self.at += length,
            _ => self.at += self.value_length()?,
        }
        Ok(self.input.get(start..self.at).unwrap_or_default())
    }

    /// Only `true` counts as true.
    pub(super) fn is_true(&mut self) -> Result<bool, EventError> {
        Ok(self.raw()? == b"true")
    }

    /// Nothing but blanks may follow the event.
    pub(super) fn end(&mut self) -> Result<(), EventError> {
        if self.peek().is_none() { Ok(()) } else { self.malformed("the event's end") }
    }

    /// Whether the next value is of this kind, by its first byte.
    pub(super) fn is_at(&mut self, first: u8) -> bool {
        self.peek() == Some(first)
    }

    /// `serde_json` measures objects, arrays and words, and also limits how deep they nest.
    fn value_length(&mut self) -> Result<usize, EventError> {
        let mut values = serde_json::Deserializer::from_slice(self.rest()).into_iter::<IgnoredAny>();
        match values.next() {
            Some(Ok(_)) => Ok(values.byte_offset()),
            _ => self.malformed("a value"),
        }
    }

    fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.input.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    fn took(&mut self, byte: u8) -> bool {
        let took = self.peek() == Some(byte);
        self.at += usize::from(took);
        took
    }

    fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), EventError> {
        if self.took(byte) { Ok(()) } else { self.malformed(expected) }
    }

    fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn malformed<T>(&self, expected: &'static str) -> Result<T, EventError> {
        Err(EventError::Malformed { byte: self.at.min(self.input.len()), expected })
    }
}

fn number_length(input: &[u8]) -> usize {
    let in_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    input.iter().position(|byte| !in_number(byte)).unwrap_or(input.len())
}

/// The length of an object without nested or escaped parts, such as each record's metadata. Without escapes,
/// a closing brace after an even number of quotes is not in a string.
fn flat_object_length(input: &[u8]) -> Option<usize> {
    let end = memchr(b'}', input)?;
    let members = input.get(1..end)?;
    let is_flat = memchr3(b'{', b'[', b'\\', members).is_none();
    (is_flat && memchr_iter(b'"', members).count().is_multiple_of(2)).then_some(end + 1)
}

/// Searches word by word: names and most values end within a few machine words, where a call of `memchr`
/// costs more than it saves.
fn quote_or_backslash(input: &[u8]) -> Option<usize> {
    let mut skipped = 0;
    for word in input.chunks_exact(8).take(4) {
        let word = u64::from_le_bytes(word.try_into().unwrap_or_default());
        let found = bytes_equal(word, b'"') | bytes_equal(word, b'\\');
        if found != 0 {
            return Some(skipped + found.trailing_zeros() as usize / 8);
        }
        skipped += 8;
    }
    memchr2(b'"', b'\\', input.get(skipped..)?).map(|found| skipped + found)
}

/// The top bit of each byte that equals `byte`, right up to the first such byte.
fn bytes_equal(word: u64, byte: u8) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let zeros = word ^ (LOW * u64::from(byte));
    zeros.wrapping_sub(LOW) & !zeros & HIGH
}
