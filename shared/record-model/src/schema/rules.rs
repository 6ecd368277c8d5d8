//! Turns the keys of a field's table into the rule of its type.

use jiff::tz::TimeZone;
use toml::Value as TomlValue;

use super::error::FieldReason;
use super::kind::Kind;
use super::source::{FieldSource, TypeName};
use crate::codec::{
    BooleanRule, EnumRule, FloatRule, IntegerRule, Pattern, TextRule, TimeFormat, TimestampRule,
};

/// The largest record of a stream, in bytes.
const MAX_RECORD_BYTES: usize = 10 << 20;

/// The rule of a field. Keys that its type does not know are refused.
pub(super) fn kind(field: &FieldSource) -> Result<Kind, FieldReason> {
    if let Some((key, _)) =
        field.keys_of_some_types().into_iter().find(|(_, types)| !types.contains(&field.type_name))
    {
        return Err(FieldReason::KeyOfOtherType { key });
    }
    match field.type_name {
        TypeName::String => text(field).map(Kind::Text),
        TypeName::Integer => integer(field).map(Kind::Integer),
        TypeName::Float => float(field).map(Kind::Float),
        TypeName::Boolean => boolean(field).map(Kind::Boolean),
        TypeName::Timestamp => timestamp(field).map(|rule| Kind::Timestamp(Box::new(rule))),
        TypeName::Enum => one_of(field).map(Kind::Enum),
        TypeName::GeoPoint => Ok(Kind::GeoPoint),
    }
}

/// A TOML value, as text of a payload.
pub(super) fn as_text(value: &TomlValue) -> String {
    match value {
        TomlValue::String(text) => text.clone(),
        TomlValue::Integer(number) => number.to_string(),
        TomlValue::Float(number) => number.to_string(),
        TomlValue::Boolean(value) => value.to_string(),
        TomlValue::Datetime(time) => time.to_string(),
        TomlValue::Array(_) | TomlValue::Table(_) => value.type_str().to_owned(),
    }
}

fn text(field: &FieldSource) -> Result<TextRule, FieldReason> {
    for (key, length) in [("min_length", field.min_length), ("max_length", field.max_length)] {
        if length.is_some_and(|length| length > MAX_RECORD_BYTES) {
            return Err(FieldReason::Key {
                key,
                why: "is over 10485760, the size of the largest record in bytes",
            });
        }
    }
    if let (Some(min), Some(max)) = (field.min_length, field.max_length)
        && min > max
    {
        return Err(FieldReason::Key { key: "min_length", why: "is greater than `max_length`" });
    }
    let compile = |pattern: &String| {
        Pattern::compile(pattern).map_err(|error| FieldReason::Value {
            key: "pattern",
            found: pattern.clone(),
            why: format!("is not a regular expression: {error}"),
        })
    };
    Ok(TextRule {
        trim: field.trim.unwrap_or(false),
        collapse_blanks: field.collapse_blanks.unwrap_or(false),
        unescape_html: field.unescape_html.unwrap_or(false),
        min_length: field.min_length,
        max_length: field.max_length,
        pattern: field.pattern.as_ref().map(compile).transpose()?,
    })
}

fn integer(field: &FieldSource) -> Result<IntegerRule, FieldReason> {
    let bound = |key, value: &Option<TomlValue>| match value {
        Some(TomlValue::Integer(bound)) => Ok(Some(*bound)),
        Some(other) => Err(not_a(key, other, "is not an integer")),
        None => Ok(None),
    };
    let rule = IntegerRule { min: bound("min", &field.min)?, max: bound("max", &field.max)? };
    match (rule.min, rule.max) {
        (Some(min), Some(max)) if min > max => Err(FieldReason::EmptyRange),
        _ => Ok(rule),
    }
}

fn float(field: &FieldSource) -> Result<FloatRule, FieldReason> {
    let bound = |key, value: &Option<TomlValue>| match value {
        Some(TomlValue::Float(bound)) if bound.is_finite() => Ok(Some(*bound)),
        #[expect(clippy::cast_precision_loss, reason = "a bound written as an integer is a small one")]
        Some(TomlValue::Integer(bound)) => Ok(Some(*bound as f64)),
        Some(other) => Err(not_a(key, other, "is not a finite number")),
        None => Ok(None),
    };
    let rule = FloatRule { min: bound("min", &field.min)?, max: bound("max", &field.max)? };
    match (rule.min, rule.max) {
        (Some(min), Some(max)) if min > max => Err(FieldReason::EmptyRange),
        _ => Ok(rule),
    }
}

fn not_a(key: &'static str, value: &TomlValue, why: &str) -> FieldReason {
    FieldReason::Value { key, found: as_text(value), why: why.to_owned() }
}

fn boolean(field: &FieldSource) -> Result<BooleanRule, FieldReason> {
    let mut rule = BooleanRule::default();
    if let Some(tokens) = &field.true_tokens {
        rule.true_tokens.clone_from(tokens);
    }
    if let Some(tokens) = &field.false_tokens {
        rule.false_tokens.clone_from(tokens);
    }
    match rule.true_tokens.iter().find(|token| rule.false_tokens.contains(token)) {
        Some(token) => Err(FieldReason::Value {
            key: "true_tokens",
            found: token.clone(),
            why: "is in `false_tokens` too".to_owned(),
        }),
        None if rule.true_tokens.is_empty() || rule.false_tokens.is_empty() => {
            Err(FieldReason::Key { key: "true_tokens", why: "and `false_tokens` need a token each" })
        }
        None => Ok(rule),
    }
}

fn one_of(field: &FieldSource) -> Result<EnumRule, FieldReason> {
    let values = field.values.clone().unwrap_or_default();
    if values.is_empty() {
        return Err(FieldReason::Missing { key: "values" });
    }
    Ok(EnumRule { values, ignore_case: field.ignore_case.unwrap_or(false) })
}

fn timestamp(field: &FieldSource) -> Result<TimestampRule, FieldReason> {
    let formats = field.formats.clone().unwrap_or_default();
    let output = field.output_format.as_ref().or(formats.first());
    let output_text = output.ok_or(FieldReason::Missing { key: "output_format" })?;
    let output = format("output_format", output_text)?;
    if output_text.contains(['"', '\\']) || output_text.contains(char::is_control) {
        let why = "has a character that would need an escape".to_owned();
        return Err(FieldReason::Value { key: "output_format", found: output_text.clone(), why });
    }
    let zone = zone("zone", field.zone.as_deref(), TimeZone::UTC)?;
    let output_zone = self::zone("output_zone", field.output_zone.as_deref(), zone.clone())?;
    let same_zone = zone == output_zone;
    // The schema can read what it writes, unless the text would then be taken for a time in another zone.
    let reads_output = same_zone || output.has_offset();
    let mut inputs = Vec::new();
    if reads_output {
        inputs.push(output.clone());
    }
    for text in formats.iter().filter(|text| !(reads_output && *text == output_text)) {
        inputs.push(format("formats", text)?);
    }
    let keeps_text = reads_output
        && matches!(&output, TimeFormat::Pattern(pattern) if pattern.is_canonical() && !pattern.has_offset());
    if field.output_format.is_none() && inputs.iter().any(|input| input.grain() > output.grain()) {
        let why =
            "is needed, because its default, the first of `formats`, can't write all that another one reads";
        return Err(FieldReason::Key { key: "output_format", why });
    }
    let fits = inputs.iter().find(|input| input.holds(&output)).or(inputs.first());
    let payload = if reads_output { &output } else { fits.unwrap_or(&output) }.clone();
    // Another format than the first might be taken for the first.
    let keeps_source = inputs.first() != Some(&payload) || !inputs.iter().all(|input| payload.holds(input));
    Ok(TimestampRule {
        output_years: output.years(),
        inputs,
        zone,
        output,
        output_zone,
        payload,
        keeps_source,
        same_zone,
        keeps_text,
    })
}

fn format(key: &'static str, text: &str) -> Result<TimeFormat, FieldReason> {
    TimeFormat::compile(text).map_err(|why| FieldReason::Value { key, found: text.to_owned(), why })
}

fn zone(key: &'static str, name: Option<&str>, default: TimeZone) -> Result<TimeZone, FieldReason> {
    let Some(name) = name else { return Ok(default) };
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_| FieldReason::Value {
        key,
        found: name.to_owned(),
        why: "is not a name in the time zone database".to_owned(),
    })
}
