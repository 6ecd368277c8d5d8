//! JSON values in a text that arrives in pieces: one a line, or the members of one array.

use bytes::Bytes;

use super::unicode::Unicode;
use super::{ByteSource, MAX_SOURCE_RECORD_BYTES, Place, SourceError};

/// A file's bytes from some place on, with the line of that place.
pub(super) struct Text<B> {
    bytes: Unicode<B>,
    piece: Bytes,
    /// Where `piece` starts in the file.
    pub(super) offset: u64,
    /// From 1; unknown if reading began in the middle.
    line: Option<u64>,
    /// Whether the byte before was a carriage return, so that a line feed does not end another line.
    after_return: bool,
}

impl<B: ByteSource> Text<B> {
    pub(super) fn new(bytes: B, encoding: Option<&'static str>) -> Self {
        let bytes = Unicode::new(bytes, encoding);
        Self { bytes, piece: Bytes::new(), offset: 0, line: Some(1), after_return: false }
    }

    /// Where the next byte is.
    pub(super) fn place(&self) -> Place {
        Place { line: self.line, byte: self.offset }
    }

    /// The bytes at hand, from the next piece if there are none; empty at the end.
    async fn at_hand(&mut self) -> Result<&[u8], SourceError> {
        if self.piece.is_empty() {
            self.piece = self.bytes.next_piece().await?.unwrap_or_default();
        }
        Ok(&self.piece)
    }

    fn pass(&mut self, count: usize) {
        for &byte in self.piece.get(..count).unwrap_or_default() {
            let is_end = byte == b'\r' || (byte == b'\n' && !self.after_return);
            self.after_return = byte == b'\r';
            self.line = self.line.map(|line| line + u64::from(is_end));
        }
        let _ = self.piece.split_to(count.min(self.piece.len()));
        self.offset += count as u64;
    }

    /// Skips blanks, and a byte order mark at the start. Returns the byte after them.
    pub(super) async fn peek(&mut self) -> Result<Option<u8>, SourceError> {
        loop {
            let is_start = self.offset == 0;
            let bytes = self.at_hand().await?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let mark = if is_start && bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
            let rest = bytes.get(mark..).unwrap_or_default();
            let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let next = rest.get(blanks).copied();
            self.pass(mark + blanks);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Passes the byte that was looked at.
    pub(super) fn take(&mut self) {
        self.pass(1);
    }

    /// Reads the rest of a line into `line`, without its end.
    pub(super) async fn read_line(&mut self, line: &mut Vec<u8>) -> Result<(), SourceError> {
        let start = self.offset;
        loop {
            let bytes = self.at_hand().await?;
            let end = memchr::memchr2(b'\n', b'\r', bytes);
            line.extend_from_slice(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default());
            let is_over = end.is_some() || bytes.is_empty();
            let count = end.unwrap_or(bytes.len());
            self.pass_within_line(count);
            if line.len() > MAX_SOURCE_RECORD_BYTES {
                return Err(SourceError::TooLong { at: start });
            }
            if is_over {
                return Ok(());
            }
        }
    }

    /// Does what [`Text::pass`] does, for bytes without a line end.
    fn pass_within_line(&mut self, count: usize) {
        self.after_return &= count == 0;
        let _ = self.piece.split_to(count.min(self.piece.len()));
        self.offset += count as u64;
    }

    /// Reads a member of an array into `value`, up to what ends it; `false` if the text ends first.
    pub(super) async fn read_member(&mut self, value: &mut Vec<u8>) -> Result<bool, SourceError> {
        let start = self.offset;
        let mut nesting = Nesting::default();
        loop {
            let bytes = self.at_hand().await?;
            if bytes.is_empty() {
                // A whole value counts, even if nothing closes its array.
                return Ok(nesting.is_whole() && !value.is_empty());
            }
            let end = bytes.iter().position(|&byte| nesting.ends_before(byte));
            let count = end.unwrap_or(bytes.len());
            value.extend_from_slice(bytes.get(..count).unwrap_or_default());
            self.pass(count);
            if value.len() > MAX_SOURCE_RECORD_BYTES {
                return Err(SourceError::TooLong { at: start });
            }
            if end.is_some() {
                value.truncate(value.trim_ascii_end().len());
                return Ok(true);
            }
        }
    }

    /// Continues at a byte of the file.
    pub(super) async fn go_to(&mut self, target: u64) -> Result<(), SourceError> {
        if self.offset < target && self.bytes.seek(target)? {
            (self.piece, self.offset, self.line) = (Bytes::new(), target, None);
            return Ok(());
        }
        while self.offset < target {
            let wanted = usize::try_from(target - self.offset).unwrap_or(usize::MAX);
            let count = wanted.min(self.at_hand().await?.len());
            if count == 0 {
                return Ok(());
            }
            self.pass(count);
        }
        Ok(())
    }
}

/// How deep inside a value a byte is.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

impl Nesting {
    fn is_whole(&self) -> bool {
        self.depth == 0 && !self.in_string
    }

    /// Whether the value ended before this byte; if not, the byte belongs to it.
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.in_string {
            let is_escaped = std::mem::take(&mut self.is_escaped);
            match byte {
                b'\\' => self.is_escaped = !is_escaped,
                b'"' => self.in_string = is_escaped,
                _ => {}
            }
            return false;
        }
        match byte {
            b',' | b']' if self.depth == 0 => return true,
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }
}
