//! One field of a schema, ready to read and write values.

use std::borrow::Cow;

use super::kind::Kind;
use super::nulls::NullTokens;
use super::source::Derived;
use crate::codec::{Input, NumberForm, Problem, TextRule, Value, bare, write_string};

/// A field: its name on both sides, where its value comes from, and which values it accepts.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Dotted name in the typed document.
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The last part of the name.
    pub(crate) leaf: String,
    /// The objects that begin before this field: `"user":{`.
    pub(crate) opens: Vec<u8>,
    /// `,"leaf":`.
    pub(crate) key: Vec<u8>,
    /// How many objects end after this field.
    pub(crate) closes: usize,
    pub(crate) origin: Origin,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) nulls: NullTokens,
    pub(crate) default: Option<DefaultValue>,
    /// The slot that keeps the span of the written value, if anything refers to this field.
    pub(crate) slot: Option<usize>,
    /// Places in a JSON payload, of which the first with a value counts. The field's name comes last.
    pub(crate) paths: Vec<String>,
    /// Other names of its CSV column.
    pub(crate) csv: Vec<String>,
    /// The number of its CSV column, from 0, whatever the header says.
    pub(crate) column: Option<usize>,
    /// How a file writes its numbers, if not as the stream does.
    pub(crate) numbers: Option<NumberForm>,
    pub(crate) made_up: Option<crate::recipe::Recipe>,
}

/// Where a field's value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Origin {
    /// The payload: the next field of a row, or the field's paths in JSON.
    Payload,
    /// The same JSON for every record.
    Constant(Vec<u8>),
    Derived(Derived),
    /// The values of the fields in these slots, joined by `-`.
    Join(Vec<usize>),
    /// The slots of latitude and longitude.
    GeoPoint(usize, usize),
}

/// What replaces a value that is absent or null.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum DefaultValue {
    /// Text, read as if it stood in the payload.
    Text(String),
    Derived(Derived),
}

impl Field {
    /// Reads a value from what the payload holds. Null tokens and JSON `null` give [`Value::Null`].
    #[inline]
    pub(crate) fn read<'v>(&'v self, input: &'v Input<'v>) -> Result<Value<'v>, Problem> {
        match input {
            Input::Text(text) => self.read_text(text),
            Input::Number(text) => self.kind.read_number(text),
            Input::Boolean(value) => match self.kind {
                Kind::Boolean(_) => Ok(Value::Boolean(*value)),
                _ => Err(self.kind.wrong_type(input)),
            },
            Input::Missing | Input::Null => Ok(Value::Null),
            Input::Compound(_) => Err(self.kind.wrong_type(input)),
        }
    }

    /// Reads a value and appends it as JSON. If it is null, appends nothing and returns `false`.
    pub(crate) fn copy(&self, input: &Input<'_>, out: &mut Vec<u8>) -> Result<bool, Problem> {
        match input {
            Input::Text(text) => self.copy_text(text, out),
            input => self.copy_value(input, out),
        }
    }

    /// Does the same for a text. This is the hot path: no [`Value`] is made of a row's fields.
    #[inline]
    pub(crate) fn copy_text(&self, text: &str, out: &mut Vec<u8>) -> Result<bool, Problem> {
        let bare = bare(text);
        if self.nulls.contains(bare) {
            return Ok(false);
        }
        match &self.kind {
            Kind::Text(rule) if rule.keeps_text() => write_string(if rule.trim { bare } else { text }, out),
            Kind::Integer(rule) => rule.copy(bare, out)?,
            Kind::Float(rule) => rule.read(bare)?.write(out),
            Kind::Timestamp(rule) if rule.keeps_text => rule.copy(bare, out)?,
            _ => return self.copy_value(&Input::Text(text.into()), out),
        }
        Ok(true)
    }

    /// Reads a text and appends it to a row, for the types whose JSON differs from their row text at most by
    /// quotes. Appends nothing and returns `false` for other types, and for null.
    #[inline]
    pub(crate) fn copy_piece(&self, text: &str, out: &mut Vec<u8>) -> Result<bool, Problem> {
        let bare = bare(text);
        if self.nulls.contains(bare) {
            return Ok(false);
        }
        match &self.kind {
            Kind::Text(rule) if rule.keeps_text() => {
                out.extend_from_slice(if rule.trim { bare } else { text }.as_bytes());
            }
            Kind::Integer(rule) => rule.copy(bare, out)?,
            Kind::Float(rule) => rule.read(bare)?.write(out),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn copy_value(&self, input: &Input<'_>, out: &mut Vec<u8>) -> Result<bool, Problem> {
        let value = self.read(input)?;
        if value != Value::Null {
            self.kind.write_json(&value, out);
        }
        Ok(value != Value::Null)
    }

    #[inline]
    fn read_text<'v>(&'v self, text: &'v str) -> Result<Value<'v>, Problem> {
        let bare = bare(text);
        if self.nulls.contains(bare) {
            return Ok(Value::Null);
        }
        match &self.kind {
            Kind::Text(rule) => self.read_string(rule, Cow::Borrowed(text)),
            kind => kind.read_bare(bare),
        }
    }
}

impl Field {
    /// Reads a text by the rule of a string field. A text that the rule turned into a null token is null too.
    #[inline]
    pub(crate) fn read_string<'v>(&self, rule: &TextRule, text: Cow<'v, str>) -> Result<Value<'v>, Problem> {
        match rule.read(text)? {
            Cow::Owned(text) if self.nulls.contains(bare(&text)) => Ok(Value::Null),
            text => Ok(Value::Text(text)),
        }
    }
}

impl Field {
    /// Whether this field has a value in every valid record.
    pub(crate) fn always_has_value(&self) -> bool {
        match &self.origin {
            Origin::Payload => self.required || matches!(self.default, Some(DefaultValue::Text(_))),
            Origin::Derived(derived) => *derived == Derived::RowHash,
            Origin::Constant(_) | Origin::Join(_) => true,
            Origin::GeoPoint(..) => false,
        }
    }
}
