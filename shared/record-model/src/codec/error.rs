//! Why a record could not be read or written.

use std::fmt;

use thiserror::Error;

/// The most of a bad value that an error keeps, in bytes.
const MAX_VALUE_BYTES: usize = 64;

/// A record that its schema refuses: which field, where and why.
///
/// `Display` is one line without any of the payload's text, so it may be logged. At most 64 bytes of the
/// value itself are in [`RecordError::value`], for places that hold the payload anyway.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct RecordError(Box<Refusal>);

/// The error is in one box, so that results stay small when records are good.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    problem: Problem,
    field: Option<String>,
    byte: Option<usize>,
    value: String,
    /// Line, if it is known, and byte of the source at which the record begins.
    place: Option<(Option<u64>, u64)>,
}

/// What is wrong with a record, or with one of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The payload is not UTF-8.
    #[error("the payload is not utf-8")]
    NotUtf8,
    /// The payload is not one JSON object.
    #[error("the payload is not one json object")]
    NotJson,
    /// There is more than one record where one was expected. The next one begins at the byte that the error
    /// names.
    #[error("the payload holds several records, expected one")]
    SeveralRecords,
    /// A row with fewer fields than the schema has.
    #[error("the row has {found} fields, expected {expected}")]
    TooFewFields {
        /// Fields in the row.
        found: usize,
        /// Fields of the schema.
        expected: usize,
    },
    /// A row with more fields than the schema has.
    #[error("the row has {found} fields, expected {expected}")]
    TooManyFields {
        /// Fields in the row.
        found: usize,
        /// Fields of the schema.
        expected: usize,
    },
    /// A JSON object has a member that the schema does not name.
    #[error("the schema names no such field")]
    UnknownField,
    /// A JSON object has more unnamed members than the schema may collect.
    #[error("the object has more than {limit} members that the schema does not name")]
    TooManyExtras {
        /// The most that are collected.
        limit: usize,
    },
    /// A JSON object lacks a member that the schema names.
    #[error("the field is missing")]
    MissingField,
    /// A required field has no value.
    #[error("a value is required, found none")]
    Required,
    /// A quote is not closed, or text follows a closing quote.
    #[error("a quoted value must end with a quote before the next delimiter")]
    BadQuote,
    /// A JSON value has another type than expected.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What the schema asks for.
        expected: &'static str,
        /// The JSON type found.
        found: &'static str,
    },
    /// The text is not decimal digits with at most one sign.
    #[error("expected an integer in decimal digits")]
    NotInteger,
    /// The integer is outside -2^63 to 2^63-1.
    #[error("expected an integer of at most 64 bits")]
    IntegerOverflow,
    /// The text is not a finite decimal number.
    #[error("expected a finite decimal number")]
    NotFloat,
    /// The text is neither one of the schema's tokens for true nor one for false.
    #[error("expected a boolean")]
    NotBoolean,
    /// The text has none of the schema's input formats.
    #[error("expected a timestamp in one of the schema's formats")]
    NotTimestamp,
    /// The text is not one of an enum's values.
    #[error("expected one of the schema's values")]
    NotInEnum,
    /// A number is below its minimum or above its maximum.
    #[error("the number is out of the schema's range")]
    OutOfRange,
    /// A text has too few characters.
    #[error("the text has {found} characters, the minimum is {limit}")]
    TooShort {
        /// Characters in the text.
        found: usize,
        /// The schema's `min_length`.
        limit: usize,
    },
    /// A text has too many characters.
    #[error("the text has {found} characters, the limit is {limit}")]
    TooLong {
        /// Characters in the text.
        found: usize,
        /// The schema's `max_length`.
        limit: usize,
    },
    /// A text does not match the schema's pattern.
    #[error("the text does not match the schema's pattern")]
    PatternMismatch,
    /// The row form has no way to write this value.
    #[error("the value holds the delimiter or a line end, and the schema has neither quote nor escape")]
    Unwritable,
}

impl Problem {
    /// Returns a short stable word, for metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::SeveralRecords => "several_records",
            Self::TooFewFields { .. } => "too_few_fields",
            Self::TooManyFields { .. } => "too_many_fields",
            Self::UnknownField => "unknown_field",
            Self::TooManyExtras { .. } => "too_many_extras",
            Self::MissingField => "missing_field",
            Self::Required => "required",
            Self::BadQuote => "bad_quote",
            Self::WrongType { .. } => "wrong_type",
            Self::NotInteger => "not_integer",
            Self::IntegerOverflow => "integer_overflow",
            Self::NotFloat => "not_float",
            Self::NotBoolean => "not_boolean",
            Self::NotTimestamp => "not_timestamp",
            Self::NotInEnum => "not_in_enum",
            Self::OutOfRange => "out_of_range",
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::PatternMismatch => "pattern_mismatch",
            Self::Unwritable => "unwritable",
        }
    }
}

impl RecordError {
    /// An error of the record as a whole.
    #[cold]
    pub(crate) fn of_record(problem: Problem) -> Self {
        Self(Box::new(Refusal { problem, field: None, byte: None, value: String::new(), place: None }))
    }

    /// An error of one field.
    #[cold]
    pub(crate) fn of_field(problem: Problem, field: &str, byte: Option<usize>, value: &str) -> Self {
        let value = value.get(..value.floor_char_boundary(MAX_VALUE_BYTES)).unwrap_or_default().to_owned();
        Self(Box::new(Refusal { problem, field: Some(field.to_owned()), byte, value, place: None }))
    }

    #[cold]
    pub(crate) fn at_byte(mut self, byte: usize) -> Self {
        self.0.byte = Some(byte);
        self
    }

    /// Adds the place in a source where the record begins: its line from 1, if that is known, and its byte
    /// from 0.
    #[must_use]
    #[cold]
    pub fn at_place(mut self, line: Option<u64>, byte: u64) -> Self {
        self.0.place = Some((line, byte));
        self
    }

    /// Returns what is wrong.
    pub fn problem(&self) -> Problem {
        self.0.problem
    }

    /// Returns a short stable word for what is wrong (`not_integer`, `too_few_fields`), for metrics and logs.
    pub fn kind(&self) -> &'static str {
        self.0.problem.kind()
    }

    /// Returns the name of the field at fault, as the schema spells it; `None` if the record as a whole is
    /// wrong.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Returns the offset of the value in the payload, in bytes from 0, if it is known.
    pub fn byte(&self) -> Option<usize> {
        self.0.byte
    }

    /// Returns at most 64 bytes of the value found. This is text of the payload, so never log it.
    pub fn value(&self) -> &str {
        &self.0.value
    }
}

/// An error of a record as a whole.
impl From<Problem> for RecordError {
    #[cold]
    fn from(problem: Problem) -> Self {
        Self::of_record(problem)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((Some(line), byte)) => write!(out, "at line {line}, byte {byte} of the source: ")?,
            Some((None, byte)) => write!(out, "at byte {byte} of the source: ")?,
            None => {}
        }
        if let Some(field) = &self.field {
            write!(out, "field `{field}`")?;
        }
        match (&self.field, self.byte) {
            (Some(_), Some(byte)) => write!(out, " at byte {byte}: ")?,
            (Some(_), None) => out.write_str(": ")?,
            (None, Some(byte)) => write!(out, "byte {byte}: ")?,
            (None, None) => {}
        }
        write!(out, "{}", self.problem)
    }
}
