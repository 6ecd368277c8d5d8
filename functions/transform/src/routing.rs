//! What Firehose is told about a document: its dynamic partition or its Iceberg table.

use crate::{Destination, RecordFailure, TransformSettings};
use edge::lambda::events::{RecordMetadata, TableRoute};
use record_model::{Schema, SchemaError};
use std::borrow::Cow;
use std::collections::HashSet;

/// The longest value of a key, since a prefix with all its keys may have 512 characters.
const MAX_KEY_CHARS: usize = 128;

/// Makes the metadata of one document after the other.
pub(crate) struct Routing {
    destination: Destination,
    empty_key: String,
    /// The metadata of the last document that was routed; empty for none.
    metadata: Vec<u8>,
    partitions: HashSet<Vec<u8>>,
    empty_keys: usize,
}

/// Why a schema does not fit the destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// The schema names no keys for partitioning.
    #[error("the destination is s3-partitioned, but the schema names no partition keys")]
    NoPartitionKeys,
    /// Neither the setting nor the schema names a table.
    #[error("the destination is iceberg, but neither ICEBERG_TABLE nor the schema names a table")]
    NoTable,
    /// The destination refuses a name in the schema.
    #[error("the destination refuses the schema's documents")]
    Name(#[from] SchemaError),
}

impl Routing {
    /// Makes the routing for documents of this schema.
    pub(crate) fn new(schema: &Schema, settings: &TransformSettings) -> Result<Self, RoutingError> {
        let mut metadata = Vec::new();
        match settings.destination {
            Destination::S3Partitioned if !schema.has_partition_keys() => {
                return Err(RoutingError::NoPartitionKeys);
            }
            Destination::OpenSearch => schema.fit_opensearch()?,
            Destination::Iceberg => {
                let to = settings.table.as_ref().or(schema.iceberg()).ok_or(RoutingError::NoTable)?;
                let table = TableRoute { database: &to.database, table: &to.table, operation: &to.operation };
                RecordMetadata { table: Some(table), ..RecordMetadata::default() }.write_json(&mut metadata);
            }
            _ => {}
        }
        Ok(Self {
            destination: settings.destination,
            empty_key: settings.empty_partition_key.clone(),
            metadata,
            partitions: HashSet::new(),
            empty_keys: 0,
        })
    }

    pub(crate) fn start_batch(&mut self) {
        self.partitions.clear();
        self.empty_keys = 0;
    }

    /// The metadata of a document.
    pub(crate) fn route(&mut self, schema: &Schema, document: &[u8]) -> Result<&[u8], RecordFailure> {
        if self.destination == Destination::S3Partitioned {
            self.write_partition_keys(schema, document)?;
        }
        Ok(&self.metadata)
    }

    /// How many distinct partitions the batch has. A delivery stream has at most 500 at a time.
    pub(crate) fn partitions(&self) -> usize {
        self.partitions.len()
    }

    /// How many keys of the batch had no value.
    pub(crate) fn empty_keys(&self) -> usize {
        self.empty_keys
    }

    fn write_partition_keys(&mut self, schema: &Schema, document: &[u8]) -> Result<(), RecordFailure> {
        let mut keys = schema.partition_keys(document)?;
        for (_, value) in &mut keys {
            *value = Cow::Owned(sanitised(value));
            if value.is_empty() {
                *value = Cow::Borrowed(&self.empty_key);
                self.empty_keys += 1;
            }
        }
        let keys: Vec<(&str, &str)> = keys.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        self.metadata.clear();
        RecordMetadata { partition_keys: &keys, table: None }.write_json(&mut self.metadata);
        if !self.partitions.contains(&self.metadata) {
            self.partitions.insert(self.metadata.clone());
        }
        Ok(())
    }
}

/// A key as one part of an object's name: letters, digits, `-`, `_` and inner dots stay, and everything else
/// becomes `_`.
fn sanitised(value: &str) -> String {
    let plain = |char: char| if char.is_alphanumeric() || "-_.".contains(char) { char } else { '_' };
    let value: String = value.trim().chars().take(MAX_KEY_CHARS).map(plain).collect();
    if value.chars().all(|char| char == '.') { "_".repeat(value.len()) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record_model::Iceberg;

    #[test]
    fn a_key_can_not_leave_its_place_in_the_name_of_an_object() {
        for (value, key) in [
            ("3C", "3C"),
            ("a/b", "a_b"),
            ("..", "__"),
            ("../x", ".._x"),
            (" THEFT $400 ", "THEFT__400"),
            ("É", "É"),
            ("", ""),
            ("  ", ""),
        ] {
            assert_eq!(sanitised(value), key);
        }
        assert_eq!(sanitised(&"x".repeat(1000)).len(), MAX_KEY_CHARS);
    }

    const SCHEMA: &str = r#"
        name = "visits"
        form = "delimited"
        delimiter = "|"
        null_tokens = [""]
        partition_keys = [{ key = "place", field = "place" }]
        iceberg = { database = "lake", table = "visits" }

        [[fields]]
        name = "place"
        type = "string"
    "#;

    fn settings(destination: Destination) -> TransformSettings {
        let empty_partition_key = "nowhere".to_owned();
        TransformSettings { destination, empty_partition_key, ..TransformSettings::for_schema("visits") }
    }

    fn routing(destination: Destination) -> (Schema, Routing) {
        let schema = Schema::parse(SCHEMA).unwrap();
        let routing = Routing::new(&schema, &settings(destination)).unwrap();
        (schema, routing)
    }

    #[track_caller]
    fn check(routing: &mut (Schema, Routing), document: &str, metadata: &str) {
        let (schema, routing) = routing;
        let json = routing.route(schema, document.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(json).unwrap(), metadata);
    }

    #[test]
    fn documents_are_told_apart_by_their_partition_keys() {
        let mut routing = routing(Destination::S3Partitioned);
        check(&mut routing, r#"{"place":"a/\"b"}"#, r#"{"partitionKeys":{"place":"a__b"}}"#);
        check(&mut routing, r#"{"place":null}"#, r#"{"partitionKeys":{"place":"nowhere"}}"#);
        check(&mut routing, r#"{"place":"a_/b"}"#, r#"{"partitionKeys":{"place":"a__b"}}"#);
        assert_eq!((routing.1.partitions(), routing.1.empty_keys()), (2, 1));
        routing.1.start_batch();
        assert_eq!((routing.1.partitions(), routing.1.empty_keys()), (0, 0));
    }

    #[test]
    fn rows_of_a_table_are_told_their_table() {
        let table = r#"{"otfMetadata":{"destinationDatabaseName":"lake","destinationTableName":"visits","operation":"insert"}}"#;
        check(&mut routing(Destination::Iceberg), r#"{"place":"a"}"#, table);
    }

    #[test]
    fn the_table_of_the_settings_goes_before_that_of_the_schema() {
        let named = |database: &str, table: &str| {
            let (database, table) = (database.to_owned(), table.to_owned());
            Some(Iceberg { database, table, operation: "insert".to_owned() })
        };
        let settings = TransformSettings { table: named("shop", "orders"), ..settings(Destination::Iceberg) };
        for schema in [Schema::parse(SCHEMA).unwrap(), Schema::built_in("crime").unwrap()] {
            let routing = Routing::new(&schema, &settings).unwrap();
            let told = r#"{"otfMetadata":{"destinationDatabaseName":"shop","destinationTableName":"orders","operation":"insert"}}"#;
            check(&mut (schema, routing), r#"{"place":"a"}"#, told);
        }
    }

    #[test]
    fn other_destinations_are_told_nothing() {
        check(&mut routing(Destination::S3), r#"{"place":"a"}"#, "");
        check(&mut routing(Destination::OpenSearch), r#"{"place":"a"}"#, "");
    }

    #[test]
    fn a_schema_without_keys_or_table_does_not_fit_where_they_are_needed() {
        let schema = Schema::built_in("crime").unwrap();
        let refused = |destination| Routing::new(&schema, &settings(destination)).err();
        assert_eq!(refused(Destination::S3Partitioned), Some(RoutingError::NoPartitionKeys));
        assert_eq!(refused(Destination::Iceberg), Some(RoutingError::NoTable));
        assert_eq!(refused(Destination::S3), None);
    }

    #[test]
    fn a_schema_with_a_name_that_opensearch_keeps_for_itself_does_not_fit_there() {
        let schema = SCHEMA.replace("\"place\"", "\"_id\"");
        let schema = Schema::parse(&schema).unwrap();
        let refused = |destination| Routing::new(&schema, &settings(destination)).err();
        assert!(matches!(refused(Destination::OpenSearch), Some(RoutingError::Name(_))));
        assert_eq!(refused(Destination::S3), None);
    }
}
