//! A schema's TOML as it is written, with every key that a schema file may have.

use serde::Deserialize;
use toml::{Spanned, Value};

use super::file::FileSection;

/// One schema file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SchemaSource {
    pub(super) name: Spanned<String>,
    pub(super) description: Option<String>,
    pub(super) form: Form,
    pub(super) delimiter: Option<Spanned<String>>,
    pub(super) quote: Option<Spanned<char>>,
    pub(super) escape: Option<Spanned<char>>,
    pub(super) missing_fields: Option<MissingFields>,
    pub(super) extra_fields: Option<ExtraFields>,
    pub(super) extra_name: Option<Spanned<String>>,
    pub(super) null_tokens: Option<Vec<String>>,
    #[serde(default)]
    pub(super) null_fields: NullFields,
    pub(super) text: Option<Spanned<String>>,
    pub(super) language: Option<Spanned<String>>,
    pub(super) event_time: Option<Spanned<String>>,
    pub(super) document_id: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) partition_keys: Vec<Spanned<PartitionKeySource>>,
    #[serde(default)]
    pub(super) drop_when: Vec<Spanned<DropSource>>,
    pub(super) iceberg: Option<Iceberg>,
    pub(super) file: Option<FileSection>,
    pub(super) fields: Vec<Spanned<FieldSource>>,
}

/// The form in which a payload of the data set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    Delimited,
    Json,
}

/// What happens to a record that lacks a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MissingFields {
    Fail,
    Ignore,
}

/// What happens to fields that the schema does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExtraFields {
    Fail,
    Ignore,
    Collect,
}

/// Whether a field without a value is written as `null` or left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NullFields {
    #[default]
    Write,
    Omit,
}

/// Where Firehose puts a record of this data set in an Iceberg destination.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iceberg {
    /// Destination database, `otfMetadata.destinationDatabaseName`.
    pub database: String,
    /// Destination table, `otfMetadata.destinationTableName`.
    pub table: String,
    /// `insert`, `update` or `delete`, `otfMetadata.operation`.
    #[serde(default = "insert")]
    pub operation: String,
}

fn insert() -> String {
    "insert".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartitionKeySource {
    pub(super) key: String,
    pub(super) field: Spanned<String>,
    pub(super) format: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DropSource {
    pub(super) field: Spanned<String>,
    #[serde(default)]
    pub(super) is: Vec<Value>,
    #[serde(default)]
    pub(super) is_null: bool,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TypeName {
    String,
    Integer,
    Float,
    Boolean,
    Timestamp,
    Enum,
    GeoPoint,
}

/// Where a value that is not in the row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Derived {
    IngestedAt,
    Source,
    Offset,
    Position,
    RowHash,
}

/// One `[[fields]]` table. Which keys go with which type is checked when the schema is compiled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldSource {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) type_name: TypeName,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) paths: Option<Vec<String>>,
    pub(super) csv: Option<Vec<String>>,
    pub(super) column: Option<usize>,
    pub(super) decimal: Option<char>,
    pub(super) thousands: Option<char>,
    pub(super) from: Option<Derived>,
    pub(super) join: Option<Vec<String>>,
    pub(super) constant: Option<Value>,
    pub(super) default: Option<Value>,
    pub(super) default_from: Option<Derived>,
    pub(super) null_tokens: Option<Vec<String>>,
    pub(super) trim: Option<bool>,
    pub(super) collapse_blanks: Option<bool>,
    pub(super) unescape_html: Option<bool>,
    pub(super) min_length: Option<usize>,
    pub(super) max_length: Option<usize>,
    pub(super) pattern: Option<String>,
    pub(super) min: Option<Value>,
    pub(super) max: Option<Value>,
    pub(super) values: Option<Vec<String>>,
    pub(super) ignore_case: Option<bool>,
    pub(super) true_tokens: Option<Vec<String>>,
    pub(super) false_tokens: Option<Vec<String>>,
    pub(super) formats: Option<Vec<String>>,
    pub(super) zone: Option<String>,
    pub(super) output_format: Option<String>,
    pub(super) output_zone: Option<String>,
    pub(super) latitude: Option<String>,
    pub(super) longitude: Option<String>,
    pub(super) made_up: Option<String>,
}

impl FieldSource {
    /// The keys in this table that only some types know, each with those types.
    pub(super) fn keys_of_some_types(&self) -> Vec<(&'static str, &'static [TypeName])> {
        use TypeName::{Boolean, Enum, Float, GeoPoint, Integer, String, Timestamp};
        let keys: [(&'static str, bool, &'static [TypeName]); 20] = [
            ("trim", self.trim.is_some(), &[String]),
            ("collapse_blanks", self.collapse_blanks.is_some(), &[String]),
            ("unescape_html", self.unescape_html.is_some(), &[String]),
            ("min_length", self.min_length.is_some(), &[String]),
            ("max_length", self.max_length.is_some(), &[String]),
            ("pattern", self.pattern.is_some(), &[String]),
            ("join", self.join.is_some(), &[String]),
            ("min", self.min.is_some(), &[Integer, Float]),
            ("max", self.max.is_some(), &[Integer, Float]),
            ("decimal", self.decimal.is_some(), &[Integer, Float]),
            ("thousands", self.thousands.is_some(), &[Integer, Float]),
            ("values", self.values.is_some(), &[Enum]),
            ("ignore_case", self.ignore_case.is_some(), &[Enum]),
            ("true_tokens", self.true_tokens.is_some(), &[Boolean]),
            ("false_tokens", self.false_tokens.is_some(), &[Boolean]),
            ("formats", self.formats.is_some(), &[Timestamp]),
            ("zone", self.zone.is_some(), &[Timestamp]),
            ("output_format", self.output_format.is_some(), &[Timestamp]),
            ("output_zone", self.output_zone.is_some(), &[Timestamp]),
            ("latitude/longitude", self.latitude.is_some() || self.longitude.is_some(), &[GeoPoint]),
        ];
        keys.into_iter().filter(|(_, set, _)| *set).map(|(key, _, types)| (key, types)).collect()
    }

    /// A key in this table that only fields of the payload know, if there is one.
    pub(super) fn key_of_the_payload(&self) -> Option<&'static str> {
        let keys = [
            ("required", self.required),
            ("paths", self.paths.is_some()),
            ("csv", self.csv.is_some()),
            ("column", self.column.is_some()),
            ("decimal", self.decimal.is_some()),
            ("thousands", self.thousands.is_some()),
            ("default", self.default.is_some()),
            ("default_from", self.default_from.is_some()),
            ("null_tokens", self.null_tokens.is_some()),
            ("made_up", self.made_up.is_some()),
        ];
        keys.into_iter().find(|(_, set)| *set).map(|(key, _)| key)
    }
}
