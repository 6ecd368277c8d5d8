//! Records that a schema must refuse, each wrong in one way.

use serde_json::{Map, Value};

use super::value;
use crate::Schema;
use crate::codec::RecordContext;
use crate::recipe::Random;
use crate::schema::{ExtraFields, Field, Form, Kind, MissingFields, Plan};

/// A payload that its schema refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPayload {
    /// What is wrong with it, such as `district: an integer with a tail`.
    pub what: String,
    /// The payload, which is not always UTF-8.
    pub payload: Vec<u8>,
}

/// Makes payloads that the schema refuses, each wrong in one way: one for everything that the schema checks.
/// They serve tests of whatever handles refused records.
pub fn bad_payloads(schema: &Schema, seed: u64, context: &RecordContext<'_>) -> Vec<BadPayload> {
    let plan = schema.plan();
    let good = good_values(plan, seed, context);
    let mut bad = bad_wholes(plan, &good);
    for (place, (_, field)) in plan.payload_fields().enumerate() {
        for (what, text) in bad_texts(field) {
            let mut values = good.clone();
            if let Some(value) = values.get_mut(place) {
                *value = Some(text);
            }
            let what = format!("{}: {what}", field.name);
            bad.push(BadPayload { what, payload: raw(plan, &values) });
        }
    }
    bad
}

/// The text of each field that comes from the payload.
type Values = Vec<Option<String>>;

fn good_values(plan: &Plan, seed: u64, context: &RecordContext<'_>) -> Values {
    let make = |(index, field): (usize, &Field)| {
        let tries = (0..100).map(|attempt| Random::new(seed, attempt, index as u64));
        tries.map(|mut random| value::make(field, &mut random, context)).find(Option::is_some).flatten()
    };
    plan.payload_fields().map(make).collect()
}

/// Payloads that are wrong as a whole.
fn bad_wholes(plan: &Plan, good: &Values) -> Vec<BadPayload> {
    let row = raw(plan, good);
    let half = row.get(..row.len() / 2).unwrap_or_default().to_vec();
    let mut not_utf8 = row.clone();
    not_utf8.splice(row.len() / 2..row.len() / 2, [0xFF, 0xFE]);
    let mut bad = vec![("text that is not UTF-8", not_utf8)];
    if plan.missing_fields == MissingFields::Fail || plan.form == Form::Json {
        bad.extend([("a payload cut in half", half), ("an empty payload", Vec::new())]);
    }
    if plan.form == Form::Json {
        bad.push(("an array", [b"[", &*row, b"]"].concat()));
    } else if plan.extra_fields == ExtraFields::Fail {
        bad.push(("one field too many", [&*row, plan.row.delimiter.as_bytes(), b"extra"].concat()));
    }
    bad.into_iter().map(|(what, payload)| BadPayload { what: what.to_owned(), payload }).collect()
}

/// Texts that are no value of the field.
fn bad_texts(field: &Field) -> Vec<(&'static str, String)> {
    let mut bad: Vec<(&str, String)> = match &field.kind {
        Kind::Text(rule) => {
            let long =
                rule.max_length.map(|limit| ("a text that is too long", "x".repeat(limit.saturating_add(1))));
            let short = rule
                .min_length
                .filter(|limit| *limit > 1)
                .map(|_| ("a text that is too short", "x".to_owned()));
            long.into_iter().chain(short).collect()
        }
        Kind::Integer(rule) => {
            let over = rule.max.and_then(|max| max.checked_add(1));
            let under = rule.min.and_then(|min| min.checked_sub(1));
            let outside =
                over.into_iter().chain(under).map(|number| ("an integer out of range", number.to_string()));
            let forms = [
                ("a number with a fraction", "3.9"),
                ("an integer with a tail", "12abc"),
                ("a hexadecimal number", "0x1F"),
                ("a number with an exponent", "1e3"),
                ("an integer of more than 64 bits", "9223372036854775808"),
            ];
            forms.map(|(what, text)| (what, text.to_owned())).into_iter().chain(outside).collect()
        }
        Kind::Float(rule) => {
            let over = rule.max.map(|max| ("a number over the range", (max + 1.0).to_string()));
            let under = rule.min.map(|min| ("a number under the range", (min - 1.0).to_string()));
            let forms =
                [("a number with a tail", "38.5N"), ("infinity", "Infinity"), ("an overflow", "1e999")];
            forms.map(|(what, text)| (what, text.to_owned())).into_iter().chain(over).chain(under).collect()
        }
        Kind::Boolean(_) => vec![("no boolean", "perhaps".to_owned())],
        Kind::Timestamp(_) => vec![
            ("no timestamp", "yesterday".to_owned()),
            ("a day no calendar has", "2006/02/30 00:00:00".to_owned()),
        ],
        Kind::Enum(_) => vec![("a text that is not one of the values", "none-of-these".to_owned())],
        Kind::GeoPoint => Vec::new(),
    };
    if field.required
        && let Some(null) = field.nulls.written()
    {
        bad.push(("no value", null.to_owned()));
    }
    bad
}

/// A payload that holds these texts unchanged.
fn raw(plan: &Plan, values: &Values) -> Vec<u8> {
    let texts = values.iter().map(|value| value.as_deref().unwrap_or_default());
    match plan.form {
        Form::Delimited => texts.collect::<Vec<_>>().join(&plan.row.delimiter).into_bytes(),
        Form::Json => {
            let mut object = Map::new();
            for ((_, field), value) in plan.payload_fields().zip(values) {
                if let Some(value) = value {
                    insert(&mut object, &field.name, value);
                }
            }
            Value::Object(object).to_string().into_bytes()
        }
    }
}

fn insert(object: &mut Map<String, Value>, name: &str, text: &str) {
    match name.split_once('.') {
        None => {
            object.insert(name.to_owned(), Value::from(text));
        }
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert(inner, rest, text);
            }
        }
    }
}
