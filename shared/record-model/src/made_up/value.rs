//! Makes the made-up value of a field.

use crate::codec::{RecordContext, TimestampRule};
use crate::recipe::{Random, between, words};
use crate::schema::{Field, Kind};

/// A value for the field, as text of the payload. Without a recipe its type decides, and one optional value
/// in twenty is left out.
pub(super) fn make(field: &Field, random: &mut Random, context: &RecordContext<'_>) -> Option<String> {
    if let Some(recipe) = &field.made_up {
        let is_whole = !matches!(field.kind, Kind::Float(_));
        return recipe.make(is_whole, context.ingested_at_ms, random);
    }
    if field.default.is_some() || (!field.required && random.below(20) == 0) {
        return None;
    }
    match &field.kind {
        Kind::Text(rule) => {
            let word = words::phrase(random);
            let least = rule.min_length.unwrap_or(0);
            let text = word.chars().cycle().take(word.chars().count().max(least));
            Some(text.take(rule.max_length.unwrap_or(usize::MAX)).collect())
        }
        Kind::Integer(rule) => {
            let least = rule.min.unwrap_or(0);
            let most = rule.max.unwrap_or(least.saturating_add(1000));
            let span = most.abs_diff(least).saturating_add(1);
            Some(least.saturating_add_unsigned(random.below(span)).min(most).to_string())
        }
        Kind::Float(rule) => {
            let least = rule.min.unwrap_or(0.0);
            Some(between(least, rule.max.unwrap_or(least + 1000.0), false, random))
        }
        Kind::Boolean(rule) => Some(rule.token(random.below(2) == 0).to_owned()),
        Kind::Timestamp(rule) => moment(rule, random, context),
        Kind::Enum(rule) => {
            let values: Vec<&str> = rule.values.iter().map(String::as_str).collect();
            random.pick(&values).map(ToOwned::to_owned)
        }
        Kind::GeoPoint => None,
    }
}

/// A time within the thirty days before the record was taken in.
fn moment(rule: &TimestampRule, random: &mut Random, context: &RecordContext<'_>) -> Option<String> {
    const MONTH_S: u64 = 30 * 24 * 3600;
    let back_ms = i64::try_from(random.below(MONTH_S) * 1000).ok()?;
    let moment = rule.at(context.ingested_at_ms.saturating_sub(back_ms)).or_else(|| rule.at(0))?;
    let mut text = Vec::new();
    rule.write_payload(&moment, &mut text);
    String::from_utf8(text).ok()
}
