//! The references by name from the head of a schema to its fields.

use std::collections::HashSet;

use toml::Spanned;

use super::compile::Refused;
use super::error::Reason;
use super::field::{Field, Origin};
use super::kind::Kind;
use super::plan::PartitionKey;
use super::source::{ExtraFields, PartitionKeySource, SchemaSource};
use crate::codec::TimeFormat;

/// The member that collects extra fields. No field may have its name.
pub(super) fn extra_name(
    source: &SchemaSource,
    extra_fields: ExtraFields,
    fields: &[Field],
) -> Refused<String> {
    let (name, span) = match &source.extra_name {
        Some(name) if extra_fields != ExtraFields::Collect => {
            let why = "nothing is collected";
            return Err((name.span(), Reason::Exclusive { key: "extra_name", other: "extra_fields", why }));
        }
        Some(name) => (name.get_ref().as_str(), name.span()),
        None => ("_extra", source.name.span()),
    };
    let taken = fields.iter().any(|field| field.name.split('.').next() == Some(name));
    if taken && extra_fields == ExtraFields::Collect {
        let why = "is a field of the schema";
        return Err((span, Reason::Reference { key: "extra_name", field: name.to_owned(), why }));
    }
    Ok(name.to_owned())
}

/// A field that is a string of the payload.
pub(super) fn text(
    key: &'static str,
    name: Option<&Spanned<String>>,
    fields: &[Field],
) -> Refused<Option<usize>> {
    let fits = |field: &Field| {
        field.origin == Origin::Payload && matches!(field.kind, Kind::Text(_) | Kind::Enum(_))
    };
    reference(key, name, fields, fits, "is not a string of the payload")
}

/// A field that is a timestamp of the payload.
pub(super) fn time(
    key: &'static str,
    name: Option<&Spanned<String>>,
    fields: &[Field],
) -> Refused<Option<usize>> {
    let fits = |field: &Field| field.origin == Origin::Payload && matches!(field.kind, Kind::Timestamp(_));
    reference(key, name, fields, fits, "is not a timestamp of the payload")
}

/// A field of any kind.
pub(super) fn any(
    key: &'static str,
    name: Option<&Spanned<String>>,
    fields: &[Field],
) -> Refused<Option<usize>> {
    reference(key, name, fields, |_| true, "does not exist")
}

fn reference(
    key: &'static str,
    name: Option<&Spanned<String>>,
    fields: &[Field],
    fits: impl Fn(&Field) -> bool,
    why: &'static str,
) -> Refused<Option<usize>> {
    let Some(name) = name else { return Ok(None) };
    let found = fields.iter().position(|field| field.name == *name.get_ref() && fits(field));
    let refused = || (name.span(), Reason::Reference { key, field: name.get_ref().clone(), why });
    found.map(Some).ok_or_else(refused)
}

/// The dynamic partitioning keys, each with a different name.
pub(super) fn partition_keys(
    sources: &[Spanned<PartitionKeySource>],
    fields: &[Field],
) -> Refused<Vec<PartitionKey>> {
    let mut keys: Vec<PartitionKey> = Vec::new();
    let mut names = HashSet::new();
    for source in sources {
        let PartitionKeySource { key, field, format } = source.get_ref();
        if !names.insert(key) {
            return Err((source.span(), Reason::KeyTwice(key.clone())));
        }
        let single = |field: &Field| !matches!(field.kind, Kind::GeoPoint);
        let Some(index) = reference("partition_keys", Some(field), fields, single, "is not a single value")?
        else {
            continue;
        };
        let format = match (format, fields.get(index)) {
            (Some(format), Some(field)) => Some(part_of_time(field, format)?),
            _ => None,
        };
        keys.push(PartitionKey { key: key.clone(), field: index, format });
    }
    Ok(keys)
}

/// The format of a key, which only a timestamp can have.
fn part_of_time(field: &Field, format: &Spanned<String>) -> Refused<TimeFormat> {
    if !matches!(field.kind, Kind::Timestamp(_)) {
        let why = "is not a timestamp, so it has no format";
        let reason = Reason::Reference { key: "partition_keys", field: field.name.clone(), why };
        return Err((format.span(), reason));
    }
    TimeFormat::compile(format.get_ref()).map_err(|_| {
        let found = format.get_ref().clone();
        (format.span(), Reason::Bad { key: "format", found, expected: "a date pattern" })
    })
}
