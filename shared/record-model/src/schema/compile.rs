//! From a schema file to a plan, with every contradiction refused.

use std::ops::Range;

use toml::Spanned;

use super::error::{Reason, SchemaError, line_of};
use super::field::{Field, Origin};
use super::fields::Fields;
use super::kind::Kind;
use super::plan::{PartitionKey, Plan};
use super::row_form::row_form;
use super::source::{ExtraFields, Form, MissingFields, PartitionKeySource, SchemaSource};
use crate::codec::{PathTree, TimeFormat};

/// The largest schema file, in bytes.
const MAX_SCHEMA_BYTES: usize = 1 << 20;

/// A part of a schema, or the place and reason it is refused.
pub(super) type Refused<T> = Result<T, (Range<usize>, Reason)>;

/// Reads a schema file.
pub(super) fn compile(text: &str) -> Result<Plan, SchemaError> {
    if text.len() > MAX_SCHEMA_BYTES {
        return Err(SchemaError::new(1, Reason::TooLong { found: text.len(), limit: MAX_SCHEMA_BYTES }));
    }
    let source: SchemaSource = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, &span));
        SchemaError::new(line, Reason::Toml(error.message().to_owned()))
    })?;
    plan(source).map_err(|(span, reason)| SchemaError::new(line_of(text, &span), reason))
}

fn plan(source: SchemaSource) -> Refused<Plan> {
    let name = source.name.get_ref().clone();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(plain) {
        let expected = "letters, digits, `_` or `-`";
        return Err((source.name.span(), Reason::Bad { key: "name", found: name, expected }));
    }
    if source.fields.is_empty() {
        return Err((source.name.span(), Reason::NoFields));
    }
    let row = row_form(&source)?;
    let delimited = source.form == Form::Delimited;
    let mut fields = Fields::new(&source)?;
    let drop_rules =
        source.drop_when.iter().map(|rule| fields.drop_rule(rule.get_ref())).collect::<Refused<Vec<_>>>()?;
    let fields = fields.done;
    let is_text = |field: &Field| matches!(field.kind, Kind::Text(_) | Kind::Enum(_));
    let is_time = |field: &Field| matches!(field.kind, Kind::Timestamp(_));
    let extra_fields =
        source.extra_fields.unwrap_or(if delimited { ExtraFields::Fail } else { ExtraFields::Ignore });
    let missing = if delimited { MissingFields::Fail } else { MissingFields::Ignore };
    Ok(Plan {
        extra_name: extra_name(&source, extra_fields, &fields)?,
        text: reference(
            "text",
            source.text.as_ref(),
            &fields,
            from_payload(is_text),
            "is no string of the payload",
        )?,
        language: reference(
            "language",
            source.language.as_ref(),
            &fields,
            from_payload(is_text),
            "is no string of the payload",
        )?,
        event_time: reference(
            "event_time",
            source.event_time.as_ref(),
            &fields,
            from_payload(is_time),
            "is no timestamp of the payload",
        )?,
        document_id: reference(
            "document_id",
            source.document_id.as_ref(),
            &fields,
            |_| true,
            "does not exist",
        )?,
        partition_keys: partition_keys(&source.partition_keys, &fields)?,
        payload_fields: fields.iter().filter(|field| field.origin == Origin::Payload).count(),
        paths: PathTree::new(
            fields.iter().filter(|field| field.origin == Origin::Payload).map(|field| &*field.paths),
        ),
        names: PathTree::new(fields.iter().map(|field| std::slice::from_ref(&field.name))),
        name,
        description: source.description,
        form: source.form,
        row,
        missing_fields: source.missing_fields.unwrap_or(missing),
        extra_fields,
        null_fields: source.null_fields,
        fields,
        drop_rules,
        iceberg: source.iceberg,
    })
}

fn extra_name(source: &SchemaSource, extra_fields: ExtraFields, fields: &[Field]) -> Refused<String> {
    let Some(name) = &source.extra_name else {
        let taken = fields.iter().any(|field| field.name == "_extra") && extra_fields == ExtraFields::Collect;
        return if taken { Err((source.name.span(), taken_name("_extra"))) } else { Ok("_extra".to_owned()) };
    };
    if extra_fields != ExtraFields::Collect {
        let why = "nothing is collected";
        return Err((name.span(), Reason::Exclusive { key: "extra_name", other: "extra_fields", why }));
    }
    let first_part = |field: &Field| field.name.split('.').next() == Some(name.get_ref());
    if fields.iter().any(first_part) {
        return Err((name.span(), taken_name(name.get_ref())));
    }
    Ok(name.get_ref().clone())
}

fn taken_name(name: &str) -> Reason {
    Reason::Reference { key: "extra_name", field: name.to_owned(), why: "is a field of the schema" }
}

fn from_payload(is: impl Fn(&Field) -> bool) -> impl Fn(&Field) -> bool {
    move |field| field.origin == Origin::Payload && is(field)
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

fn partition_keys(sources: &[Spanned<PartitionKeySource>], fields: &[Field]) -> Refused<Vec<PartitionKey>> {
    let mut keys: Vec<PartitionKey> = Vec::new();
    for source in sources {
        let PartitionKeySource { key, field, format } = source.get_ref();
        if keys.iter().any(|known| known.key == *key) {
            return Err((source.span(), Reason::KeyTwice(key.clone())));
        }
        let index = reference(
            "partition_keys",
            Some(field),
            fields,
            |field| !matches!(field.kind, Kind::GeoPoint),
            "is no single value",
        )?;
        let Some(index) = index else { continue };
        let timestamp = fields.get(index).is_some_and(|field| matches!(field.kind, Kind::Timestamp(_)));
        let format = match format {
            Some(format) if timestamp => Some(TimeFormat::compile(format.get_ref()).map_err(|_| {
                (
                    format.span(),
                    Reason::Bad {
                        key: "format",
                        found: format.get_ref().clone(),
                        expected: "a date pattern",
                    },
                )
            })?),
            Some(format) => {
                let why = "is no timestamp, so it has no format";
                return Err((
                    format.span(),
                    Reason::Reference { key: "partition_keys", field: field.get_ref().clone(), why },
                ));
            }
            None => None,
        };
        keys.push(PartitionKey { key: key.clone(), field: index, format });
    }
    Ok(keys)
}
