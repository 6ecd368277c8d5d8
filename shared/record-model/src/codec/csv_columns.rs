//! CSV files: which column feeds which field.

use csv::ByteRecord;

use super::context::RecordContext;
use super::error::{Problem, RecordError};
use super::text::bare;
use super::value::Input;
use crate::schema::{Field, MissingFields, Origin, Plan, Reason, Schema, SchemaError};

/// The columns of a CSV file, by the fields of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvColumns {
    /// For each field of the schema its column; derived fields have none.
    columns: Vec<Option<usize>>,
}

impl CsvColumns {
    pub(crate) fn new(plan: &Plan, header: &ByteRecord) -> Result<Self, SchemaError> {
        let columns = plan.fields.iter().map(|field| match field.origin {
            Origin::Payload => column_of(plan, field, header),
            _ => Ok(None),
        });
        columns.collect::<Result<_, _>>().map(|columns| Self { columns }).map_err(SchemaError::of_header)
    }

    /// Appends one CSV record as a payload of the stream: a row in field order or a JSON object. Values are
    /// checked and written as the schema writes them; fields without a column take their defaults.
    pub fn write_payload(
        &self,
        schema: &Schema,
        record: &ByteRecord,
        context: &RecordContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let plan = schema.plan();
        // Looked through once: its fields are text if all of it is, and they are cut between characters.
        let all = std::str::from_utf8(record.as_slice()).ok();
        let input = |index: usize, _: &Field| {
            let Some(column) = self.columns.get(index).copied().flatten() else { return Ok(Input::Missing) };
            let text = record.range(column).map(|range| match all {
                Some(all) => all.get(range),
                None => record.get(column).and_then(|field| std::str::from_utf8(field).ok()),
            });
            match text {
                Some(Some(text)) => Ok(Input::Text(text.into())),
                Some(None) => Err(Problem::NotUtf8),
                None if plan.missing_fields == MissingFields::Ignore => Ok(Input::Missing),
                None => Err(Problem::MissingField),
            }
        };
        plan.write_payload(input, context, out)
    }
}

fn column_of(plan: &Plan, field: &Field, header: &ByteRecord) -> Result<Option<usize>, Reason> {
    let is_named = |name: &[u8]| {
        let name = name.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(name);
        let name = std::str::from_utf8(name).map_or(name.trim_ascii(), |name| bare(name).as_bytes());
        let same = |known: &String| known.as_bytes().eq_ignore_ascii_case(name);
        same(&field.name) || field.csv.iter().any(same)
    };
    let mut columns = header.iter().enumerate().filter(|(_, name)| is_named(name)).map(|(at, _)| at);
    match (columns.next(), columns.next()) {
        (Some(_), Some(_)) => Err(Reason::ColumnTwice(field.name.clone())),
        (None, _)
            if field.default.is_none() && (field.required || plan.missing_fields == MissingFields::Fail) =>
        {
            Err(Reason::NoColumn(field.name.clone()))
        }
        (column, _) => Ok(column),
    }
}
