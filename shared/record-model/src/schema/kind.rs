//! The types of fields: reading text to a value, and writing a value as text or JSON.

use std::borrow::Cow;

use crate::codec::{
    BooleanRule, EnumRule, FloatRule, Input, IntegerRule, Problem, TextRule, TimestampRule, Value,
    write_integer, write_string,
};

/// The type of a field.
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

impl Kind {
    /// Reads a text that has no blanks around it.
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

    /// Reads a JSON number: numbers and epoch timestamps take its value, and strings keep its digits.
    pub(super) fn read_number<'v>(&'v self, text: &'v str) -> Result<Value<'v>, Problem> {
        match self {
            Self::Boolean(_) | Self::Enum(_) | Self::GeoPoint => Err(self.wrong_type(&Input::Number(text))),
            // Nearly all numbers are written as a row writes them.
            Self::Integer(rule) => rule.read(text).or_else(|_| rule.read_number(text)).map(Value::Integer),
            _ => self.read_bare(text),
        }
    }

    pub(super) fn wrong_type(&self, input: &Input<'_>) -> Problem {
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

    /// Appends a value as the text that [`Kind::read_bare`] reads back; a null appends nothing.
    pub(crate) fn write_text(&self, value: &Value<'_>, out: &mut Vec<u8>) {
        match (value, self) {
            (Value::Text(text), Self::Text(rule)) => rule.write(text, out),
            (Value::Text(text), _) => out.extend_from_slice(text.as_bytes()),
            (Value::Boolean(value), Self::Boolean(rule)) => {
                out.extend_from_slice(rule.token(*value).as_bytes());
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
            (Value::Text(text), _) => write_string(text, out),
            (Value::Integer(number), _) => write_integer(*number, out),
            (Value::Float(float), _) => float.write(out),
            (Value::Boolean(value), _) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            (Value::Time(moment), Self::Timestamp(rule)) if rule.output.is_number() => {
                rule.write(moment, out);
            }
            (Value::Time(moment), Self::Timestamp(rule)) => {
                out.push(b'"');
                rule.write(moment, out);
                out.push(b'"');
            }
            (Value::Null | Value::Time(_), _) => out.extend_from_slice(b"null"),
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
