//! Writes the values of a delimited row so that they read back.

use super::error::Problem;
use super::row::{Guard, RowForm};

impl RowForm {
    /// Appends a value so that it reads back as one field. [`RowForm::end_of_row`] finds a line end in a bare
    /// value, since it looks at a whole row at once.
    pub(crate) fn write(&self, value: &str, out: &mut Vec<u8>) -> Result<(), Problem> {
        let line_end = value.contains(['\n', '\r']);
        let breaks = self.breaks(value);
        match self.guard {
            Guard::None if breaks => return Err(Problem::Unwritable),
            Guard::Quote(quote) if breaks || line_end || value.starts_with(quote) => {
                let mut quoted = String::with_capacity(value.len() + 2);
                quoted.push(quote);
                for c in value.chars() {
                    quoted.extend(std::iter::repeat_n(c, if c == quote { 2 } else { 1 }));
                }
                quoted.push(quote);
                out.extend_from_slice(quoted.as_bytes());
            }
            Guard::Escape(escape) if breaks || line_end || value.contains(escape) => {
                out.extend_from_slice(self.escaped(value, escape).as_bytes());
            }
            _ => out.extend_from_slice(value.as_bytes()),
        }
        Ok(())
    }

    /// Changes a value that was appended unchanged, from byte `start` on, so that it reads back as one field.
    pub(crate) fn guard_from(&self, start: usize, out: &mut Vec<u8>) -> Result<(), Problem> {
        if out.get(start..).is_some_and(|value| self.is_plain(value)) {
            return Ok(());
        }
        let value = String::from_utf8(out.split_off(start)).map_err(|_| Problem::NotUtf8)?;
        self.write(&value, out)
    }

    /// Whether no character of a value has a meaning in a row. Many other values need no guard either.
    #[inline]
    fn is_plain(&self, value: &[u8]) -> bool {
        let lacks = |byte: &u8| memchr::memchr(*byte, value).is_none();
        let keeps_guard = match self.guard {
            Guard::None => true,
            Guard::Quote(guard) | Guard::Escape(guard) => {
                let mut utf8 = [0; 4];
                [b'\n', b'\r'].iter().chain(guard.encode_utf8(&mut utf8).as_bytes()).all(lacks)
            }
        };
        keeps_guard && self.delimiter.as_bytes().iter().all(lacks)
    }

    /// Whether a value would end too early, or would form a delimiter together with the one after it.
    fn breaks(&self, value: &str) -> bool {
        let begins_one = |at: usize| self.delimiter.get(..at).is_some_and(|head| value.ends_with(head));
        value.contains(&self.delimiter) || (1..self.delimiter.len()).any(begins_one)
    }

    fn escaped(&self, value: &str, escape: char) -> String {
        let mut escaped = String::with_capacity(value.len() + 8);
        for c in value.chars() {
            let written = match c {
                '\n' => 'n',
                '\r' => 'r',
                c => c,
            };
            // Every character of the delimiter is escaped, so that no part of one can combine with the next.
            if written != c || c == escape || self.delimiter.contains(c) {
                escaped.push(escape);
            }
            escaped.push(written);
        }
        escaped
    }
}
