//! Reads typed documents again, to write payloads of the stream or to find their partition keys.

use std::borrow::Cow;

use super::context::RecordContext;
use super::document::utf8;
use super::error::{Problem, RecordError};
use super::members::Members;
use super::value::Input;
use crate::schema::{ExtraFields, Field, Form, Kind, PartitionKey, Plan};

impl Plan {
    /// Appends the payload of a typed document.
    pub(crate) fn write_payload_of(&self, document: &[u8], out: &mut Vec<u8>) -> Result<(), RecordError> {
        let members = self.members(document)?;
        let start = out.len();
        let input = |index: usize, field: &Field| as_payload(field, self.names.input(index, &members));
        self.write_values(input, &RecordContext::default(), out)?;
        if self.form == Form::Delimited {
            self.write_extras(&members, out).inspect_err(|_| out.truncate(start))?;
        }
        self.check_row(start, out)
    }

    /// The dynamic partitioning keys of a typed document.
    pub(crate) fn partition_keys<'s>(
        &'s self,
        document: &'s [u8],
    ) -> Result<Vec<(&'s str, Cow<'s, str>)>, RecordError> {
        let members = self.members(document)?;
        let keys = self.partition_keys.iter().map(|key| {
            let field = self.fields.get(key.field);
            let name = field.map_or("", |field| &field.name);
            let fail = |problem| RecordError::of_field(problem, name, None, "");
            let input = self.names.input(key.field, &members);
            let value = partition_value(key, field, input).map_err(fail)?;
            Ok((key.key.as_str(), value))
        });
        keys.collect()
    }

    fn members<'d>(&self, document: &'d [u8]) -> Result<Members<'d>, RecordError> {
        // A document has one member more than the schema names: the member that collects extra fields.
        let most_extras = (self.extra_fields == ExtraFields::Collect).then_some(usize::MAX);
        let members = self.names.read(utf8(document)?, most_extras);
        members.map_err(|_| RecordError::of_record(Problem::NotJson))
    }

    /// Writes the fields that the schema does not name, after those that it names.
    fn write_extras(&self, members: &Members<'_>, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let extras =
            members.extras.iter().flat_map(|extras| &extras.found).find(|(name, _)| *name == self.extra_name);
        let Some((name, json)) = extras else { return Ok(()) };
        let fail = |problem| RecordError::of_field(problem, name, None, "");
        let pieces: Vec<String> = serde_json::from_str(json).map_err(|_| fail(Problem::NotJson))?;
        for piece in pieces {
            out.extend_from_slice(self.row.delimiter.as_bytes());
            self.row.write(&piece, out).map_err(fail)?;
        }
        Ok(())
    }
}

/// A value of a document, in the form that it has in a payload.
fn as_payload<'d>(field: &Field, input: Input<'d>) -> Result<Input<'d>, Problem> {
    match (&field.kind, &input) {
        (Kind::Timestamp(rule), Input::Text(_) | Input::Number(_)) => {
            let moment = rule.read_output(input.text())?;
            let mut text = Vec::new();
            rule.write_payload(&moment, &mut text);
            Ok(Input::Text(Cow::Owned(String::from_utf8(text).map_err(|_| Problem::NotUtf8)?)))
        }
        (Kind::Text(rule), Input::Text(text)) if rule.unescape_html && text.contains('&') => {
            Ok(Input::Text(Cow::Owned(text.replace('&', "&amp;"))))
        }
        _ => Ok(input),
    }
}

fn partition_value<'d>(
    key: &PartitionKey,
    field: Option<&Field>,
    input: Input<'d>,
) -> Result<Cow<'d, str>, Problem> {
    if let (Some(format), Some(Kind::Timestamp(rule)), Input::Text(_) | Input::Number(_)) =
        (&key.format, field.map(|field| &field.kind), &input)
    {
        let moment = rule.read_output(input.text())?;
        let mut text = Vec::new();
        rule.write_as(format, &moment, &mut text);
        return String::from_utf8(text).map(Cow::Owned).map_err(|_| Problem::NotUtf8);
    }
    Ok(match input {
        Input::Text(text) => text,
        Input::Number(text) => Cow::Borrowed(text),
        Input::Boolean(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        Input::Missing | Input::Null | Input::Compound(_) => Cow::Borrowed(""),
    })
}
