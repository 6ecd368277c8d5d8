//! A sample as rows, and its rows as columns.

use std::borrow::Cow;

use csv::ByteRecord;
use record_model::Dialect;

use crate::finding::{NoTable, RefusedRow};
use crate::json_rows::JsonRows;
use crate::text::Text;
use crate::{csv_rows, json_rows};

/// The rows of a sample.
pub(crate) struct Rows {
    pub(crate) dialect: Dialect,
    pub(crate) content: Content,
    /// Rows that don't have the form of the file, whatever their values.
    pub(crate) broken: Vec<RefusedRow>,
    /// Remarks about the file as a whole.
    pub(crate) notes: Vec<String>,
}

pub(crate) enum Content {
    Csv { header: Option<ByteRecord>, rows: Vec<CsvRow> },
    Json(JsonRows),
}

/// A row and the line on which it begins.
pub(crate) struct CsvRow {
    pub(crate) line: u64,
    pub(crate) cells: ByteRecord,
}

/// The values in one place of every row.
pub(crate) struct Column<'r> {
    /// The file's name for it; empty if it has none.
    pub(crate) title: Cow<'r, str>,
    pub(crate) place: Place,
    /// The values that are there, without JSON's `null`.
    pub(crate) values: Vec<Cell<'r>>,
}

/// Where a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The cells with this index, from 0.
    Cell(usize),
    /// The members of objects, the outermost first.
    Members(Vec<String>),
}

/// One value of a column.
#[derive(Debug, Clone)]
pub(crate) struct Cell<'r> {
    pub(crate) line: u64,
    /// For a JSON string, the text that it stands for.
    pub(crate) text: Cow<'r, str>,
    /// Whether it is a JSON boolean.
    pub(crate) is_boolean: bool,
    /// Whether it is a JSON string.
    pub(crate) is_string: bool,
}

/// Reads the rows of a sample. The last row is ignored if the sample ends before the file does.
pub(crate) fn read(text: &Text<'_>, is_whole: bool) -> Result<Rows, NoTable> {
    let mut rows = match json_rows::read(&text.bytes, is_whole)? {
        Some(rows) => rows,
        None => csv_rows::read(&text.bytes, is_whole),
    };
    rows.dialect.encoding = text.encoding;
    rows.notes.extend(text.note.clone());
    Ok(rows)
}

impl Rows {
    /// How many rows there are, including broken ones.
    pub(crate) fn count(&self) -> u64 {
        let rows = match &self.content {
            Content::Csv { rows, .. } => rows.len(),
            Content::Json(json) => json.objects.len(),
        };
        (rows + self.broken.len()) as u64
    }

    /// The rows that are whole.
    pub(crate) fn whole(&self) -> usize {
        match &self.content {
            Content::Csv { rows, .. } => rows.len(),
            Content::Json(json) => json.objects.len(),
        }
    }

    /// The same values by column.
    pub(crate) fn columns(&self) -> Vec<Column<'_>> {
        match &self.content {
            Content::Csv { header, rows } => csv_rows::columns(header.as_ref(), rows),
            Content::Json(json) => json.columns(),
        }
    }
}
