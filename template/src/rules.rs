//! The Rules section: conditions that parameter values must fulfil together before anything is made.

use serde_json::Value;

use super::TemplateError;
use super::conditions;
use super::scope::{Scope, written};
use super::stop::Stop;

/// Refuses values that break a rule of the template, in the rule's own words. Returns a line for each rule
/// that is not checked here.
pub(super) fn hold(scope: &Scope) -> Result<Vec<String>, TemplateError> {
    let rules = scope.section("Rules").and_then(Value::as_object);
    let mut unread = Vec::new();
    for (name, rule) in rules.into_iter().flatten() {
        let place = format!("Rules.{name}");
        match broken(scope, rule, &place) {
            Ok(None) | Err(Stop::Disabled) => {}
            Ok(Some(description)) => return Err(TemplateError::invalid(place, description)),
            Err(Stop::Malformed(_)) if uses_functions_of_rules(rule) => {
                unread.push(format!(
                    "{place}: is not checked here, since it uses functions that only rules have"
                ));
            }
            Err(Stop::Malformed(error)) => return Err(error),
            Err(Stop::LeftOut { place, reason }) => {
                unread.push(format!("{place}: is not checked here: {reason}"));
            }
        }
    }
    Ok(unread)
}

/// The description of the first assertion that does not hold.
fn broken(scope: &Scope, rule: &Value, place: &str) -> Result<Option<String>, Stop> {
    if let Some(condition) = rule.get("RuleCondition")
        && !conditions::evaluate(scope, condition, place)?
    {
        return Ok(None);
    }
    let assertions = rule.get("Assertions").and_then(Value::as_array);
    let assertions = assertions.ok_or_else(|| Stop::malformed(place, "expected a list of Assertions"))?;
    for assertion in assertions {
        let holds = assertion.get("Assert").unwrap_or(&Value::Null);
        if !conditions::evaluate(scope, holds, place)? {
            let description = assertion.get("AssertDescription").map(written);
            return Ok(Some(
                description.unwrap_or_else(|| "the parameters contradict each other".to_owned()),
            ));
        }
    }
    Ok(None)
}

/// Whether it uses functions that a rule has in addition to those of a condition.
fn uses_functions_of_rules(node: &Value) -> bool {
    const OF_RULES: [&str; 6] = [
        "Fn::Contains",
        "Fn::EachMemberEquals",
        "Fn::EachMemberIn",
        "Fn::RefAll",
        "Fn::ValueOf",
        "Fn::ValueOfAll",
    ];
    match node {
        Value::Object(map) => map
            .iter()
            .any(|(name, inner)| OF_RULES.contains(&name.as_str()) || uses_functions_of_rules(inner)),
        Value::Array(items) => items.iter().any(uses_functions_of_rules),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn read(rule: &Value, value: &str) -> Result<Scope, TemplateError> {
        let document = json!({"Parameters": {"A": {"Type": "String"}}, "Rules": {"R": rule}});
        Scope::new(document, &BTreeMap::from([("A".to_owned(), value.to_owned())]), Home::default())
    }

    #[test]
    fn values_that_break_a_rule_are_refused_in_the_rules_words() {
        let is = |value| json!({"Fn::Equals": [{"Ref": "A"}, value]});
        let rule = json!({"Assertions": [{"Assert": is("x"), "AssertDescription": "A takes x"}]});
        assert!(read(&rule, "x").unwrap().lines.is_empty());
        assert_eq!(read(&rule, "y").err().unwrap().to_string(), "Rules.R: A takes x");
        let where_b = json!({"RuleCondition": is("b"), "Assertions": [{"Assert": {"Fn::Not": [is("b")]}}]});
        assert!(read(&where_b, "a").is_ok());
        assert!(read(&where_b, "b").is_err());
    }

    #[test]
    fn a_rule_that_is_not_checked_here_is_named() {
        let contains = json!({"Fn::Contains": [["x"], {"Ref": "A"}]});
        let lines = read(&json!({"Assertions": [{"Assert": contains}]}), "x").unwrap().lines;
        assert!(lines.concat().starts_with("Rules.R: is not checked here"), "{lines:?}");
        assert!(read(&json!({"Assertions": 1}), "x").is_err());
    }
}
