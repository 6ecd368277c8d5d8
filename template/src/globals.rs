//! SAM's Globals section: defaults that every function starts from.

use serde_json::Value;

/// The properties of a function over the defaults: maps are joined, everything else is replaced.
pub(super) fn over(defaults: Option<&Value>, properties: &Value) -> Value {
    match (defaults, properties) {
        (Some(Value::Object(defaults)), Value::Object(own)) => {
            let mut joined = defaults.clone();
            for (name, value) in own {
                joined.insert(name.clone(), over(defaults.get(name), value));
            }
            Value::Object(joined)
        }
        (Some(defaults), Value::Null) => defaults.clone(),
        (_, own) => own.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_are_joined_and_values_replaced() {
        let defaults = json!({"Timeout": 3, "Environment": {"Variables": {"A": "1", "B": "1"}}});
        let own = json!({"Timeout": 60, "Environment": {"Variables": {"B": "2"}}});
        let joined = json!({"Timeout": 60, "Environment": {"Variables": {"A": "1", "B": "2"}}});
        assert_eq!(over(Some(&defaults), &own), joined);
    }
}
