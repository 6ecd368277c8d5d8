//! One field of a schema, ready to read and write values.

use std::borrow::Cow;

use super::nulls::NullTokens;
use super::source::Derived;
use crate::codec::{
    BooleanRule, EnumRule, FloatRule, Input, IntegerRule, Problem, TextRule, TimestampRule, Value,
    write_integer, write_string,
};

/// A field: what it is called on both sides, where its value comes from, and what it may be.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Dotted name in the typed document.
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The last part of the name.
    pub(crate) leaf: String,
    /// Objects that begin before this field: `"user":{`.
    pub(crate) opens: Vec<u8>,
    /// `,"leaf":`.
    pub(crate) key: Vec<u8>,
    /// How many objects end after this field.
    pub(crate) closes: usize,
    pub(crate) origin: Origin,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) nulls: NullTokens,
    pub(crate) default: Option<Default>,
    /// Where the span of its written value is kept, for what refers to this field.
    pub(crate) slot: Option<usize>,
    /// Places in a JSON payload, the first with a value wins. The name comes last.
    pub(crate) paths: Vec<String>,
    /// Other names of its CSV column.
    pub(crate) csv: Vec<String>,
    pub(crate) made_up: Option<crate::made_up::Recipe>,
}

/// Where a field's value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Origin {
    /// The payload: the next field of a row, or the field's paths in JSON.
    Payload,
    /// The same JSON for every record.
    Constant(Vec<u8>),
    Derived(Derived),
    /// Values of other fields, by slot, with `-` between.
    Join(Vec<usize>),
    /// Slots of latitude and longitude.
    GeoPoint(usize, usize),
}

/// What stands in for a value that is absent or null.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Default {
    /// Text, read as if it stood in the payload.
    Text(String),
    Derived(Derived),
}

/// What a field may be.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Text(TextRule),
    Integer(IntegerRule),
    Float(FloatRule),
    Boolean(BooleanRule),
    Timestamp(Box<TimestampRule>),
    Enum(EnumRule),
    GeoPoint,
}

impl Field {
    /// The value of what stands in the payload; null tokens and JSON `null` are [`Value::Null`].
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

    /// Reads a value and appends it as JSON; `false` and nothing appended where it is null.
    pub(crate) fn copy(&self, input: &Input<'_>, out: &mut Vec<u8>) -> Result<bool, Problem> {
        match input {
            Input::Text(text) => self.copy_text(text, out),
            input => self.copy_value(input, out),
        }
    }

    /// The same for a text. The hot path: no [`Value`] is made of a row's fields.
    #[inline]
    pub(crate) fn copy_text(&self, text: &str, out: &mut Vec<u8>) -> Result<bool, Problem> {
        let bare = text.trim_ascii();
        if self.nulls.contains(bare) {
            return Ok(false);
        }
        match &self.kind {
            Kind::Text(rule) if rule.keeps_text() => write_string(if rule.trim { bare } else { text }, out),
            Kind::Integer(rule) => write_integer(rule.read(bare)?, out),
            Kind::Float(rule) => rule.read(bare)?.write(out),
            Kind::Timestamp(rule) if rule.keeps_text => rule.copy(bare, out)?,
            _ => return self.copy_value(&Input::Text(text.into()), out),
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
        let bare = text.trim_ascii();
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
    /// Text by the rule of a string field; a text that only now is a null token is none either.
    #[inline]
    pub(crate) fn read_string<'v>(&self, rule: &TextRule, text: Cow<'v, str>) -> Result<Value<'v>, Problem> {
        match rule.read(text)? {
            Cow::Owned(text) if self.nulls.contains(text.trim_ascii()) => Ok(Value::Null),
            text => Ok(Value::Text(text)),
        }
    }
}

impl Field {
    /// Whether every good record has a value here.
    pub(crate) fn always_has_value(&self) -> bool {
        match &self.origin {
            Origin::Payload => self.required || matches!(self.default, Some(Default::Text(_))),
            Origin::Derived(derived) => *derived == Derived::RowHash,
            Origin::Constant(_) | Origin::Join(_) => true,
            Origin::GeoPoint(..) => false,
        }
    }
}

impl Kind {
    /// Text without blanks around it.
    #[inline]
    pub(crate) fn read_bare<'v>(&'v self, bare: &'v str) -> Result<Value<'v>, Problem> {
        match self {
            Self::Text(rule) => rule.read(Cow::Borrowed(bare)).map(Value::Text),
            Self::Integer(rule) => rule.read(bare).map(Value::Integer),
            Self::Float(rule) => rule.read(bare).map(Value::Float),
            Self::Boolean(rule) => rule.read(bare).map(Value::Boolean),
            Self::Timestamp(rule) => rule.read(bare).map(Value::Time),
            Self::Enum(rule) => rule.read(bare).map(|value| Value::Text(Cow::Borrowed(value))),
            Self::GeoPoint => Err(Problem::WrongType { expected: "no value", found: "text" }),
        }
    }

    /// A JSON number: numbers and epoch timestamps take it by its text, strings keep its digits.
    fn read_number<'v>(&'v self, text: &'v str) -> Result<Value<'v>, Problem> {
        match self {
            Self::Boolean(_) | Self::Enum(_) | Self::GeoPoint => Err(self.wrong_type(&Input::Number(text))),
            _ => self.read_bare(text),
        }
    }

    fn wrong_type(&self, input: &Input<'_>) -> Problem {
        Problem::WrongType { expected: self.expected(), found: input.type_name() }
    }

    fn expected(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::Timestamp(_) => "a timestamp",
            Self::Enum(_) => "one of the schema's values",
            Self::GeoPoint => "no value",
        }
    }

    /// Appends a value as the text that [`Kind::read_bare`] reads back; null is nothing.
    pub(crate) fn write_text(&self, value: &Value<'_>, out: &mut Vec<u8>) {
        match (value, self) {
            (Value::Text(text), Self::Text(rule)) => rule.write(text, out),
            (Value::Text(text), _) => out.extend_from_slice(text.as_bytes()),
            (Value::Boolean(value), Self::Boolean(rule)) => {
                out.extend_from_slice(rule.token(*value).as_bytes())
            }
            (Value::Time(moment), Self::Timestamp(rule)) => rule.write_payload(moment, out),
            (Value::Integer(_) | Value::Float(_), _) => self.write_json(value, out),
            (Value::Null | Value::Boolean(_) | Value::Time(_), _) => {}
        }
    }

    /// Appends a value as JSON.
    #[inline]
    pub(crate) fn write_json(&self, value: &Value<'_>, out: &mut Vec<u8>) {
        match (value, self) {
            (Value::Null, _) => out.extend_from_slice(b"null"),
            (Value::Text(text), _) => write_string(text, out),
            (Value::Integer(number), _) => write_integer(*number, out),
            (Value::Float(float), _) => float.write(out),
            (Value::Boolean(value), _) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            (Value::Time(moment), Self::Timestamp(rule)) if rule.output.is_number() => {
                rule.write(moment, out)
            }
            (Value::Time(moment), Self::Timestamp(rule)) => {
                out.push(b'"');
                rule.write(moment, out);
                out.push(b'"');
            }
            (Value::Time(_), _) => out.extend_from_slice(b"null"),
        }
    }

    /// Appends a value as the JSON that [`Field::read`] reads back.
    pub(crate) fn write_payload_json(&self, value: &Value<'_>, out: &mut Vec<u8>) {
        match (value, self) {
            (Value::Text(_), Self::Text(_)) | (Value::Time(_), Self::Timestamp(_)) => {
                let mut text = Vec::new();
                self.write_text(value, &mut text);
                write_string(&String::from_utf8_lossy(&text), out);
            }
            _ => self.write_json(value, out),
        }
    }
}
