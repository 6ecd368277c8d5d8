//! Schemas: descriptions, as data, of the records of a data set.

mod built_in;
mod compile;
mod error;
mod field;
mod field_values;
mod fields;
mod file;
mod kind;
mod layout;
mod nulls;
mod plan;
mod references;
mod row_form;
mod rules;
mod source;

use std::borrow::Cow;
use std::sync::Arc;

pub use error::SchemaError;
pub use file::{Dialect, FileFormat};
pub use source::Iceberg;

pub(crate) use error::Reason;
pub(crate) use field::{DefaultValue, Field, Origin};
pub(crate) use fields::MAX_SLOTS;
pub(crate) use kind::Kind;
pub(crate) use plan::{PartitionKey, Plan};
pub(crate) use source::{Derived, ExtraFields, Form, MissingFields, NullFields};

use crate::codec::{CsvColumns, OpenedPayload, RecordContext, RecordError, Written};

/// A data set's schema, ready for use. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Schema {
    plan: Arc<Plan>,
}

impl Schema {
    /// Reads a schema file (TOML). A schema that contradicts itself is refused, and the error gives the line
    /// and the reason.
    pub fn parse(toml: &str) -> Result<Self, SchemaError> {
        compile::compile(toml).map(|plan| Self { plan: Arc::new(plan) })
    }

    /// Returns a schema that is compiled in, by one of [`built_in_names`](Self::built_in_names).
    pub fn built_in(name: &str) -> Option<Self> {
        built_in::source(name).and_then(|toml| Self::parse(toml).ok())
    }

    /// Returns the names of all schemas that are compiled in.
    pub fn built_in_names() -> &'static [&'static str] {
        &built_in::NAMES
    }

    /// Returns the data set's name.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// Whether payloads are JSON objects; if not, they are delimited rows.
    pub fn is_json(&self) -> bool {
        self.plan.form == Form::Json
    }

    /// Whether the schema names a text that the consumer enriches.
    pub fn has_text(&self) -> bool {
        self.plan.text.is_some()
    }

    /// Returns how the data set's files are written.
    pub fn file(&self) -> &Dialect {
        &self.plan.file
    }

    /// Returns where an Iceberg destination puts this data set's records, if the schema says so.
    pub fn iceberg(&self) -> Option<&Iceberg> {
        self.plan.iceberg.as_ref()
    }

    /// Appends one typed JSON object on one line, without a newline. On an error and on [`Written::Dropped`]
    /// `out` is unchanged. The payload must be one record: a row or a JSON object.
    pub fn write_typed_json(
        &self,
        payload: &[u8],
        context: &RecordContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Written, RecordError> {
        self.plan.write_document(payload, context, out)
    }

    /// Splits a payload that holds several records: rows by their line ends, or JSON values one after
    /// another. Every other function here takes one record, and refuses a payload of several as
    /// `several_records`.
    pub fn records_in<'a>(&self, payload: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.plan.records_in(payload)
    }

    /// Appends a payload that [`Schema::write_typed_json`] turns into `document` again, which is the way back
    /// from a typed document to the stream. A payload contains neither derived fields nor what a JSON schema
    /// collected from members that it does not name.
    pub fn write_payload(&self, document: &[u8], out: &mut Vec<u8>) -> Result<(), RecordError> {
        self.plan.write_payload_of(document, out)
    }

    /// Returns the dynamic partitioning keys of a typed document, in the schema's order. A field without a
    /// value has an empty key. Values are not sanitised.
    pub fn partition_keys<'s>(
        &'s self,
        document: &'s [u8],
    ) -> Result<Vec<(&'s str, Cow<'s, str>)>, RecordError> {
        self.plan.partition_keys(document)
    }

    /// Whether a field is taken from [`RecordContext::position`]. If not, the caller need not provide one.
    pub fn derives_position(&self) -> bool {
        self.plan.fields.iter().any(|field| {
            field.origin == Origin::Derived(Derived::Position)
                || field.default == Some(DefaultValue::Derived(Derived::Position))
        })
    }

    /// Whether the schema names dynamic partitioning keys.
    pub fn has_partition_keys(&self) -> bool {
        !self.plan.partition_keys.is_empty()
    }

    /// Finds a payload's members once, to read first its text and then its document.
    pub fn open<'a>(&self, payload: &'a [u8]) -> Result<OpenedPayload<'a, '_>, RecordError> {
        self.plan.open(payload)
    }

    /// Finds which column of a CSV file supplies which field. A field's `column` decides, or its name or one
    /// of its `csv` names without regard to case; in a file without a header, its place among the fields
    /// decides. Other columns are ignored, but a file is refused if none of its columns belongs to a field.
    /// `first_row` is the header, or the first row of a file without one.
    pub fn csv_columns(&self, first_row: &csv::ByteRecord) -> Result<CsvColumns, SchemaError> {
        CsvColumns::new(&self.plan, first_row)
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }
}
