//! From a schema file to a plan, with every contradiction refused.

use std::ops::Range;

use toml::{Spanned, Value as TomlValue};

use super::error::{FieldReason, Reason, SchemaError, line_of};
use super::field::{Default, Field, Kind, Origin};
use super::layout::lay_out;
use super::nulls::NullTokens;
use super::plan::{DropRule, PartitionKey, Plan};
use super::rules::{self, as_text};
use super::source::{
    Derived, DropSource, ExtraFields, FieldSource, Form, MissingFields, PartitionKeySource, SchemaSource,
};
use crate::codec::{Guard, PathTree, RowForm, TimeFormat};
use crate::made_up::Recipe;

/// The largest schema file, in bytes.
const MAX_SCHEMA_BYTES: usize = 1 << 20;

/// How many fields other fields and drop rules may refer to.
pub(crate) const MAX_SLOTS: usize = 16;

type Refused<T> = Result<T, (Range<usize>, Reason)>;

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

fn row_form(source: &SchemaSource) -> Refused<RowForm> {
    let guards = (source.quote.as_ref(), source.escape.as_ref());
    if source.form == Form::Json {
        let set = source.delimiter.as_ref().map(Spanned::span).or(guards.0.or(guards.1).map(Spanned::span));
        return match set {
            Some(span) => Err((
                span,
                Reason::Exclusive {
                    key: "form = \"json\"",
                    other: "delimiter, quote, escape",
                    why: "JSON has no delimiter",
                },
            )),
            None => Ok(RowForm::default()),
        };
    }
    let bad = |key, span, found, expected| Err((span, Reason::Bad { key, found, expected }));
    let Some(delimiter) = &source.delimiter else {
        return bad("delimiter", source.name.span(), String::new(), "one, since `form` is \"delimited\"");
    };
    let text = delimiter.get_ref();
    if text.is_empty() || text.contains(['\n', '\r']) {
        return bad("delimiter", delimiter.span(), text.clone(), "a text without line ends");
    }
    let guard = match guards {
        (Some(_), Some(escape)) => {
            return Err((
                escape.span(),
                Reason::Exclusive { key: "quote", other: "escape", why: "one way is enough" },
            ));
        }
        (Some(quote), None) => (quote, Guard::Quote(*quote.get_ref()), "quote"),
        (None, Some(escape)) => (escape, Guard::Escape(*escape.get_ref()), "escape"),
        (None, None) => return Ok(RowForm { delimiter: text.clone(), guard: Guard::None }),
    };
    let (c, guard, key) = guard;
    if text.contains(*c.get_ref()) || c.get_ref().is_ascii_alphanumeric() || c.get_ref().is_whitespace() {
        return bad(key, c.span(), c.get_ref().to_string(), "a sign that is not in the delimiter");
    }
    if matches!(guard, Guard::Escape(_)) && text.contains(char::is_alphanumeric) {
        return bad("delimiter", delimiter.span(), text.clone(), "signs only, since `escape` is set");
    }
    Ok(RowForm { delimiter: text.clone(), guard })
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

/// The fields while they are compiled one after the other.
struct Fields {
    done: Vec<Field>,
    slots: usize,
}

impl Fields {
    fn new(source: &SchemaSource) -> Refused<Self> {
        let span_of = |index: usize| source.fields.get(index).map_or(0..0, Spanned::span);
        let name_of =
            |index: usize| source.fields.get(index).map_or("", |field| &field.get_ref().name).to_owned();
        let names: Vec<&str> = source.fields.iter().map(|field| &*field.get_ref().name).collect();
        let refused = |(index, reason): (usize, FieldReason)| {
            (span_of(index), Reason::Field { field: name_of(index), reason: Box::new(reason) })
        };
        let layouts = lay_out(&names).map_err(refused)?;
        let default_nulls = source.null_tokens.clone().unwrap_or_else(|| vec![String::new()]);
        let mut fields = Self { done: Vec::new(), slots: 0 };
        for (index, (spanned, layout)) in source.fields.iter().zip(layouts).enumerate() {
            let table = spanned.get_ref();
            let field = fields
                .field(table, source.form, &default_nulls)
                .map_err(|reason| refused((index, reason)))?;
            let crate::schema::layout::Layout { opens, key, leaf, closes } = layout;
            fields.done.push(Field { opens, key, leaf, closes, ..field });
        }
        Ok(fields)
    }

    fn field(
        &mut self,
        table: &FieldSource,
        form: Form,
        default_nulls: &[String],
    ) -> Result<Field, FieldReason> {
        let kind = rules::kind(table)?;
        let origin = self.origin(table, &kind)?;
        if origin != Origin::Payload {
            refuse_payload_keys(table)?;
        }
        if form == Form::Delimited && table.paths.is_some() {
            return Err(FieldReason::Key { key: "paths", why: "are places in JSON, and a row has none" });
        }
        if origin == Origin::Payload && matches!(&kind, Kind::Timestamp(rule) if rule.inputs.is_empty()) {
            return Err(FieldReason::Missing { key: "formats" });
        }
        let nulls = NullTokens::new(table.null_tokens.as_deref().unwrap_or(default_nulls));
        if let Kind::Enum(rule) = &kind
            && let Some(value) = rule.values.iter().find(|value| nulls.contains(value.trim_ascii()))
        {
            let why = "is a null token, so it could never be read".to_owned();
            return Err(FieldReason::Value { key: "values", found: value.clone(), why });
        }
        let mut paths = table.paths.clone().unwrap_or_default();
        if !paths.contains(&table.name) {
            paths.push(table.name.clone());
        }
        let made_up = table.made_up.as_deref().map(|text| {
            Recipe::parse(text).ok_or_else(|| FieldReason::Value {
                key: "made_up",
                found: text.to_owned(),
                why: format!("is none of {}", Recipe::NAMES.join(", ")),
            })
        });
        Ok(Field {
            name: table.name.clone(),
            description: table.description.clone(),
            leaf: String::new(),
            opens: Vec::new(),
            key: Vec::new(),
            closes: 0,
            default: default(table, &kind, &nulls)?,
            origin,
            kind,
            required: table.required,
            nulls,
            slot: None,
            paths,
            csv: table.csv.clone().unwrap_or_default(),
            made_up: made_up.transpose()?,
        })
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

    /// The slot of an earlier field, given out on first use.
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

    fn drop_rule(&mut self, rule: &DropSource) -> Refused<DropRule> {
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

fn fits(derived: Derived, kind: &Kind) -> bool {
    match derived {
        Derived::IngestedAt => matches!(kind, Kind::Timestamp(_)),
        Derived::Offset => matches!(kind, Kind::Integer(_)),
        Derived::Source | Derived::Position | Derived::RowHash => matches!(kind, Kind::Text(_)),
    }
}

fn refuse_payload_keys(table: &FieldSource) -> Result<(), FieldReason> {
    let keys = [
        ("required", table.required),
        ("paths", table.paths.is_some()),
        ("csv", table.csv.is_some()),
        ("default", table.default.is_some()),
        ("default_from", table.default_from.is_some()),
        ("null_tokens", table.null_tokens.is_some()),
        ("made_up", table.made_up.is_some()),
    ];
    match keys.into_iter().find(|(_, set)| *set) {
        Some((key, _)) => {
            Err(FieldReason::Key { key, why: "is for fields of the payload, and this one is derived" })
        }
        None => Ok(()),
    }
}

fn constant_json(value: &TomlValue, kind: &Kind) -> Result<Vec<u8>, FieldReason> {
    let text = as_text(value);
    let refused = |problem: crate::codec::Problem| FieldReason::Value {
        key: "constant",
        found: text.clone(),
        why: format!("is refused: {problem}"),
    };
    let mut json = Vec::new();
    kind.write_json(&kind.read_bare(&text).map_err(refused)?, &mut json);
    Ok(json)
}

fn default(table: &FieldSource, kind: &Kind, nulls: &NullTokens) -> Result<Option<Default>, FieldReason> {
    let default = match (&table.default, table.default_from) {
        (Some(_), Some(_)) => {
            return Err(FieldReason::Key { key: "default", why: "and `default_from` exclude each other" });
        }
        (Some(value), None) => Default::Text(as_text(value)),
        (None, Some(derived)) if fits(derived, kind) && derived != Derived::RowHash => {
            Default::Derived(derived)
        }
        (None, Some(_)) => return Err(FieldReason::KeyOfOtherType { key: "default_from" }),
        (None, None) => return Ok(None),
    };
    if let Default::Text(text) = &default {
        let refused = |why| FieldReason::Value { key: "default", found: text.clone(), why };
        if nulls.contains(text.trim_ascii()) {
            return Err(refused("is a null token".to_owned()));
        }
        kind.read_bare(text).map_err(|problem| refused(format!("is refused: {problem}")))?;
        if table.required {
            return Err(FieldReason::Key { key: "required", why: "has no meaning beside `default`" });
        }
    }
    Ok(Some(default))
}
