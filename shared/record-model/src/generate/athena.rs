//! Athena tables over the documents in S3.

use super::tree::{Member, members};
use crate::codec::TimeFormat;
use crate::schema::{ExtraFields, Field, Form, Kind, Plan};

pub(super) fn table(plan: &Plan, location: &str, first_day: &str) -> String {
    let mut columns: Vec<String> = members(plan).iter().map(column).collect();
    if plan.extra_fields == ExtraFields::Collect {
        let kind = if plan.form == Form::Delimited { "array<string>" } else { "string" };
        columns.push(format!("  `{}` {kind}", plan.extra_name));
    }
    let name = &plan.name;
    let columns = columns.join(",\n");
    format!(
        "CREATE EXTERNAL TABLE IF NOT EXISTS `{name}` (
{columns}
)
PARTITIONED BY (`dt` string, `hour` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES ('ignore.malformed.json' = 'false')
STORED AS TEXTFILE
LOCATION '{location}/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '{first_day},NOW',
  'projection.hour.type' = 'integer',
  'projection.hour.range' = '0,23',
  'projection.hour.digits' = '2',
  'storage.location.template' = '{location}/dt=${{dt}}/hour=${{hour}}/'
);
"
    )
}

fn column(member: &Member<'_>) -> String {
    match member {
        Member::Object(name, inner) => format!("  `{name}` {}", structure(inner)),
        Member::Field(field) => {
            let comment = comment(field).map(|comment| format!(" COMMENT '{}'", comment.replace('\'', "''")));
            format!("  `{}` {}{}", field.leaf, type_of(field), comment.unwrap_or_default())
        }
    }
}

fn structure(members: &[Member<'_>]) -> String {
    let part = |member: &Member<'_>| match member {
        Member::Object(name, inner) => format!("{name}:{}", structure(inner)),
        Member::Field(field) => format!("{}:{}", field.leaf, type_of(field)),
    };
    format!("struct<{}>", members.iter().map(part).collect::<Vec<_>>().join(","))
}

fn type_of(field: &Field) -> &'static str {
    match &field.kind {
        Kind::Timestamp(rule) if rule.output.is_number() => "bigint",
        Kind::Integer(_) => "bigint",
        // The SerDe knows one format of timestamps only; a comment says how to read ours.
        Kind::Text(_) | Kind::Enum(_) | Kind::Timestamp(_) => "string",
        Kind::Float(_) => "double",
        Kind::Boolean(_) => "boolean",
        Kind::GeoPoint => "struct<lat:double,lon:double>",
    }
}

fn comment(field: &Field) -> Option<String> {
    let name = &field.leaf;
    let reading = match &field.kind {
        Kind::Timestamp(rule) => match &rule.output {
            TimeFormat::Pattern(pattern) => Some(format!("parse_datetime({name}, '{}')", pattern.as_str())),
            TimeFormat::Iso8601 => Some(format!("from_iso8601_timestamp({name})")),
            TimeFormat::EpochSeconds => Some(format!("from_unixtime({name})")),
            TimeFormat::EpochMillis => Some(format!("from_unixtime({name} / 1e3)")),
        },
        _ => None,
    };
    match (&field.description, reading) {
        (Some(description), Some(reading)) => Some(format!("{description}; {reading}")),
        (description, reading) => description.clone().or(reading),
    }
}
