//! The Conditions section: Equals, And, Or, Not and references to other conditions.

use serde_json::Value;

use super::TemplateError;
use super::intrinsics::Scope;

/// Deepest nesting of conditions in conditions, so that a circle ends.
const DEEPEST: usize = 32;

/// Whether the condition of this name holds.
pub(super) fn holds(scope: &Scope<'_>, name: &str, place: &str) -> Result<bool, TemplateError> {
    named(scope, name, place, 0)
}

fn named(scope: &Scope<'_>, name: &str, place: &str, depth: usize) -> Result<bool, TemplateError> {
    let Some(condition) = scope.section("Conditions").and_then(|all| all.get(name)) else {
        return Err(TemplateError::invalid(place, format!("condition {name:?} is not in Conditions")));
    };
    evaluate(scope, condition, &format!("Conditions.{name}"), depth)
}

fn evaluate(scope: &Scope<'_>, node: &Value, place: &str, depth: usize) -> Result<bool, TemplateError> {
    if depth > DEEPEST {
        return Err(TemplateError::invalid(
            place,
            format!("nested deeper than {DEEPEST}, perhaps in a circle"),
        ));
    }
    let each = |items: &Vec<Value>| -> Result<Vec<bool>, TemplateError> {
        items.iter().map(|item| evaluate(scope, item, place, depth + 1)).collect()
    };
    let entry = node.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
    match entry.map(|(function, argument)| (function.as_str(), argument)) {
        Some(("Condition", Value::String(name))) => named(scope, name, place, depth + 1),
        Some(("Fn::And", Value::Array(items))) => Ok(each(items)?.into_iter().all(|holds| holds)),
        Some(("Fn::Or", Value::Array(items))) => Ok(each(items)?.into_iter().any(|holds| holds)),
        Some(("Fn::Not", Value::Array(items))) => Ok(!each(items)?.into_iter().all(|holds| holds)),
        Some(("Fn::Equals", Value::Array(items))) => equals(scope, items, place),
        _ => Err(TemplateError::invalid(place, "expected Equals, And, Or, Not or Condition")),
    }
}

fn equals(scope: &Scope<'_>, items: &[Value], place: &str) -> Result<bool, TemplateError> {
    let [left, right] = items else {
        return Err(TemplateError::invalid(place, format!("Equals takes 2 values, found {}", items.len())));
    };
    Ok(text(scope.resolve(left, place)?) == text(scope.resolve(right, place)?))
}

/// `CloudFormation` compares what is written, so `1` equals `"1"`.
fn text(value: Option<Value>) -> Option<String> {
    value.map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
}
