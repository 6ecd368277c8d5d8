//! CSV files: which column supplies which field.

use std::ops::Range;

use csv::ByteRecord;

use super::context::RecordContext;
use super::error::{Problem, RecordError};
use super::number_form::NumberForm;
use super::text::bare;
use super::value::Input;
use crate::schema::{Field, Kind, MissingFields, Origin, Plan, Reason, Schema, SchemaError};

/// A row of a CSV file: its unquoted cells, one after the other.
pub trait CsvRow {
    /// All cells, with nothing between them.
    fn bytes(&self) -> &[u8];
    /// Where a cell stands in [`bytes`](Self::bytes); `None` after the last cell.
    fn range(&self, cell: usize) -> Option<Range<usize>>;
}

impl CsvRow for ByteRecord {
    fn bytes(&self) -> &[u8] {
        self.as_slice()
    }

    fn range(&self, cell: usize) -> Option<Range<usize>> {
        ByteRecord::range(self, cell)
    }
}

/// Maps the fields of a schema to the columns of a CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvColumns {
    /// The column of each field of the schema; derived fields have none.
    columns: Vec<Option<usize>>,
}

impl CsvColumns {
    pub(crate) fn new(plan: &Plan, first_row: &ByteRecord) -> Result<Self, SchemaError> {
        let mut nth = 0..;
        let columns = plan.fields.iter().map(|field| match field.origin {
            Origin::Payload => column_of(plan, field, first_row, nth.next().unwrap_or_default()),
            _ => Ok(None),
        });
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(SchemaError::of_header)?;
        if columns.iter().all(Option::is_none) && plan.payload_fields > 0 {
            let reason = Reason::NoColumns { found: found(plan, first_row), expected: expected(plan) };
            return Err(SchemaError::of_header(reason));
        }
        Ok(Self { columns })
    }

    /// Appends one row of CSV as a payload of the stream: a row in field order, or a JSON object. Values are
    /// checked and written as the schema says, and fields without a column take their defaults.
    pub fn write_payload(
        &self,
        schema: &Schema,
        row: &impl CsvRow,
        context: &RecordContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let plan = schema.plan();
        let bytes = row.bytes();
        // The row is checked for UTF-8 once: if all of it is text, its cells are too, since they are cut
        // between characters.
        let all = std::str::from_utf8(bytes).ok();
        let input = |index: usize, field: &Field| {
            let Some(column) = self.columns.get(index).copied().flatten() else { return Ok(Input::Missing) };
            let text = row.range(column).map(|range| match all {
                Some(all) => all.get(range),
                None => bytes.get(range).and_then(|cell| std::str::from_utf8(cell).ok()),
            });
            match text {
                Some(Some(text)) => match field.numbers {
                    None => Ok(Input::Text(text.into())),
                    Some(form) => plain_number(form, field, text),
                },
                Some(None) => Err(Problem::NotUtf8),
                None if plan.missing_fields == MissingFields::Ignore => Ok(Input::Missing),
                None => Err(Problem::MissingField),
            }
        };
        plan.write_payload(input, context, out)
    }
}

/// A number as the stream writes it. A word for "no value" is passed on, and the field judges it.
#[cold]
fn plain_number<'t>(form: NumberForm, field: &Field, text: &'t str) -> Result<Input<'t>, Problem> {
    let bare = bare(text);
    if field.nulls.contains(bare) {
        return Ok(Input::Text(text.into()));
    }
    let refused =
        if matches!(field.kind, Kind::Integer(_)) { Problem::NotInteger } else { Problem::NotFloat };
    form.plain(bare).map(Input::Text).ok_or(refused)
}

fn column_of(
    plan: &Plan,
    field: &Field,
    first_row: &ByteRecord,
    nth: usize,
) -> Result<Option<usize>, Reason> {
    let is_named = |name: &[u8]| {
        let name = name_of(name);
        let same = |known: &String| known.as_bytes().eq_ignore_ascii_case(name);
        same(&field.name) || field.csv.iter().any(same)
    };
    let mut columns = first_row.iter().enumerate().filter(|(_, name)| is_named(name)).map(|(at, _)| at);
    let column = match field.column.or((!plan.file.has_header).then_some(nth)) {
        Some(at) => Some(at).filter(|at| *at < first_row.len()),
        None => match (columns.next(), columns.next()) {
            (Some(_), Some(_)) => return Err(Reason::ColumnTwice(field.name.clone())),
            (column, _) => column,
        },
    };
    let is_needed = field.default.is_none() && (field.required || plan.missing_fields == MissingFields::Fail);
    if column.is_none() && is_needed {
        return Err(Reason::NoColumn { field: field.name.clone(), found: found(plan, first_row) });
    }
    Ok(column)
}

/// A cell of the header as a name, without a byte order mark and without blanks around it.
fn name_of(cell: &[u8]) -> &[u8] {
    let cell = cell.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(cell);
    std::str::from_utf8(cell).map_or(cell.trim_ascii(), |name| bare(name).as_bytes())
}

/// The most of a header that an error shows, in characters.
const SHOWN: usize = 80;

/// The names of a file's columns, and the likeliest reason why none of them belongs to the schema.
fn found(plan: &Plan, header: &ByteRecord) -> String {
    let names: Vec<_> = header.iter().map(|cell| String::from_utf8_lossy(name_of(cell))).collect();
    let (count, all) = (names.len(), names.join("`, `"));
    let shown: String = all.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let more = if all.chars().count() > SHOWN { "…" } else { "" };
    let columns = if count == 1 { "column" } else { "columns" };
    let is_number =
        |name: &str| name.bytes().any(|byte| byte.is_ascii_digit()) && name.parse::<f64>().is_ok();
    let other = b";\t|,".iter().map(|&sign| char::from(sign)).find(|&sign| {
        sign != char::from(plan.file.delimiter) && names.first().is_some_and(|name| name.contains(sign))
    });
    let reason = match other {
        _ if all.contains('\0') => ": is its encoding UTF-16?".to_owned(),
        Some(sign) if count < 3 => format!(": is the delimiter `{}`?", sign.escape_debug()),
        _ if plan.file.has_header && names.iter().any(|name| is_number(name)) => {
            ": does the file lack a header?".to_owned()
        }
        _ => String::new(),
    };
    format!("found {count} {columns} `{shown}{more}`{reason}")
}

/// The names of the first fields.
fn expected(plan: &Plan) -> String {
    const NAMED: usize = 5;
    let all: Vec<_> = plan.payload_fields().map(|(_, field)| format!("`{}`", field.name)).collect();
    let more = all.len().saturating_sub(NAMED);
    let named = all.get(..all.len() - more).unwrap_or_default().join(", ");
    if more > 0 { format!("{named} or {more} more") } else { named }
}
