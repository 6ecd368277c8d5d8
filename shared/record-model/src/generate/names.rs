//! Names that a destination reserves, or can't tell apart.

use std::collections::HashSet;

use super::tree::{Member, members};
use crate::schema::{ExtraFields, Plan, Reason, SchemaError};

/// The metadata fields of an OpenSearch index, which refuses a document that has a member of such a name. The
/// list is "Metadata fields" of OpenSearch's documentation, together with those that its mappers register
/// (`_version` to `_doc_count`), the one of the plugin `mapper-size`, and `_type`, which was one until
/// version 2.
const OPENSEARCH_METADATA: [&str; 16] = [
    "_field_names",
    "_id",
    "_ignored",
    "_index",
    "_meta",
    "_routing",
    "_source",
    "_version",
    "_seq_no",
    "_primary_term",
    "_nested_path",
    "_data_stream_timestamp",
    "_recovery_source",
    "_doc_count",
    "_size",
    "_type",
];

/// The table's partition columns.
const ATHENA_PARTITIONS: [&str; 2] = ["dt", "hour"];

/// Refuses a schema whose index or documents OpenSearch would refuse.
pub(super) fn fit_opensearch(plan: &Plan) -> Result<(), SchemaError> {
    let refused = |name: &str, why| Err(refusal("opensearch", name, why));
    if plan.name.starts_with(['_', '-']) || plan.name.contains(|c: char| c.is_ascii_uppercase()) {
        return refused(
            &plan.name,
            "an index name has no upper case letter, and begins with neither `_` nor `-`",
        );
    }
    // Inside another member these names are names like any other.
    match top_level(plan).iter().find(|name| OPENSEARCH_METADATA.contains(name)) {
        Some(name) => refused(name, "it is a metadata field there; name it otherwise and give it `paths`"),
        None => Ok(()),
    }
}

/// The longest name of a column, in bytes, according to "Name databases, tables, and columns" of Athena's
/// documentation.
const MAX_ATHENA_NAME_BYTES: usize = 255;

/// Refuses a schema for whose documents no Athena table can be made: names must differ by more than their
/// case, and a column that holds an object has no hyphen in its own name or in any name inside it.
pub(super) fn fit_athena(plan: &Plan) -> Result<(), SchemaError> {
    let top_level = top_level(plan);
    let is_partition = |name: &&&str| ATHENA_PARTITIONS.contains(&&*name.to_ascii_lowercase());
    if let Some(name) = top_level.iter().find(is_partition) {
        return Err(refusal("athena", name, "it is a column of the table's partitions"));
    }
    if let Some(name) = top_level.iter().find(|name| name.len() > MAX_ATHENA_NAME_BYTES) {
        return Err(refusal("athena", name, "it is longer than 255 bytes"));
    }
    tell_apart(&top_level)?;
    members(plan).iter().try_for_each(inner_names)
}

/// The members on the top level of a document.
fn top_level(plan: &Plan) -> Vec<&str> {
    let extra = Some(&*plan.extra_name).filter(|_| plan.extra_fields == ExtraFields::Collect);
    members(plan).iter().map(Member::name).chain(extra).collect()
}

fn inner_names(member: &Member<'_>) -> Result<(), SchemaError> {
    let Member::Object(_, inner) = member else { return Ok(()) };
    let names: Vec<&str> = inner.iter().map(Member::name).collect();
    if let Some(name) = names.iter().chain([&member.name()]).find(|name| name.contains('-')) {
        return Err(refusal(
            "athena",
            name,
            "a column that holds an object takes only letters, digits and `_` in its names",
        ));
    }
    tell_apart(&names)?;
    inner.iter().try_for_each(inner_names)
}

fn tell_apart(names: &[&str]) -> Result<(), SchemaError> {
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(name.to_lowercase())) {
        Some(name) => Err(refusal("athena", name, "another name differs from it only in case")),
        None => Ok(()),
    }
}

fn refusal(destination: &'static str, name: &str, why: &'static str) -> SchemaError {
    SchemaError::of_destination(Reason::Destination { destination, name: name.to_owned(), why })
}
