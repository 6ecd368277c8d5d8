//! The Conditions section: Equals, And, Or, Not and references to other conditions.

use serde_json::Value;

use super::scope::{Scope, written};
use super::stop::{Read, Stop};

/// The deepest nesting of conditions in conditions, so that a circular reference ends.
const DEEPEST: usize = 32;

/// Whether the condition with this name holds.
pub(super) fn holds(scope: &Scope, name: &str, place: &str) -> Read<bool> {
    named(scope, name, place, 0)
}

fn named(scope: &Scope, name: &str, place: &str, depth: usize) -> Read<bool> {
    let Some(condition) = scope.section("Conditions").and_then(|all| all.get(name)) else {
        return Err(Stop::malformed(place, format!("condition {name:?} is not in Conditions")));
    };
    evaluate_at(scope, condition, &format!("Conditions.{name}"), depth)
}

/// Whether what is written here holds.
pub(super) fn evaluate(scope: &Scope, node: &Value, place: &str) -> Read<bool> {
    evaluate_at(scope, node, place, 0)
}

fn evaluate_at(scope: &Scope, node: &Value, place: &str, depth: usize) -> Read<bool> {
    if depth > DEEPEST {
        return Err(Stop::malformed(place, format!("nested deeper than {DEEPEST}, perhaps in a circle")));
    }
    let each = |items: &Vec<Value>| -> Read<Vec<bool>> {
        items.iter().map(|item| evaluate_at(scope, item, place, depth + 1)).collect()
    };
    let entry = node.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
    match entry.map(|(function, argument)| (function.as_str(), argument)) {
        Some(("Condition", Value::String(name))) => named(scope, name, place, depth + 1),
        Some(("Fn::And", Value::Array(items))) => Ok(each(items)?.into_iter().all(|holds| holds)),
        Some(("Fn::Or", Value::Array(items))) => Ok(each(items)?.into_iter().any(|holds| holds)),
        Some(("Fn::Not", Value::Array(items))) => Ok(!each(items)?.into_iter().all(|holds| holds)),
        Some(("Fn::Equals", Value::Array(items))) => equals(scope, items, place),
        _ => Err(Stop::malformed(place, "expected Equals, And, Or, Not or Condition")),
    }
}

fn equals(scope: &Scope, items: &[Value], place: &str) -> Read<bool> {
    let [left, right] = items else {
        return Err(Stop::malformed(place, format!("Equals takes 2 values, found {}", items.len())));
    };
    // `CloudFormation` compares what is written, so `1` equals `"1"`.
    let text = |item| Ok::<_, Stop>(scope.resolve(item, place)?.as_ref().map(written));
    Ok(text(left)? == text(right)?)
}
