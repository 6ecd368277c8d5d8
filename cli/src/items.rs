//! Reads the items of a text file in bounded memory: its lines, or the cells of one CSV column, each with its line
//! number.

mod column;

use std::io::{self, BufRead, Read};

use clap::Args;
use thiserror::Error;

use column::Column;

/// The longest line or row that is read, in bytes.
pub(crate) const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// The delimiters that are recognised.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// What is taken of a text file, and what happens if something is wrong with it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ItemArguments {
    /// The CSV column, or the member of JSON lines, to take
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// Take each line as it is
    #[arg(long, conflicts_with = "field")]
    pub(crate) lines: bool,
    /// Pass over what can't be read, and say so; the exit code is 1 then
    #[arg(long)]
    pub(crate) skip_bad: bool,
}

/// One line or cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The line number, from 1.
    pub(crate) line: u64,
    pub(crate) bytes: Vec<u8>,
    /// The value of the row's column `id`, if there is one.
    pub(crate) id: Option<Vec<u8>>,
}

/// The reason why there is no next item.
#[derive(Debug, Error)]
pub(crate) enum ItemError {
    #[error("line {line} can't be read")]
    Read { line: u64, source: io::Error },
    #[error("line {line} is longer than {MAX_LINE_BYTES} bytes")]
    TooLong { line: u64 },
    #[error("row at line {line} is longer than {MAX_LINE_BYTES} bytes: is a quote left open?")]
    RowTooLong { line: u64 },
    #[error("the first line has no column {field:?}; it has {found}")]
    NoColumn { field: String, found: String },
    #[error("row at line {line} has no cell in the column {field:?}")]
    NoCell { line: u64, field: String },
    #[error("row at line {line} has {found} cells, expected {expected} as in the first line")]
    Cells { line: u64, found: usize, expected: usize },
    #[error("row at line {line}: a quoted cell must end with a quote before the next delimiter")]
    BadQuote { line: u64 },
    #[error(
        "row at line {line} has a quote that is left open or closed too early; where the row ends is unknown, so nothing \
         after it is read"
    )]
    Damaged { line: u64 },
}

impl ItemError {
    /// Whether the items after this one can still be read.
    pub(crate) fn is_of_one_item(&self) -> bool {
        matches!(self, Self::NoCell { .. } | Self::Cells { .. } | Self::BadQuote { .. })
    }
}

/// The items of an input, in their order.
pub(crate) enum Items<R: BufRead> {
    Lines { input: R, line: u64 },
    Column(Box<Column<R>>),
}

impl<R: BufRead> Items<R> {
    /// Opens an input, and skips a byte order mark. With `field` the input is CSV whose header has this column, unless
    /// the first line begins like JSON.
    pub(crate) fn open(mut input: R, field: Option<&str>) -> Result<Self, ItemError> {
        let failed = |source| ItemError::Read { line: 1, source };
        let head = input.fill_buf().map_err(failed)?;
        if head.starts_with(BYTE_ORDER_MARK) {
            input.consume(BYTE_ORDER_MARK.len());
        }
        let Some(field) = field.filter(|_| !is_json(input.fill_buf().unwrap_or_default())) else {
            return Ok(Self::Lines { input, line: 0 });
        };
        let mut header = Vec::new();
        let most = MAX_LINE_BYTES;
        (&mut input).take(most).read_until(b'\n', &mut header).map_err(failed)?;
        let found = DELIMITERS.into_iter().find_map(|delimiter| {
            let names = names(&header, delimiter);
            let at = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
            Some((delimiter, at(field)?, at("id").filter(|id| Some(*id) != at(field))))
        });
        let Some((delimiter, at, id_at)) = found else {
            let shown = String::from_utf8_lossy(header.trim_ascii()).chars().take(200).collect::<String>();
            return Err(ItemError::NoColumn { field: field.to_owned(), found: format!("{shown:?}") });
        };
        let column = Column::open((header, input), delimiter, field.to_owned(), (at, id_at));
        Ok(Self::Column(Box::new(column.map_err(failed)?)))
    }

    /// The next item that is not blank.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, ItemError> {
        match self {
            Self::Lines { input, line } => next_line(input, line),
            Self::Column(column) => column.next(),
        }
    }
}

fn next_line(input: &mut impl BufRead, line: &mut u64) -> Result<Option<Item>, ItemError> {
    loop {
        *line += 1;
        let mut bytes = Vec::new();
        let read = input.take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes);
        let read = read.map_err(|source| ItemError::Read { line: *line, source })?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 == MAX_LINE_BYTES && !bytes.ends_with(b"\n") {
            return Err(ItemError::TooLong { line: *line });
        }
        while bytes.ends_with(b"\n") || bytes.ends_with(b"\r") {
            bytes.pop();
        }
        if !bytes.trim_ascii().is_empty() {
            return Ok(Some(Item { line: *line, bytes, id: None }));
        }
    }
}

/// Whether the first line of a file begins like a JSON object.
fn is_json(head: &[u8]) -> bool {
    head.trim_ascii_start().starts_with(b"{")
}

/// The names of a header's columns, unquoted.
fn names(header: &[u8], delimiter: u8) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(header);
    let mut row = csv::ByteRecord::new();
    let is_read = reader.read_byte_record(&mut row).unwrap_or(false);
    let cells = row.iter().filter(|_| is_read);
    cells.map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &[u8], field: Option<&str>) -> Vec<(u64, String)> {
        let mut items = Items::open(text, field).unwrap();
        let mut found = Vec::new();
        while let Some(item) = items.next().unwrap() {
            found.push((item.line, String::from_utf8(item.bytes).unwrap()));
        }
        found
    }

    fn owned(items: &[(u64, &str)]) -> Vec<(u64, String)> {
        items.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
    }

    #[test]
    fn lines_and_cells_come_with_their_lines_and_a_byte_order_mark_is_none_of_them() {
        assert_eq!(items(b"\xEF\xBB\xBFone\r\n\ntwo", None), owned(&[(1, "one"), (3, "two")]));
        let csv = b"\xEF\xBB\xBFid;\"Text\";n\n1;\"a;\n\"\"b\"\"\";2\n2;c;\n";
        assert_eq!(items(csv, Some("text")), owned(&[(2, "a;\n\"b\""), (4, "c")]));
        assert_eq!(items(b"a,b|c,d\n1,2,3\n", Some("b|c")), owned(&[(2, "2")]));
        assert_eq!(items(b"a,b\r\n1,2\r\n\r\n3,4\r\n", Some("b")), owned(&[(2, "2"), (4, "4")]));
        assert_eq!(items(b"{\"text\":1}\n", Some("text")), owned(&[(1, "{\"text\":1}")]));
    }

    #[test]
    fn a_column_that_is_not_there_and_a_row_without_its_cell_are_told() {
        let refused = Items::open(&b"id;body\n1;x\n"[..], Some("text")).err().unwrap().to_string();
        assert_eq!(refused, "the first line has no column \"text\"; it has \"id;body\"");
        let mut rows = Items::open(&b"id,text\n1\n2,x\n"[..], Some("text")).unwrap();
        assert!(matches!(rows.next(), Err(ItemError::NoCell { line: 2, .. })));
        assert_eq!(rows.next().unwrap().unwrap().id.as_deref(), Some(&b"2"[..]));
    }

    #[test]
    fn a_row_that_is_no_csv_is_told_and_one_whose_end_is_not_known_ends_the_reading() {
        let text = b"id,text\n1,\"a\"b\n2,c,d\n3,\"e\nf\"\n4,5\" g\n\n5,\"open\n6,h\n7,i\n";
        for size in [1, 7, 8192] {
            let input = io::BufReader::with_capacity(size, &text[..]);
            let mut rows = Items::open(input, Some("text")).unwrap();
            assert!(matches!(rows.next(), Err(ItemError::BadQuote { line: 2 })));
            assert!(matches!(rows.next(), Err(ItemError::Cells { line: 3, found: 3, expected: 2 })));
            assert_eq!(rows.next().unwrap().unwrap().bytes, b"e\nf");
            assert_eq!(rows.next().unwrap().unwrap().bytes, b"5\" g");
            let damaged = rows.next().unwrap_err();
            assert!(
                matches!(damaged, ItemError::Damaged { line: 8 }) && !damaged.is_of_one_item(),
                "{damaged}"
            );
        }
    }

    #[test]
    fn a_quote_that_is_left_open_takes_no_more_memory_than_a_row_may() {
        let endless = io::repeat(b'x');
        let input = io::BufReader::new(io::Cursor::new(b"text\n\"").chain(endless));
        assert!(matches!(
            Items::open(input, Some("text")).unwrap().next(),
            Err(ItemError::RowTooLong { .. })
        ));
    }
}
