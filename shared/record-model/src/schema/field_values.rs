//! The values that a schema file itself gives for a field: constants, defaults and recipes for made-up
//! values.

use toml::Value as TomlValue;

use super::error::FieldReason;
use super::field::{DefaultValue, Field};
use super::kind::Kind;
use super::nulls::NullTokens;
use super::rules::as_text;
use super::source::{Derived, FieldSource};
use crate::codec::bare;
use crate::recipe::Recipe;

/// Whether a derived value is a value of the type.
pub(super) fn fits(derived: Derived, kind: &Kind) -> bool {
    match derived {
        Derived::IngestedAt => matches!(kind, Kind::Timestamp(_)),
        Derived::Offset => matches!(kind, Kind::Integer(_)),
        Derived::Source | Derived::Position | Derived::RowHash => matches!(kind, Kind::Text(_)),
    }
}

/// The recipe of made-up values. It must exist, and what it makes must be valid for the field.
pub(super) fn recipe(table: &FieldSource, field: &Field) -> Result<Option<Recipe>, FieldReason> {
    let Some(text) = &table.made_up else { return Ok(None) };
    let refused = |why| FieldReason::Value { key: "made_up", found: text.clone(), why };
    let recipe =
        Recipe::parse(text).ok_or_else(|| refused(format!("is not one of {}", Recipe::NAMES.join(", "))))?;
    if recipe == Recipe::Nothing && field.required {
        return Err(refused("makes no value, although the field is required".to_owned()));
    }
    match recipe
        .samples(!matches!(field.kind, Kind::Float(_)))
        .iter()
        .find_map(|value| field.kind.read_bare(value).err())
    {
        Some(problem) => Err(refused(format!("makes values that are refused: {problem}"))),
        None => Ok(Some(recipe)),
    }
}

/// A constant, as the JSON that every document contains.
pub(super) fn constant_json(value: &TomlValue, kind: &Kind) -> Result<Vec<u8>, FieldReason> {
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

/// Reads what replaces a null.
pub(super) fn default(
    table: &FieldSource,
    kind: &Kind,
    nulls: &NullTokens,
) -> Result<Option<DefaultValue>, FieldReason> {
    let default = match (&table.default, table.default_from) {
        (Some(_), Some(_)) => {
            return Err(FieldReason::Key { key: "default", why: "and `default_from` exclude each other" });
        }
        (Some(value), None) => DefaultValue::Text(as_text(value)),
        (None, Some(derived)) if fits(derived, kind) && derived != Derived::RowHash => {
            DefaultValue::Derived(derived)
        }
        (None, Some(_)) => return Err(FieldReason::KeyOfOtherType { key: "default_from" }),
        (None, None) => return Ok(None),
    };
    if let DefaultValue::Text(text) = &default {
        let refused = |why| FieldReason::Value { key: "default", found: text.clone(), why };
        if nulls.contains(bare(text)) {
            return Err(refused("is a null token".to_owned()));
        }
        kind.read_bare(text).map_err(|problem| refused(format!("is refused: {problem}")))?;
        if table.required {
            return Err(FieldReason::Key { key: "required", why: "has no meaning beside `default`" });
        }
    }
    Ok(Some(default))
}
