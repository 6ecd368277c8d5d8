//! What Firehose is told about a record besides its bytes.

use serde::{Serialize, Serializer};

/// `metadata` of one answered record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RecordMetadata<'a> {
    /// Names and values for dynamic partitioning, which a prefix uses as `!{partitionKeyFromLambda:name}`.
    #[serde(rename = "partitionKeys", serialize_with = "as_map", skip_serializing_if = "<[_]>::is_empty")]
    pub partition_keys: &'a [(&'a str, &'a str)],
    /// Which Apache Iceberg table the record goes to.
    #[serde(rename = "otfMetadata", skip_serializing_if = "Option::is_none")]
    pub table: Option<TableRoute<'a>>,
}

/// A table of an Iceberg destination, and the operation on the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TableRoute<'a> {
    /// The database that contains the table.
    #[serde(rename = "destinationDatabaseName")]
    pub database: &'a str,
    /// Name of the table.
    #[serde(rename = "destinationTableName")]
    pub table: &'a str,
    /// `insert`, `update` or `delete`.
    pub operation: &'a str,
}

impl RecordMetadata<'_> {
    /// Appends the JSON object that an answer takes as a record's metadata.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        // Writing texts to a vector can't fail.
        let _ = serde_json::to_writer(out, self);
    }
}

fn as_map<S: Serializer>(pairs: &&[(&str, &str)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}
