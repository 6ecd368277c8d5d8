//! Athena tables over the documents in S3.
//!
//! Every name on every level is in back quotes. A name is then never a reserved word, even if Athena adds
//! words to its list, and it may begin with `_` or a digit. Every text is a Hive string, in which the
//! backslash escapes.

use super::tree::{Member, members};
use crate::codec::TimeFormat;
use crate::schema::{ExtraFields, Field, Form, Kind, Plan};

pub(super) fn table(plan: &Plan, location: &str, first_day: &str) -> String {
    let mut columns: Vec<String> = members(plan).iter().map(column).collect();
    if plan.extra_fields == ExtraFields::Collect {
        let kind = if plan.form == Form::Delimited { "array<string>" } else { "string" };
        columns.push(format!("  {} {kind}", quoted(&plan.extra_name)));
    }
    let name = quoted(&plan.name);
    let columns = columns.join(",\n");
    let [folder, template] = ["/", "/dt=${dt}/hour=${hour}/"].map(|end| literal(&[location, end].concat()));
    let range = literal(&format!("{first_day},NOW"));
    format!(
        "CREATE EXTERNAL TABLE IF NOT EXISTS {name} (
{columns}
)
PARTITIONED BY (`dt` string, `hour` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES ('ignore.malformed.json' = 'false')
STORED AS TEXTFILE
LOCATION {folder}
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = {range},
  'projection.hour.type' = 'integer',
  'projection.hour.range' = '0,23',
  'projection.hour.digits' = '2',
  'storage.location.template' = {template}
);
"
    )
}

fn column(member: &Member<'_>) -> String {
    let name = quoted(member.name());
    match member {
        Member::Object(_, inner) => format!("  {name} {}", structure(inner)),
        Member::Field(field) => {
            let comment = comment(field).map(|comment| format!(" COMMENT {}", literal(&comment)));
            format!("  {name} {}{}", type_of(field), comment.unwrap_or_default())
        }
    }
}

fn structure(members: &[Member<'_>]) -> String {
    let part = |member: &Member<'_>| {
        let name = quoted(member.name());
        match member {
            Member::Object(_, inner) => format!("{name}:{}", structure(inner)),
            Member::Field(field) => format!("{name}:{}", type_of(field)),
        }
    };
    format!("struct<{}>", members.iter().map(part).collect::<Vec<_>>().join(","))
}

/// A quoted name, for a data definition statement.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text on one line.
fn literal(text: &str) -> String {
    let mut literal = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => literal.extend(['\\', c]),
            '\n' => literal.push_str("\\n"),
            c if c.is_control() => literal.push(' '),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

fn type_of(field: &Field) -> &'static str {
    match &field.kind {
        Kind::Timestamp(rule) if rule.is_whole() => "bigint",
        Kind::Timestamp(rule) if rule.output.is_number() => "double",
        Kind::Integer(_) => "bigint",
        // The SerDe knows only one timestamp format, so a comment says how to read ours.
        Kind::Text(_) | Kind::Enum(_) | Kind::Timestamp(_) => "string",
        Kind::Float(_) => "double",
        Kind::Boolean(_) => "boolean",
        Kind::GeoPoint => "struct<lat:double,lon:double>",
    }
}

fn comment(field: &Field) -> Option<String> {
    // A query writes a name in double quotes.
    let name = format!("\"{}\"", field.leaf);
    let reading = match &field.kind {
        Kind::Timestamp(rule) => match &rule.output {
            TimeFormat::Pattern(pattern) => {
                // A text of a query doubles its quotes.
                let pattern = pattern.as_str().replace('\'', "''");
                Some(format!("parse_datetime({name}, '{pattern}')"))
            }
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
