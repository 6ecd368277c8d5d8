//! The hot path: turns one payload into one typed JSON document, in one pass and without allocation.

use std::borrow::Cow;

use md5::{Digest, Md5};

use super::context::{RecordContext, Written};
use super::error::{Problem, RecordError};
use super::inputs::{Inputs, JsonInputs, RowInputs};
use super::value::Value;
use crate::schema::{DefaultValue, Derived, Field, Form, Kind, MAX_SLOTS, NullFields, Origin, Plan};

/// Where a field's value was written, in bytes from the start of the document.
type Span = (usize, usize);

/// A record on its way to a document.
struct Record<'r> {
    plan: &'r Plan,
    payload: &'r [u8],
    context: &'r RecordContext<'r>,
    /// First byte of the document in the output.
    start: usize,
    /// Spans of the values that other fields and drop rules refer to.
    spans: [Span; MAX_SLOTS],
}

impl Plan {
    /// Appends the typed document of a payload. Appends nothing on an error, or if the record is dropped.
    pub(crate) fn write_document(
        &self,
        payload: &[u8],
        context: &RecordContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Written, RecordError> {
        let text = utf8(payload)?;
        match self.form {
            Form::Delimited => {
                self.write_document_of(&mut RowInputs::new(self, text)?, payload, context, out)
            }
            Form::Json => self.write_document_of(&mut JsonInputs::new(self, text)?, payload, context, out),
        }
    }

    /// Does the same with values that were found before.
    #[inline]
    pub(super) fn write_document_of<'a>(
        &self,
        inputs: &mut impl Inputs<'a>,
        payload: &[u8],
        context: &RecordContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Written, RecordError> {
        let start = out.len();
        let mut record = Record { plan: self, payload, context, start, spans: [(0, 0); MAX_SLOTS] };
        let written = record.write(inputs, out);
        if !written.as_ref().is_ok_and(|written| written.is_document()) {
            out.truncate(start);
        }
        written
    }
}

/// The payload as text.
#[inline]
pub(super) fn utf8(payload: &[u8]) -> Result<&str, RecordError> {
    std::str::from_utf8(payload)
        .map_err(|error| RecordError::of_record(Problem::NotUtf8).at_byte(error.valid_up_to()))
}

impl Record<'_> {
    fn write<'a>(&mut self, inputs: &mut impl Inputs<'a>, out: &mut Vec<u8>) -> Result<Written, RecordError> {
        let mut payload_index = 0;
        out.push(b'{');
        let mut is_first = true;
        for field in &self.plan.fields {
            if !field.opens.is_empty() {
                write_member(&field.opens, is_first, out);
                is_first = true;
            }
            let before = out.len();
            write_member(&field.key, is_first, out);
            let value_start = out.len();
            if field.origin == Origin::Payload {
                if !inputs.copy(payload_index, field, out)? {
                    self.write_default(field, out)?;
                }
                payload_index += 1;
            } else {
                self.write_own_value(field, out);
            }
            if let Some(span) = field.slot.and_then(|slot| self.spans.get_mut(slot)) {
                *span = (value_start - self.start, out.len() - self.start);
            }
            if out.len() == value_start {
                out.truncate(before);
            } else {
                is_first = false;
            }
            if field.closes > 0 {
                out.resize(out.len() + field.closes, b'}');
                is_first = false;
            }
        }
        inputs.finish(self.plan, out)?;
        out.push(b'}');
        Ok(if self.is_dropped(out) {
            Written::Dropped
        } else if inputs.is_mended() {
            Written::Mended
        } else {
            Written::Typed
        })
    }

    /// Writes the default of a field whose value is null.
    fn write_default(&self, field: &Field, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let value = default_value(field, self.context, self.payload);
        if value == Value::Null && field.required {
            return Err(RecordError::of_field(Problem::Required, &field.name, None, ""));
        }
        self.write_value(field, &value, out);
        Ok(())
    }

    /// Writes a value that does not come from the payload.
    fn write_own_value(&self, field: &Field, out: &mut Vec<u8>) {
        match &field.origin {
            Origin::Constant(json) => out.extend_from_slice(json),
            Origin::Derived(derived) => {
                self.write_value(field, &derive(*derived, field, self.context, self.payload), out);
            }
            Origin::GeoPoint(latitude, longitude) => self.write_point(*latitude, *longitude, out),
            Origin::Join(slots) => self.write_join(slots, out),
            Origin::Payload => {}
        }
    }

    #[inline]
    fn write_value(&self, field: &Field, value: &Value<'_>, out: &mut Vec<u8>) {
        if *value != Value::Null || self.plan.null_fields == NullFields::Write {
            field.kind.write_json(value, out);
        }
    }

    /// Writes a point only if it has both parts: search engines refuse a point that contains a null.
    fn write_point(&self, latitude: usize, longitude: usize, out: &mut Vec<u8>) {
        let (Some(latitude), Some(longitude)) = (self.span(latitude, out), self.span(longitude, out)) else {
            return;
        };
        out.extend_from_slice(b"{\"lat\":");
        self.copy(latitude, out);
        out.extend_from_slice(b",\"lon\":");
        self.copy(longitude, out);
        out.push(b'}');
    }

    /// Writes the values as one string; a null leaves its place empty.
    fn write_join(&self, slots: &[usize], out: &mut Vec<u8>) {
        out.push(b'"');
        for (index, slot) in slots.iter().enumerate() {
            if index > 0 {
                out.push(b'-');
            }
            if let Some((from, to)) = self.span(*slot, out) {
                let quoted = out.get(self.start + from) == Some(&b'"');
                self.copy(if quoted { (from + 1, to - 1) } else { (from, to) }, out);
            }
        }
        out.push(b'"');
    }

    /// The span of a value, if it is there and is not null.
    fn span(&self, slot: usize, out: &[u8]) -> Option<Span> {
        let span = self.spans.get(slot).copied()?;
        self.text(span, out).filter(|json| !json.is_empty() && *json != b"null").map(|_| span)
    }

    fn text<'o>(&self, (from, to): Span, out: &'o [u8]) -> Option<&'o [u8]> {
        out.get(self.start + from..self.start + to)
    }

    fn copy(&self, (from, to): Span, out: &mut Vec<u8>) {
        out.extend_from_within(self.start + from..self.start + to);
    }

    fn is_dropped(&self, out: &[u8]) -> bool {
        self.plan.drop_rules.iter().any(|rule| match self.span(rule.slot, out) {
            Some(span) => rule.is.iter().any(|json| self.text(span, out) == Some(json)),
            None => rule.is_null,
        })
    }
}

/// Appends `,"name":…`, without the comma if it is the first member of its object.
#[inline]
fn write_member(name: &[u8], is_first: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(name.get(usize::from(is_first)..).unwrap_or_default());
}

/// The value of a field that has no value in the payload.
pub(super) fn default_value<'v>(
    field: &'v Field,
    context: &'v RecordContext<'v>,
    payload: &[u8],
) -> Value<'v> {
    match &field.default {
        None => Value::Null,
        // A default was checked when the schema was read.
        Some(DefaultValue::Text(text)) => field.kind.read_bare(text).unwrap_or(Value::Null),
        Some(DefaultValue::Derived(derived)) => derive(*derived, field, context, payload),
    }
}

fn derive<'v>(derived: Derived, field: &Field, context: &'v RecordContext<'v>, payload: &[u8]) -> Value<'v> {
    let text = |text: Option<&'v str>| text.map_or(Value::Null, |text| Value::Text(Cow::Borrowed(text)));
    match (derived, &field.kind) {
        (Derived::IngestedAt, Kind::Timestamp(rule)) => {
            rule.at(context.ingested_at_ms).map_or(Value::Null, Value::Time)
        }
        (Derived::Source, Kind::Text(_)) => text(context.source),
        (Derived::Position, Kind::Text(_)) => text(context.position),
        (Derived::RowHash, Kind::Text(_)) => Value::Text(Cow::Owned(hash(payload))),
        (Derived::Offset, Kind::Integer(_)) => {
            let offset = context.offset.and_then(|offset| i64::try_from(offset).ok());
            offset.map_or(Value::Null, Value::Integer)
        }
        _ => Value::Null,
    }
}

/// MD5 of the payload in 32 hexadecimal digits.
fn hash(payload: &[u8]) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(payload).into()))
}
