//! Why a schema file is refused.

use std::ops::Range;

use thiserror::Error;

/// A schema that can't be used: the line and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("schema line {line}: {reason}")]
pub struct SchemaError {
    line: usize,
    reason: Reason,
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
    #[error("`{key}` names the field `{field}`, which {why}")]
    Reference { key: &'static str, field: String, why: &'static str },
    #[error("partition key `{0}` is named twice")]
    KeyTwice(String),
    #[error("a drop rule needs `is` or `is_null`")]
    EmptyDropRule,
    #[error("the header has no column for the required field `{0}`")]
    NoColumn(String),
    #[error("the header names the field `{0}` twice")]
    ColumnTwice(String),
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum FieldReason {
    #[error("the name must be words of letters, digits, `_` or `-`, with dots between")]
    BadName,
    #[error("it is named twice")]
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
        Self { line, reason }
    }

    /// Line of the schema file, from 1; of a CSV file where its header is refused.
    pub fn line(&self) -> usize {
        self.line
    }
}

/// The line a span of the file begins in, from 1.
pub(super) fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    before.iter().filter(|&&byte| byte == b'\n').count() + 1
}
