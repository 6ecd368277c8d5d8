//! CSV: the rows of a sample in the dialect that was detected.

use std::borrow::Cow;

use csv::{ByteRecord, ReaderBuilder};
use record_model::{Dialect, FileFormat};

use crate::finding::RefusedRow;
use crate::rows::{Cell, Column, Content, CsvRow, Place, Rows};
use crate::{header, sniff};

/// A row as it was read, with the text it was read from.
pub(crate) struct RawRow {
    pub(crate) line: u64,
    pub(crate) cells: ByteRecord,
    pub(crate) has_bad_quote: bool,
    /// Whether it spans several lines.
    pub(crate) is_long: bool,
}

/// Every row of a text in a dialect, without the lines that the dialect skips.
pub(crate) fn raw_rows<'t>(text: &'t [u8], dialect: &'t Dialect) -> impl Iterator<Item = RawRow> + 't {
    let begin = skipped(text, dialect.skip);
    let text = text.get(begin..).unwrap_or_default();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter)
        .quote(dialect.quote.unwrap_or(b'"'))
        .quoting(dialect.quote.is_some())
        .from_reader(text);
    std::iter::from_fn(move || {
        let start = reader.position().clone();
        let mut cells = ByteRecord::new();
        // Reading bytes from memory doesn't fail.
        if !reader.read_byte_record(&mut cells).unwrap_or(false) {
            return None;
        }
        let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
        let found = text.get(at(start.byte())..at(reader.position().byte())).unwrap_or_default();
        let begins = found.iter().position(|byte| !is_line_end(*byte)).unwrap_or(0);
        let blank = memchr::memchr_iter(b'\n', found.get(..begins).unwrap_or_default()).count();
        let row = bare(found);
        Some(RawRow {
            line: u64::from(dialect.skip) + start.line() + blank as u64,
            has_bad_quote: !dialect.quotes_are_right(row),
            is_long: row.iter().any(|byte| is_line_end(*byte)),
            cells,
        })
    })
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn bare(mut row: &[u8]) -> &[u8] {
    while let [b'\n' | b'\r', rest @ ..] | [rest @ .., b'\n' | b'\r'] = row {
        row = rest;
    }
    row
}

/// Where the text begins after this many lines.
fn skipped(text: &[u8], lines: u32) -> usize {
    let mut at = 0;
    for _ in 0..lines {
        let rest = text.get(at..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| is_line_end(*byte)) else { return text.len() };
        let is_pair = rest.get(end..end + 2) == Some(b"\r\n");
        at += end + if is_pair { 2 } else { 1 };
    }
    at
}

/// Reads a text as CSV of the dialect that fits it best.
pub(crate) fn read(text: &[u8], is_whole: bool) -> Rows {
    let mut dialect = sniff::dialect(text, is_whole);
    let mut raw: Vec<RawRow> = raw_rows(text, &dialect).collect();
    if !is_whole {
        raw.pop();
    }
    dialect.has_header = header::has(&raw);
    dialect.format = Some(FileFormat::Csv);
    let mut raw = raw.into_iter().peekable();
    let header = if dialect.has_header { raw.next() } else { None };
    let width = header.as_ref().or(raw.peek()).map_or(0, |row| row.cells.len());
    let (mut rows, mut broken, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for row in raw {
        let found = row.cells.len();
        if row.has_bad_quote {
            let reason = "a quoted value must end with a quote before the next delimiter".to_owned();
            broken.push(RefusedRow { line: row.line, reason });
            if row.is_long {
                notes.push(format!(
                    "line {}: a quote is left open there or closed too early, so nothing after it is read",
                    row.line
                ));
                break;
            }
        } else if found == width {
            rows.push(CsvRow { line: row.line, cells: row.cells });
        } else {
            let reason = format!("the row has {found} fields, expected {width}");
            broken.push(RefusedRow { line: row.line, reason });
        }
    }
    Rows { dialect, content: Content::Csv { header: header.map(|row| row.cells), rows }, broken, notes }
}

/// The cells of whole rows by column. The row of a cell that is not UTF-8 is refused, so the cell does not
/// count.
pub(crate) fn columns<'r>(header: Option<&'r ByteRecord>, rows: &'r [CsvRow]) -> Vec<Column<'r>> {
    let width = header.map_or_else(|| rows.first().map_or(0, |row| row.cells.len()), ByteRecord::len);
    let title = |at: usize| {
        header.and_then(|header| header.get(at)).map_or(Cow::Borrowed(""), String::from_utf8_lossy)
    };
    let cell = |row: &'r CsvRow, at: usize| {
        let text = std::str::from_utf8(row.cells.get(at)?).ok()?;
        Some(Cell { line: row.line, text: Cow::Borrowed(text), is_boolean: false, is_string: false })
    };
    (0..width)
        .map(|at| Column {
            title: title(at),
            place: Place::Cell(at),
            values: rows.iter().filter_map(|row| cell(row, at)).collect(),
        })
        .collect()
}
