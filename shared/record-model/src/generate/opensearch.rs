//! OpenSearch index templates.

use serde_json::{Map, Value, json};

use super::tree::{Member, members};
use crate::codec::TimeFormat;
use crate::schema::{ExtraFields, Field, Kind, Plan};

/// The longest string that is indexed as a whole, in characters, which is OpenSearch's own default for
/// dynamic fields.
const KEYWORD_CHARACTERS: usize = 256;

pub(super) fn template(plan: &Plan) -> Value {
    let mut properties = properties(plan, &members(plan));
    if plan.extra_fields == ExtraFields::Collect {
        properties.insert(plan.extra_name.clone(), json!({"type": "object", "enabled": false}));
    }
    json!({
        "index_patterns": [plan.name, format!("{}-*", plan.name)],
        "template": { "mappings": { "dynamic": "strict", "properties": properties } },
        "_meta": { "description": plan.description, "document_id": plan.document_id_name() },
    })
}

fn properties(plan: &Plan, members: &[Member<'_>]) -> Map<String, Value> {
    let property = |member: &Member<'_>| match member {
        Member::Field(field) => (field.leaf.clone(), mapping(plan, field)),
        Member::Object(name, inner) => ((*name).to_owned(), json!({"properties": properties(plan, inner)})),
    };
    members.iter().map(property).collect()
}

fn mapping(plan: &Plan, field: &Field) -> Value {
    match &field.kind {
        Kind::Text(rule) if rule.pattern.is_some() || plan.document_id_name() == Some(&field.name) => {
            json!({"type": "keyword"})
        }
        Kind::Text(_) => json!({
            "type": "text",
            "fields": { "keyword": { "type": "keyword", "ignore_above": KEYWORD_CHARACTERS } },
        }),
        Kind::Enum(_) => json!({"type": "keyword"}),
        Kind::Integer(_) => json!({"type": "long"}),
        Kind::Float(_) => json!({"type": "double"}),
        Kind::Boolean(_) => json!({"type": "boolean"}),
        Kind::Timestamp(rule) => json!({"type": "date", "format": date_format(&rule.output)}),
        Kind::GeoPoint => json!({"type": "geo_point"}),
    }
}

fn date_format(format: &TimeFormat) -> &str {
    match format {
        TimeFormat::Pattern(pattern) => pattern.as_str(),
        TimeFormat::Iso8601 => "strict_date_optional_time_nanos",
        TimeFormat::EpochSeconds => "epoch_second",
        TimeFormat::EpochMillis => "epoch_millis",
    }
}
