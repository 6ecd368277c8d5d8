//! Why a schema file is refused.

use std::fmt;
use std::ops::Range;

use thiserror::Error;

/// Why a schema can't be used, with the line; or why a CSV header or a destination does not fit a schema.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct SchemaError {
    /// `None` if the schema file itself is not wrong.
    line: Option<usize>,
    reason: Reason,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "schema line {line}: {}", self.reason),
            None => write!(out, "{}", self.reason),
        }
    }
}

/// What is wrong with a schema.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Reason {
    #[error("not a schema file: {0}")]
    Toml(String),
    #[error("the file has {found} bytes, the limit is {limit}")]
    TooLong { found: usize, limit: usize },
    #[error("`{key}` is {found:?}, expected {expected}")]
    Bad { key: &'static str, found: String, expected: &'static str },
    #[error("`{key}` and `{other}` exclude each other: {why}")]
    Exclusive { key: &'static str, other: &'static str, why: &'static str },
    #[error("field `{field}`: {reason}")]
    Field { field: String, reason: Box<FieldReason> },
    #[error("the schema has no fields")]
    NoFields,
    #[error("the schema has {found} fields, the limit is {limit}")]
    TooManyFields { found: usize, limit: usize },
    #[error("`{key}` names the field `{field}`, which {why}")]
    Reference { key: &'static str, field: String, why: &'static str },
    #[error("partition key `{0}` is named twice")]
    KeyTwice(String),
    #[error("a drop rule needs `is` or `is_null`")]
    EmptyDropRule,
    #[error("the csv header has no column for the required field `{field}`: {found}")]
    NoColumn { field: String, found: String },
    #[error("no column of the file is a field of the schema ({expected}): {found}")]
    NoColumns { found: String, expected: String },
    #[error("the csv header names the field `{0}` twice")]
    ColumnTwice(String),
    #[error("`{name}` can't be a name for {destination}: {why}")]
    Destination { destination: &'static str, name: String, why: &'static str },
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum FieldReason {
    #[error("the name must be words of letters, digits, `_` or `-`, with dots between")]
    BadName,
    #[error("it nests more than {limit} objects deep")]
    TooDeep { limit: usize },
    #[error("another field has this name")]
    NamedTwice,
    #[error("`{0}` is a field of its own, so it can't be an object too")]
    FieldAndObject(String),
    #[error("the fields of the object `{0}` must stand together")]
    SplitObject(String),
    #[error("`{key}` has no meaning for this type")]
    KeyOfOtherType { key: &'static str },
    #[error("`{key}` is missing")]
    Missing { key: &'static str },
    #[error("`{key}` {why}")]
    Key { key: &'static str, why: &'static str },
    #[error("`{key}` holds {found:?}, which {why}")]
    Value { key: &'static str, found: String, why: String },
    #[error("`{key}` names `{name}`, which is no earlier field {of}")]
    Earlier { key: &'static str, name: String, of: &'static str },
    #[error("`min` is greater than `max`")]
    EmptyRange,
}

impl SchemaError {
    pub(crate) fn new(line: usize, reason: Reason) -> Self {
        Self { line: Some(line), reason }
    }

    pub(crate) fn of_header(reason: Reason) -> Self {
        Self { line: None, reason }
    }

    /// An error about a valid schema that does not fit this destination.
    pub(crate) fn of_destination(reason: Reason) -> Self {
        Self { line: None, reason }
    }

    /// Returns the line of the schema file, from 1; `None` if the schema file itself is not wrong.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

/// The line of the file, from 1, in which a span begins.
pub(super) fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    memchr::memchr_iter(b'\n', before).count() + 1
}
