//! The rows of a CSV file, each as it stands there and as its cells.
//!
//! Reading is as strict as Python's `csv` with `strict` and `DuckDB` are: a delimiter or a line end follows a
//! closing quote, every opened quote is closed, and a row has as many cells as the header.

use std::cmp::Ordering;
use std::ops::Range;

use bytes::Bytes;
use csv::ByteRecord;
use csv_core::ReadRecordResult;
use record_model::{CsvRow, Dialect, Problem};

use crate::sources::unicode::Unicode;
use crate::sources::{ByteSource, MAX_SOURCE_RECORD_BYTES, Place, SourceError};

/// A file of text, row after row. LF, CRLF and a lone CR end a row. Quoted cells may contain all of them.
pub(super) struct CsvRows<B> {
    bytes: Unicode<B>,
    dialect: Dialect,
    reader: csv_core::Reader,
    piece: Bytes,
    /// How much of `piece` has been read.
    at: usize,
    /// Where the next byte is in the file.
    pub(super) offset: u64,
    /// Whether lines are counted from the start of the file.
    knows_lines: bool,
    cells: Cells,
    /// The row as it stands in the file, if it began in an earlier piece.
    raw: Vec<u8>,
    /// Line ends before the row, in earlier pieces.
    blank: Blank,
}

/// Line ends before a row.
#[derive(Clone, Copy, Default)]
struct Blank {
    bytes: u64,
    line_feeds: u64,
}

impl Blank {
    fn add(&mut self, line_ends: &[u8]) {
        self.bytes += line_ends.len() as u64;
        self.line_feeds += memchr::memchr_iter(b'\n', line_ends).count() as u64;
    }
}

/// The unquoted cells of one row, in the buffers that the reader writes to.
pub(super) struct Cells {
    bytes: Vec<u8>,
    /// Where each cell ends in `bytes`.
    ends: Vec<usize>,
    /// How many there are.
    count: usize,
}

/// A row as it stands in the file.
pub(super) struct Raw {
    /// Where reading it began, before any blank lines.
    pub(super) place: Place,
    /// It lies in `piece` from here to `at`, or is the whole of `raw`.
    from: usize,
}

impl Cells {
    fn new() -> Self {
        Self { bytes: vec![0; 1024], ends: vec![0; 32], count: 0 }
    }

    fn ends(&self) -> &[usize] {
        self.ends.get(..self.count).unwrap_or_default()
    }

    /// The cells as a record of their own.
    pub(super) fn record(&self) -> ByteRecord {
        (0..self.count).filter_map(|cell| self.bytes.get(self.range(cell)?)).collect()
    }
}

impl CsvRow for Cells {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.ends().last().copied().unwrap_or_default()).unwrap_or_default()
    }

    fn range(&self, cell: usize) -> Option<Range<usize>> {
        let end = *self.ends().get(cell)?;
        let start =
            cell.checked_sub(1).and_then(|before| self.ends().get(before).copied()).unwrap_or_default();
        Some(start..end)
    }
}

impl<B: ByteSource> CsvRows<B> {
    pub(super) fn new(bytes: B, dialect: &Dialect) -> Self {
        let reader = csv_core::ReaderBuilder::new()
            .delimiter(dialect.delimiter)
            .quote(dialect.quote.unwrap_or(b'"'))
            .quoting(dialect.quote.is_some())
            .build();
        Self {
            bytes: Unicode::new(bytes, dialect.encoding),
            dialect: dialect.clone(),
            reader,
            piece: Bytes::new(),
            at: 0,
            offset: 0,
            knows_lines: true,
            cells: Cells::new(),
            raw: Vec::new(),
            blank: Blank::default(),
        }
    }

    /// The cells of the row that was read last.
    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    /// Skips the lines before the first row.
    pub(super) async fn skip_lines(&mut self) -> Result<(), SourceError> {
        let mut left = self.dialect.skip;
        let mut before = 0;
        loop {
            if self.at == self.piece.len() {
                let Some(piece) = self.bytes.next_piece().await? else { return Ok(()) };
                (self.piece, self.at) = (piece, 0);
            }
            let Some(&byte) = self.piece.get(self.at) else { continue };
            // The line feed after a carriage return does not end another line.
            let is_pair = before == b'\r' && byte == b'\n';
            if left == 0 && !is_pair {
                break;
            }
            left -= u32::from(is_line_end(byte) && !is_pair);
            before = byte;
            (self.at, self.offset) = (self.at + 1, self.offset + 1);
        }
        self.reader.set_line(u64::from(self.dialect.skip) + 1);
        Ok(())
    }

    /// Continues with the row that begins at a byte of the file, after the present place.
    pub(super) async fn go_to(&mut self, target: u64) -> Result<(), SourceError> {
        if self.bytes.seek(target)? {
            (self.piece, self.at, self.offset) = (Bytes::new(), 0, target);
            self.knows_lines = false;
            self.reader.reset();
            return Ok(());
        }
        while self.offset < target && self.next().await?.is_some() {}
        Ok(())
    }

    /// Reads the next row, or what stands in its place; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Raw>, SourceError> {
        let (mut written, mut ended, mut at_end) = (0, 0, false);
        let (start, line) = (self.offset, self.reader.line());
        let mut from = self.at;
        self.raw.clear();
        self.blank = Blank::default();
        loop {
            if self.at == self.piece.len() && !at_end {
                self.keep(from);
                let piece = self.bytes.next_piece().await?;
                at_end = piece.is_none();
                (self.piece, self.at, from) = (piece.unwrap_or_default(), 0, 0);
            }
            let input = self.piece.get(self.at..).unwrap_or_default();
            let bytes = self.cells.bytes.get_mut(written..).unwrap_or_default();
            let ends = self.cells.ends.get_mut(ended..).unwrap_or_default();
            let (result, read, more_written, more_ended) = self.reader.read_record(input, bytes, ends);
            self.at += read;
            self.offset += read as u64;
            written += more_written;
            ended += more_ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => double(&mut self.cells.bytes),
                ReadRecordResult::OutputEndsFull => double(&mut self.cells.ends),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
            if written + ended > MAX_SOURCE_RECORD_BYTES {
                return Err(SourceError::TooLong { at: start });
            }
        }
        self.cells.count = ended;
        if !self.raw.is_empty() {
            self.keep(from);
        }
        Ok(Some(Raw { place: Place { line: Some(line), byte: start }, from }))
    }

    /// Keeps what was read of a record before its piece is given away. Blank lines before it are not part of
    /// it.
    fn keep(&mut self, from: usize) {
        let read = self.piece.get(from..self.at).unwrap_or_default();
        if self.raw.is_empty() {
            let (blank, record) = split_blank(read);
            self.blank.add(blank);
            self.raw.extend_from_slice(record);
        } else {
            self.raw.extend_from_slice(read);
        }
    }

    /// The record as it stands in the file, without the line ends around it.
    pub(super) fn found(&self, raw: &Raw) -> &[u8] {
        let found = match &*self.raw {
            [] => split_blank(self.piece.get(raw.from..self.at).unwrap_or_default()).1,
            raw => raw,
        };
        let end = found.iter().rposition(|byte| !is_line_end(*byte)).map_or(0, |last| last + 1);
        found.get(..end).unwrap_or_default()
    }

    /// What is wrong with a row as CSV, which must have this many cells if the number is known. `Err` if the
    /// end of the row is unknown.
    pub(super) fn problem(&self, raw: &Raw, width: Option<usize>) -> Result<Option<Problem>, SourceError> {
        let found = self.found(raw);
        // A byte order mark is not part of the first cell.
        let found = found.strip_prefix(b"\xEF\xBB\xBF").filter(|_| raw.place.byte == 0).unwrap_or(found);
        let has_quote = self.dialect.quote.is_some_and(|quote| memchr::memchr(quote, found).is_some());
        if has_quote && !self.dialect.quotes_are_right(found) {
            if memchr::memchr2(b'\n', b'\r', found).is_some() {
                return Err(SourceError::Damaged { place: self.place(raw), what: "record" });
            }
            return Ok(Some(Problem::BadQuote));
        }
        let found = self.cells.count;
        let expected = width.unwrap_or(found);
        Ok(match found.cmp(&expected) {
            Ordering::Less => Some(Problem::TooFewFields { found, expected }),
            Ordering::Equal => None,
            Ordering::Greater => Some(Problem::TooManyFields { found, expected }),
        })
    }

    /// Where the record itself begins, after blank lines. Lines are known if reading began with the first
    /// line and each line ends with a line feed.
    #[cold]
    pub(super) fn place(&self, raw: &Raw) -> Place {
        let mut blank = self.blank;
        if self.raw.is_empty() {
            blank.add(split_blank(self.piece.get(raw.from..self.at).unwrap_or_default()).0);
        }
        let line = raw.place.line.filter(|_| self.knows_lines && self.reader.line() > 1);
        Place { line: line.map(|line| line + blank.line_feeds), byte: raw.place.byte + blank.bytes }
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// The line ends before a record, and the rest.
fn split_blank(read: &[u8]) -> (&[u8], &[u8]) {
    read.split_at(read.iter().position(|byte| !is_line_end(*byte)).unwrap_or(read.len()))
}

fn double<T: Default + Clone>(buffer: &mut Vec<T>) {
    let doubled = buffer.len() * 2;
    buffer.resize(doubled, T::default());
}
