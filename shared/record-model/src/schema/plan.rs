//! A schema as the codec uses it: checked, resolved and ready for every record.

use super::field::{Field, Origin};
use super::file::Dialect;
use super::source::{ExtraFields, Form, Iceberg, MissingFields, NullFields};
use crate::codec::{PathTree, RowForm, TimeFormat};

/// Everything a schema file says, with every name resolved.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) form: Form,
    /// How rows are cut and joined; unused in a JSON schema.
    pub(crate) row: RowForm,
    pub(crate) missing_fields: MissingFields,
    pub(crate) extra_fields: ExtraFields,
    /// Member that collects what the schema does not name.
    pub(crate) extra_name: String,
    pub(crate) null_fields: NullFields,
    pub(crate) fields: Vec<Field>,
    /// Number of fields that come from the payload.
    pub(crate) payload_fields: usize,
    /// Where the payload's JSON holds each field.
    pub(crate) paths: PathTree,
    /// Where the typed document holds each field.
    pub(crate) names: PathTree,
    pub(crate) text: Option<usize>,
    pub(crate) language: Option<usize>,
    pub(crate) event_time: Option<usize>,
    pub(crate) document_id: Option<usize>,
    pub(crate) partition_keys: Vec<PartitionKey>,
    pub(crate) drop_rules: Vec<DropRule>,
    pub(crate) iceberg: Option<Iceberg>,
    /// How the data set's files are written.
    pub(crate) file: Dialect,
}

/// A dynamic partitioning key and the field it is taken from.
#[derive(Debug)]
pub(crate) struct PartitionKey {
    pub(crate) key: String,
    pub(crate) field: usize,
    /// Which part of a timestamp is the key.
    pub(crate) format: Option<TimeFormat>,
}

/// A record whose field was written as one of these is dropped.
#[derive(Debug)]
pub(crate) struct DropRule {
    pub(crate) slot: usize,
    /// The values, as JSON as it is written.
    pub(crate) is: Vec<Vec<u8>>,
    pub(crate) is_null: bool,
}

impl Plan {
    /// The fields that come from the payload, in its order, with their index among all fields.
    pub(crate) fn payload_fields(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().enumerate().filter(|(_, field)| field.origin == Origin::Payload)
    }

    /// The name of the field that identifies a document.
    pub(crate) fn document_id_name(&self) -> Option<&str> {
        self.fields.get(self.document_id?).map(|field| field.name.as_str())
    }

    /// Whether the typed document always has a member for the field.
    pub(crate) fn is_always_written(&self, field: &Field) -> bool {
        match field.origin {
            Origin::GeoPoint(..) => false,
            _ => self.null_fields == NullFields::Write || field.always_has_value(),
        }
    }

    /// Whether the typed document may have a null for the field.
    pub(crate) fn may_be_null(&self, field: &Field) -> bool {
        self.null_fields == NullFields::Write
            && !field.always_has_value()
            && !matches!(field.origin, Origin::GeoPoint(..))
    }
}
