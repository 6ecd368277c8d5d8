//! The way back: writes values as a payload of the stream, which is a delimited row or a JSON object.

use super::context::RecordContext;
use super::document::default_value;
use super::error::{Problem, RecordError};
use super::inputs::field_error;
use super::json_scan::BYTE_ORDER_MARK;
use super::value::{Input, Value};
use crate::schema::{Field, Form, MissingFields, Plan};

impl Plan {
    /// Appends a payload. `input_of` gives the value of each payload field, by the field's index in the
    /// schema. Values are checked by their types, so what is written here can be read again. Appends nothing
    /// on an error.
    pub(crate) fn write_payload<'a>(
        &self,
        input_of: impl FnMut(usize, &Field) -> Result<Input<'a>, Problem>,
        context: &RecordContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let start = out.len();
        self.write_values(input_of, context, out)?;
        self.check_row(start, out)
    }

    /// Refuses a row that would be read as several, and removes it from the output. A row that begins with a
    /// byte order mark gets a second one, since a reader ignores the first.
    pub(super) fn check_row(&self, start: usize, out: &mut Vec<u8>) -> Result<(), RecordError> {
        if self.form == Form::Json {
            return Ok(());
        }
        let row = out.get(start..).and_then(|row| std::str::from_utf8(row).ok()).unwrap_or_default();
        if let Some(end) = self.row.end_of_row(row) {
            let nth = self.row.pieces(row.get(..end).unwrap_or_default()).count().saturating_sub(1);
            let name = self.payload_fields().nth(nth).map_or(&self.extra_name, |(_, field)| &field.name);
            let error = RecordError::of_field(Problem::Unwritable, name, None, "");
            out.truncate(start);
            return Err(error);
        }
        if row.starts_with(BYTE_ORDER_MARK) {
            out.splice(start..start, BYTE_ORDER_MARK.to_string().into_bytes());
        }
        Ok(())
    }

    /// Does the same without checking the row as a whole.
    pub(super) fn write_values<'a>(
        &self,
        mut input_of: impl FnMut(usize, &Field) -> Result<Input<'a>, Problem>,
        context: &RecordContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let start = out.len();
        let mut objects = Objects::default();
        let written = self.payload_fields().enumerate().try_for_each(|(nth, (index, field))| {
            let input =
                input_of(index, field).map_err(|problem| field_error(problem, field, &Input::Missing, ""))?;
            let fail = |problem| field_error(problem, field, &input, "");
            if self.form == Form::Delimited {
                if nth > 0 {
                    out.extend_from_slice(self.row.delimiter.as_bytes());
                }
                return self.write_piece(field, &input, context, out).map_err(fail);
            }
            let value = given_or_default(field, &input, context).map_err(fail)?;
            if !matches!(value, Value::Null) || self.missing_fields != MissingFields::Ignore {
                objects.write(field, &value, out);
            }
            Ok(())
        });
        match (&written, self.form) {
            (Ok(()), Form::Json) => objects.finish(out),
            (Ok(()), Form::Delimited) => {}
            (Err(_), _) => out.truncate(start),
        }
        written
    }

    fn write_piece(
        &self,
        field: &Field,
        input: &Input<'_>,
        context: &RecordContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let start = out.len();
        let is_copied = if let Input::Text(text) = input { field.copy_piece(text, out)? } else { false };
        if !is_copied {
            let value = given_or_default(field, input, context)?;
            if matches!(value, Value::Null) {
                return self.row.write(field.nulls.written().ok_or(Problem::Unwritable)?, out);
            }
            field.kind.write_text(&value, out);
        }
        self.row.guard_from(start, out)
    }
}

/// The value of an input, or the default if it is null.
fn given_or_default<'v>(
    field: &'v Field,
    input: &'v Input<'v>,
    context: &'v RecordContext<'v>,
) -> Result<Value<'v>, Problem> {
    let value = match field.read(input)? {
        Value::Null => default_value(field, context, &[]),
        value => value,
    };
    if matches!(value, Value::Null) && field.required { Err(Problem::Required) } else { Ok(value) }
}

/// Writes dotted names as nested objects.
#[derive(Default)]
struct Objects {
    open: Vec<String>,
    begun: bool,
}

impl Objects {
    fn write(&mut self, field: &Field, value: &Value<'_>, out: &mut Vec<u8>) {
        self.begin(out);
        let mut path: Vec<&str> = field.name.split('.').collect();
        let leaf = path.pop().unwrap_or_default();
        let shared = self.open.iter().zip(&path).take_while(|(open, part)| open == *part).count();
        out.resize(out.len() + self.open.len() - shared, b'}');
        self.open.truncate(shared);
        for part in path.into_iter().skip(shared) {
            member(part, out);
            out.push(b'{');
            self.open.push(part.to_owned());
        }
        member(leaf, out);
        field.kind.write_payload_json(value, out);
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.begun, true) {
            out.push(b'{');
        }
    }

    fn finish(mut self, out: &mut Vec<u8>) {
        self.begin(out);
        out.resize(out.len() + self.open.len() + 1, b'}');
    }
}

fn member(name: &str, out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    super::json_text::write_string(name, out);
    out.push(b':');
}
