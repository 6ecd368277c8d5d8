//! Compiles a schema file to a plan, and refuses every contradiction in it.

use std::ops::Range;

use super::error::{Reason, SchemaError, line_of};
use super::field::Origin;
use super::fields::Fields;
use super::file::dialect;
use super::plan::Plan;
use super::references;
use super::row_form::row_form;
use super::source::{ExtraFields, Form, MissingFields, SchemaSource};
use crate::codec::PathTree;

/// The largest schema file, in bytes.
const MAX_SCHEMA_BYTES: usize = 256 << 10;
/// The most fields, which is as many as an `OpenSearch` index takes by default.
const MAX_FIELDS: usize = 1_000;

/// A part of a schema, or the place of a mistake and the reason why it is refused.
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
    check_name(&source)?;
    let row = row_form(&source)?;
    let file = dialect(source.file.as_ref())?;
    let mut fields = Fields::new(&source, &file)?;
    let drop_rules =
        source.drop_when.iter().map(|rule| fields.drop_rule(rule.get_ref())).collect::<Refused<Vec<_>>>()?;
    let fields = fields.done;
    let (missing_fields, extra_fields) = policies(&source);
    let payload = || fields.iter().filter(|field| field.origin == Origin::Payload);
    Ok(Plan {
        extra_name: references::extra_name(&source, extra_fields, &fields)?,
        text: references::text("text", source.text.as_ref(), &fields)?,
        language: references::text("language", source.language.as_ref(), &fields)?,
        event_time: references::time("event_time", source.event_time.as_ref(), &fields)?,
        document_id: references::any("document_id", source.document_id.as_ref(), &fields)?,
        partition_keys: references::partition_keys(&source.partition_keys, &fields)?,
        payload_fields: payload().count(),
        paths: PathTree::new(payload().map(|field| &*field.paths)),
        names: PathTree::new(fields.iter().map(|field| std::slice::from_ref(&field.name))),
        name: source.name.into_inner(),
        description: source.description,
        form: source.form,
        row,
        missing_fields,
        extra_fields,
        null_fields: source.null_fields,
        fields,
        drop_rules,
        iceberg: source.iceberg,
        file,
    })
}

fn check_name(source: &SchemaSource) -> Refused<()> {
    let name = source.name.get_ref();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(plain) {
        let expected = "letters, digits, `_` or `-`";
        return Err((source.name.span(), Reason::Bad { key: "name", found: name.clone(), expected }));
    }
    if source.fields.is_empty() {
        return Err((source.name.span(), Reason::NoFields));
    }
    match source.fields.get(MAX_FIELDS) {
        Some(first_too_many) => {
            let found = source.fields.len();
            Err((first_too_many.span(), Reason::TooManyFields { found, limit: MAX_FIELDS }))
        }
        None => Ok(()),
    }
}

/// What happens to missing and extra fields by default. A row with too few or too many fields is probably a
/// row of something else, whereas JSON says which member is which.
fn policies(source: &SchemaSource) -> (MissingFields, ExtraFields) {
    let usual = match source.form {
        Form::Delimited => (MissingFields::Fail, ExtraFields::Fail),
        Form::Json => (MissingFields::Ignore, ExtraFields::Ignore),
    };
    (source.missing_fields.unwrap_or(usual.0), source.extra_fields.unwrap_or(usual.1))
}
