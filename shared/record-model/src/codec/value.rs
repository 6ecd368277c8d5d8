//! A typed value: read from a row or a JSON member, and written as JSON or as text of a row.

use std::borrow::Cow;

use super::float::Float;
use super::timestamp::Moment;

/// What a payload holds for one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input<'a> {
    /// The payload has no such field.
    Missing,
    /// JSON `null`.
    Null,
    /// A piece of a row, or a JSON string.
    Text(Cow<'a, str>),
    /// A JSON number as it is written.
    Number(&'a str),
    /// A JSON boolean.
    Boolean(bool),
    /// A JSON array or object.
    Compound(&'static str),
}

impl Input<'_> {
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Missing => "nothing",
            Self::Null => "null",
            Self::Text(_) => "text",
            Self::Number(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::Compound(name) => name,
        }
    }

    /// The text of the value, for an error.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(text) => text,
            Self::Boolean(true) => "true",
            Self::Boolean(false) => "false",
            Self::Missing | Self::Null | Self::Compound(_) => "",
        }
    }
}

/// A value of a field's type. It borrows from the payload wherever the text there needs no change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Text(Cow<'a, str>),
    Integer(i64),
    Float(Float<'a>),
    Boolean(bool),
    Time(Moment<'a>),
}
