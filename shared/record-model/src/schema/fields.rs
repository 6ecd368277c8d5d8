//! Compiles `[[fields]]` tables to fields: their order, references and defaults.

use toml::Spanned;

use super::compile::Refused;
use super::error::{FieldReason, Reason};
use super::field::{Field, Origin};
use super::field_values::{constant_json, default, fits, recipe};
use super::file::{Dialect, numbers_of};
use super::kind::Kind;
use super::layout::{Layout, MAX_DEPTH, lay_out};
use super::nulls::NullTokens;
use super::plan::DropRule;
use super::rules;
use super::source::{DropSource, FieldSource, Form, SchemaSource};
use crate::codec::{Path, bare};

/// How many fields other fields and drop rules may refer to.
pub(crate) const MAX_SLOTS: usize = 16;

/// The most places of a JSON payload that one field may name.
const MAX_PATHS: usize = 16;

/// The fields while they are compiled one after the other.
pub(super) struct Fields<'f> {
    pub(super) done: Vec<Field>,
    slots: usize,
    file: &'f Dialect,
}

impl<'f> Fields<'f> {
    /// Compiles all fields of a schema.
    pub(super) fn new(source: &SchemaSource, file: &'f Dialect) -> Refused<Self> {
        let span_of = |index: usize| source.fields.get(index).map_or(0..0, Spanned::span);
        let name_of =
            |index: usize| source.fields.get(index).map_or("", |field| &field.get_ref().name).to_owned();
        let names: Vec<&str> = source.fields.iter().map(|field| &*field.get_ref().name).collect();
        let refused = |(index, reason): (usize, FieldReason)| {
            (span_of(index), Reason::Field { field: name_of(index), reason: Box::new(reason) })
        };
        let layouts = lay_out(&names).map_err(refused)?;
        let default_nulls =
            source.null_tokens.as_deref().map_or_else(|| NullTokens::new(&[String::new()]), NullTokens::new);
        let mut fields = Self { done: Vec::new(), slots: 0, file };
        for (index, (spanned, layout)) in source.fields.iter().zip(layouts).enumerate() {
            let field = fields
                .field(spanned.get_ref(), layout, source.form, &default_nulls)
                .map_err(|reason| refused((index, reason)))?;
            fields.done.push(field);
        }
        Ok(fields)
    }

    fn field(
        &mut self,
        table: &FieldSource,
        layout: Layout,
        form: Form,
        default_nulls: &NullTokens,
    ) -> Result<Field, FieldReason> {
        let kind = rules::kind(table)?;
        let origin = self.origin(table, &kind)?;
        let nulls = table.null_tokens.as_deref().map_or_else(|| default_nulls.clone(), NullTokens::new);
        check_place(table, &kind, &origin, form)?;
        check_values(&kind, &nulls)?;
        let mut field = Field {
            name: table.name.clone(),
            description: table.description.clone(),
            leaf: layout.leaf,
            opens: layout.opens,
            key: layout.key,
            closes: layout.closes,
            default: default(table, &kind, &nulls)?,
            origin,
            numbers: numbers_of(table, &kind, self.file)?,
            kind,
            required: table.required,
            nulls,
            slot: None,
            paths: paths(table),
            csv: table.csv.clone().unwrap_or_default(),
            column: table.column.map(|column| column.saturating_sub(1)),
            made_up: None,
        };
        field.made_up = recipe(table, &field)?;
        Ok(field)
    }

    fn origin(&mut self, table: &FieldSource, kind: &Kind) -> Result<Origin, FieldReason> {
        let point = matches!(kind, Kind::GeoPoint);
        match (table.from, &table.constant, &table.join) {
            (Some(derived), None, None) if !point => fits(derived, kind)
                .then_some(Origin::Derived(derived))
                .ok_or(FieldReason::KeyOfOtherType { key: "from" }),
            (None, Some(constant), None) if !point => constant_json(constant, kind).map(Origin::Constant),
            (None, None, Some(names)) => {
                let slots = names.iter().map(|name| self.slot("join", name, |_| true, "of the schema"));
                slots.collect::<Result<_, _>>().map(Origin::Join)
            }
            (None, None, None) if point => {
                let latitude = table.latitude.as_ref().ok_or(FieldReason::Missing { key: "latitude" })?;
                let longitude = table.longitude.as_ref().ok_or(FieldReason::Missing { key: "longitude" })?;
                Ok(Origin::GeoPoint(
                    self.slot(
                        "latitude",
                        latitude,
                        |field| within(field, 90.0),
                        "of type float within -90 and 90",
                    )?,
                    self.slot(
                        "longitude",
                        longitude,
                        |field| within(field, 180.0),
                        "of type float within -180 and 180",
                    )?,
                ))
            }
            (None, None, None) => Ok(Origin::Payload),
            _ => Err(FieldReason::Key {
                key: "from",
                why: "`constant`, `join` and `geo_point` exclude each other",
            }),
        }
    }

    /// The slot of an earlier field, which is allocated when it is first used.
    fn slot(
        &mut self,
        key: &'static str,
        name: &str,
        fits: impl Fn(&Field) -> bool,
        of: &'static str,
    ) -> Result<usize, FieldReason> {
        let field = self.done.iter_mut().find(|field| field.name == name && fits(field));
        let field = field.ok_or(FieldReason::Earlier { key, name: name.to_owned(), of })?;
        if let Some(slot) = field.slot {
            return Ok(slot);
        }
        if self.slots == MAX_SLOTS {
            return Err(FieldReason::Key {
                key,
                why: "is one reference too many: 16 fields may be referred to",
            });
        }
        self.slots += 1;
        Ok(*field.slot.insert(self.slots - 1))
    }

    /// Compiles a drop rule over these fields.
    pub(super) fn drop_rule(&mut self, rule: &DropSource) -> Refused<DropRule> {
        let span = rule.field.span();
        let name = rule.field.get_ref();
        if rule.is.is_empty() && !rule.is_null {
            return Err((span, Reason::EmptyDropRule));
        }
        let refused = |why| (span.clone(), Reason::Reference { key: "drop_when", field: name.clone(), why });
        let comparable =
            |field: &Field| !matches!(field.kind, Kind::Float(_) | Kind::Timestamp(_) | Kind::GeoPoint);
        let known = self.done.iter().find(|field| field.name == *name).ok_or(refused("does not exist"))?;
        if !rule.is.is_empty() && !comparable(known) {
            return Err(refused("is compared by `is`, which takes strings, enums, integers and booleans"));
        }
        if rule.is_null && known.required {
            return Err(refused("is required, so it is never null"));
        }
        let is = rule.is.iter().map(|value| constant_json(value, &known.kind));
        let is = is.collect::<Result<_, _>>().map_err(|_| refused("never has the value of `is`"))?;
        let slot = self.slot("drop_when", name, |_| true, "of the schema");
        let slot = slot.map_err(|_| refused("is one reference too many: 16 fields may be referred to"))?;
        Ok(DropRule { slot, is, is_null: rule.is_null })
    }
}

fn within(field: &Field, bound: f64) -> bool {
    let Kind::Float(rule) = &field.kind else { return false };
    rule.min.is_some_and(|min| min >= -bound) && rule.max.is_some_and(|max| max <= bound)
}

/// Refuses keys that don't apply to a field of this origin or in this form.
fn check_place(table: &FieldSource, kind: &Kind, origin: &Origin, form: Form) -> Result<(), FieldReason> {
    if *origin != Origin::Payload {
        return match table.key_of_the_payload() {
            Some(key) => {
                Err(FieldReason::Key { key, why: "is for fields of the payload, but this field is derived" })
            }
            None => Ok(()),
        };
    }
    if form == Form::Delimited && table.paths.is_some() {
        return Err(FieldReason::Key {
            key: "paths",
            why: "are places in JSON, but this schema's payloads are rows",
        });
    }
    if table.paths.as_ref().is_some_and(|paths| paths.len() > MAX_PATHS) {
        return Err(FieldReason::Key { key: "paths", why: "names more than 16 places" });
    }
    for path in table.paths.iter().flatten() {
        let path = Path::parse(path)
            .ok_or(FieldReason::Key { key: "paths", why: "has a quote that is not closed" })?;
        if path.depth() >= MAX_DEPTH {
            return Err(FieldReason::Key {
                key: "paths",
                why: "names a place that is more than 20 objects deep",
            });
        }
    }
    if table.column == Some(0) {
        return Err(FieldReason::Key { key: "column", why: "counts from 1" });
    }
    match kind {
        Kind::Timestamp(rule) if rule.inputs.is_empty() => Err(FieldReason::Missing { key: "formats" }),
        _ => Ok(()),
    }
}

/// Refuses enum values that no record can have.
fn check_values(kind: &Kind, nulls: &NullTokens) -> Result<(), FieldReason> {
    let Kind::Enum(rule) = kind else { return Ok(()) };
    match rule.values.iter().find(|value| nulls.contains(bare(value))) {
        Some(value) => {
            let why = "is a null token, so it could never be read".to_owned();
            Err(FieldReason::Value { key: "values", found: value.clone(), why })
        }
        None => Ok(()),
    }
}

/// Where JSON may hold the field. Its own name comes last, so that what is written can be read.
fn paths(table: &FieldSource) -> Vec<String> {
    let mut paths = table.paths.clone().unwrap_or_default();
    if !paths.contains(&table.name) {
        paths.push(table.name.clone());
    }
    paths
}
