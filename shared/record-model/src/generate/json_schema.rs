//! JSON Schema 2020-12 of the typed documents.

use serde_json::{Map, Value, json};

use super::tree::{Member, members};
use crate::codec::{FloatRule, IntegerRule, TextRule, TimeFormat, TimestampRule};
use crate::schema::{ExtraFields, Field, Form, Kind, Plan};

pub(super) fn schema(plan: &Plan) -> Value {
    let mut schema = object(plan, &members(plan));
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(plan.name));
    if let Some(description) = &plan.description {
        schema.insert("description".to_owned(), json!(description));
    }
    if let (ExtraFields::Collect, Some(Value::Object(properties))) =
        (plan.extra_fields, schema.get_mut("properties"))
    {
        let extras = match plan.form {
            Form::Delimited => json!({"type": "array", "items": {"type": "string"}}),
            Form::Json => json!({"type": "object"}),
        };
        properties.insert(plan.extra_name.clone(), extras);
    }
    Value::Object(schema)
}

fn object(plan: &Plan, members: &[Member<'_>]) -> Map<String, Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for member in members {
        let (name, schema, always) = match member {
            Member::Field(field) => (field.leaf.as_str(), value(plan, field), plan.is_always_written(field)),
            Member::Object(name, inner) => (*name, Value::Object(object(plan, inner)), true),
        };
        properties.insert(name.to_owned(), schema);
        if always {
            required.push(json!(name));
        }
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("required".to_owned(), Value::Array(required));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

fn value(plan: &Plan, field: &Field) -> Value {
    let mut schema = match &field.kind {
        Kind::Text(rule) => text(rule),
        Kind::Enum(rule) => json!({"type": "string", "enum": rule.values}),
        Kind::Integer(rule) => integer(rule),
        Kind::Float(rule) => float(rule),
        Kind::Boolean(_) => json!({"type": "boolean"}),
        Kind::Timestamp(rule) => timestamp(rule),
        Kind::GeoPoint => point(),
    };
    if let Value::Object(schema) = &mut schema {
        if let Some(description) = &field.description {
            schema.insert("description".to_owned(), json!(description));
        }
        if plan.may_be_null(field) {
            add_null(schema);
        }
    }
    schema
}

fn add_null(schema: &mut Map<String, Value>) {
    if let Some(name) = schema.get_mut("type") {
        *name = json!([name, "null"]);
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
}

fn text(rule: &TextRule) -> Value {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("string"));
    let limits = [("minLength", rule.min_length), ("maxLength", rule.max_length)];
    schema.extend(limits.into_iter().filter_map(|(key, limit)| Some((key.to_owned(), json!(limit?)))));
    if let Some(pattern) = &rule.pattern {
        schema.insert("pattern".to_owned(), json!(pattern.as_str()));
    }
    Value::Object(schema)
}

fn integer(rule: &IntegerRule) -> Value {
    json!({
        "type": "integer",
        "minimum": rule.min.unwrap_or(i64::MIN),
        "maximum": rule.max.unwrap_or(i64::MAX),
    })
}

fn float(rule: &FloatRule) -> Value {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("number"));
    let limits = [("minimum", rule.min), ("maximum", rule.max)];
    schema.extend(limits.into_iter().filter_map(|(key, limit)| Some((key.to_owned(), json!(limit?)))));
    Value::Object(schema)
}

fn timestamp(rule: &TimestampRule) -> Value {
    match &rule.output {
        TimeFormat::Pattern(pattern) => json!({"type": "string", "pattern": pattern.regex()}),
        TimeFormat::Iso8601 => json!({"type": "string", "format": "date-time"}),
        TimeFormat::EpochSeconds | TimeFormat::EpochMillis if rule.is_whole() => json!({"type": "integer"}),
        TimeFormat::EpochSeconds | TimeFormat::EpochMillis => json!({"type": "number"}),
    }
}

fn point() -> Value {
    json!({
        "type": "object",
        "properties": {
            "lat": {"type": "number", "minimum": -90, "maximum": 90},
            "lon": {"type": "number", "minimum": -180, "maximum": 180},
        },
        "required": ["lat", "lon"],
        "additionalProperties": false,
    })
}
