//! SAM's Globals section: defaults for every function.

use serde_json::Value;

use super::kinds;
use super::scope::Scope;

/// The properties of a function that have an effect here, or are reported where they occur.
const OF_A_FUNCTION: [&str; 16] = [
    "Code",
    "CodeUri",
    "DeadLetterConfig",
    "DeadLetterQueue",
    "Environment",
    "EventInvokeConfig",
    "Events",
    "FileSystemConfigs",
    "FunctionUrlConfig",
    "Handler",
    "InlineCode",
    "Layers",
    "MemorySize",
    "ReservedConcurrentExecutions",
    "Runtime",
    "Timeout",
];

/// The sections for other resources, which are reported if they are not run.
const SECTIONS: [&str; 6] =
    ["Api", "CapacityProvider", "HttpApi", "LayerVersion", "SimpleTable", "StateMachine"];

/// The properties of a function over the defaults of the template, except for those that the function says to
/// ignore.
pub(super) fn over(scope: &Scope, resource: &Value, own: &Value) -> Value {
    let defaults = scope.section("Globals").and_then(|globals| globals.get("Function"));
    let Some(Value::Object(defaults)) = defaults else { return own.clone() };
    let is_ignored = |name: &str| match resource.get("IgnoreGlobals") {
        Some(Value::String(all)) => all == "*",
        Some(Value::Array(names)) => names.iter().any(|ignored| ignored == name),
        _ => false,
    };
    let mut taken = defaults.clone();
    taken.retain(|name, _| is_known(name) && !is_ignored(name));
    joined(Some(&Value::Object(taken)), own)
}

/// A line for each name in the section that is not known here.
pub(super) fn unknown(scope: &Scope) -> Vec<String> {
    let names = |node: Option<&Value>| -> Vec<String> {
        node.and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let globals = scope.section("Globals");
    let sections = names(globals).into_iter();
    let sections = sections.filter(|name| name != "Function" && !SECTIONS.contains(&name.as_str()));
    let defaults = names(globals.and_then(|globals| globals.get("Function"))).into_iter();
    let defaults = defaults.filter(|name| !is_known(name)).map(|name| format!("Function.{name}"));
    sections
        .chain(defaults)
        .map(|name| format!("Globals.{name}: is not known here and has no effect"))
        .collect()
}

fn is_known(name: &str) -> bool {
    OF_A_FUNCTION.contains(&name) || kinds::FUNCTION.contains(&name)
}

/// Joins maps, and replaces everything else.
fn joined(defaults: Option<&Value>, own: &Value) -> Value {
    match (defaults, own) {
        (Some(Value::Object(defaults)), Value::Object(own)) => {
            let mut all = defaults.clone();
            for (name, value) in own {
                all.insert(name.clone(), joined(defaults.get(name), value));
            }
            Value::Object(all)
        }
        (Some(defaults), Value::Null) => defaults.clone(),
        (_, own) => own.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[track_caller]
    fn check(resource: &Value, expected: &Value) {
        let defaults =
            json!({"Timeout": 3, "Environment": {"Variables": {"A": "1", "B": "1"}}, "Tiemout": 1});
        let document = json!({"Globals": {"Function": defaults, "Api": {}, "Apis": {}}});
        let scope = Scope::new(document, &BTreeMap::new(), Home::default()).unwrap();
        let own = json!({"Timeout": 60, "Environment": {"Variables": {"B": "2"}}});
        assert_eq!(&over(&scope, resource, &own), expected);
        let lines = unknown(&scope);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("Globals.Apis: ")));
        assert!(lines.iter().any(|line| line.starts_with("Globals.Function.Tiemout: ")));
    }

    #[test]
    fn maps_are_joined_and_values_replaced() {
        let expected = json!({"Timeout": 60, "Environment": {"Variables": {"A": "1", "B": "2"}}});
        check(&json!({}), &expected);
    }

    #[test]
    fn a_function_can_ignore_the_defaults() {
        let expected = json!({"Timeout": 60, "Environment": {"Variables": {"B": "2"}}});
        check(&json!({"IgnoreGlobals": "*"}), &expected);
        check(&json!({"IgnoreGlobals": ["Environment"]}), &expected);
    }
}
