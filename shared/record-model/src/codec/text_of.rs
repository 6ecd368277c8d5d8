//! The text that is enriched, with the language and time that the record itself names.

use std::borrow::Cow;

use super::context::TextOf;
use super::error::{Problem, RecordError};
use super::inputs::{Inputs, field_error};
use super::text::bare;
use super::value::{Input, Value};
use crate::schema::{Field, Kind, Plan};

impl Plan {
    /// Reads the text, language and time fields of a payload, and no others.
    pub(super) fn text_from<'a>(
        &self,
        inputs: &mut impl Inputs<'a>,
        payload: &'a str,
    ) -> Result<TextOf<'a>, RecordError> {
        let mut found = TextOf::default();
        for (nth, (index, field)) in self.payload_fields().enumerate() {
            let input = inputs.next(nth, field)?;
            if self.text == Some(index) {
                found.text = string(field, input, payload)?;
            } else if self.language == Some(index) {
                found.language = string(field, input, payload)?;
            } else if self.event_time == Some(index) {
                found.event_time_ms = time(field, &input, payload)?;
            }
        }
        Ok(found)
    }
}

/// A string that borrows from the payload if possible.
fn string<'a>(field: &Field, input: Input<'a>, payload: &str) -> Result<Option<Cow<'a, str>>, RecordError> {
    let fail = |problem, input: &Input<'_>| Err(field_error(problem, field, input, payload));
    let value = match (&field.kind, input) {
        (Kind::Text(_), Input::Text(text)) if field.nulls.contains(bare(&text)) => None,
        (Kind::Text(rule), Input::Text(text)) => match field.read_string(rule, text) {
            Ok(Value::Text(text)) => Some(text),
            Ok(_) => None,
            Err(problem) => return fail(problem, &Input::Missing),
        },
        (_, input) => match field.read(&input) {
            Ok(Value::Text(text)) => Some(Cow::Owned(text.into_owned())),
            Ok(_) => None,
            Err(problem) => return fail(problem, &input),
        },
    };
    match value {
        None if field.required && field.default.is_none() => fail(Problem::Required, &Input::Missing),
        value => Ok(value),
    }
}

fn time(field: &Field, input: &Input<'_>, payload: &str) -> Result<Option<i64>, RecordError> {
    match (&field.kind, field.read(input).map_err(|problem| field_error(problem, field, input, payload))?) {
        (Kind::Timestamp(rule), Value::Time(moment)) => Ok(Some(rule.epoch_ms(&moment))),
        _ => Ok(None),
    }
}
