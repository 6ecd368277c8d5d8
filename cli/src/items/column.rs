//! The cells of one CSV column, row after row.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use record_model::Dialect;

use super::{Item, ItemError, MAX_LINE_BYTES};

/// The cells of one column.
pub(crate) struct Column<R: BufRead> {
    reader: csv::Reader<Bounded<io::Chain<io::Cursor<Vec<u8>>, R>>>,
    left: Rc<Cell<u64>>,
    seen: Rc<RefCell<Vec<u8>>>,
    /// Where `seen` begins in the input.
    seen_from: u64,
    dialect: Dialect,
    width: usize,
    field: String,
    at: usize,
    id_at: Option<usize>,
    row: csv::ByteRecord,
}

/// Bytes until too many came since the last row, each of which is kept.
struct Bounded<R> {
    inner: R,
    left: Rc<Cell<u64>>,
    seen: Rc<RefCell<Vec<u8>>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.get().checked_sub(read as u64) {
            Some(left) => self.left.set(left),
            None => return Err(io::ErrorKind::FileTooLarge.into()),
        }
        self.seen.borrow_mut().extend_from_slice(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<R: BufRead> Column<R> {
    /// Cells with this place and those with ids, behind a header that was read.
    pub(super) fn open(
        (header, input): (Vec<u8>, R),
        delimiter: u8,
        field: String,
        (at, id_at): (usize, Option<usize>),
    ) -> io::Result<Self> {
        let (left, seen) = (Rc::new(Cell::new(MAX_LINE_BYTES)), Rc::default());
        // The header goes in again, so that lines are counted from the first.
        let inner = io::Cursor::new(header).chain(input);
        let bytes = Bounded { inner, left: Rc::clone(&left), seen: Rc::clone(&seen) };
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(bytes);
        let width = reader.byte_headers()?.len();
        let dialect = Dialect { delimiter, ..Dialect::default() };
        let row = csv::ByteRecord::new();
        Ok(Self { reader, left, seen, seen_from: 0, dialect, width, field, at, id_at, row })
    }

    /// The next cell that is not blank.
    pub(super) fn next(&mut self) -> Result<Option<Item>, ItemError> {
        loop {
            self.left.set(MAX_LINE_BYTES);
            let (begin, line) = (self.reader.position().byte(), self.reader.position().line());
            let read =
                self.reader.read_byte_record(&mut self.row).map_err(|error| match error.into_kind() {
                    csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                        ItemError::RowTooLong { line }
                    }
                    csv::ErrorKind::Io(source) => ItemError::Read { line, source },
                    other => ItemError::Read { line, source: io::Error::other(format!("{other:?}")) },
                })?;
            if !read {
                return Ok(None);
            }
            let line = self.checked(begin, line)?;
            let cell = self.row.get(self.at);
            let cell = cell.ok_or_else(|| ItemError::NoCell { line, field: self.field.clone() })?;
            let (found, expected) = (self.row.len(), self.width);
            if found != expected {
                return Err(ItemError::Cells { line, found, expected });
            }
            if !cell.trim_ascii().is_empty() {
                let id = self.id_at.and_then(|at| self.row.get(at)).map(<[u8]>::to_vec);
                return Ok(Some(Item { line, bytes: cell.to_vec(), id }));
            }
        }
    }

    /// The line of the row that was read from `begin`, behind blank lines. Refuses a row whose quotes are wrong, as
    /// strictly as the producer does.
    fn checked(&mut self, begin: u64, line: u64) -> Result<u64, ItemError> {
        let mut seen = self.seen.borrow_mut();
        let at = |byte: u64| usize::try_from(byte.saturating_sub(self.seen_from)).unwrap_or(usize::MAX);
        let end = self.reader.position().byte();
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let row = seen.get(at(begin)..at(end)).unwrap_or_default();
        let first = row.iter().position(|byte| !is_end(byte)).unwrap_or(row.len());
        let blank = row.iter().take(first).filter(|byte| **byte == b'\n').count();
        let line = line + blank as u64;
        let last = row.iter().rposition(|byte| !is_end(byte)).map_or(first, |last| last + 1);
        let row = row.get(first..last).unwrap_or_default();
        let checked = if self.dialect.quotes_are_right(row) {
            Ok(line)
        } else if row.iter().any(is_end) {
            Err(ItemError::Damaged { line })
        } else {
            Err(ItemError::BadQuote { line })
        };
        let passed = at(end).min(seen.len());
        seen.drain(..passed);
        self.seen_from = end;
        checked
    }
}
