//! The Parameters section: each parameter's value, checked against what the parameter allows.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;

use super::TemplateError;
use super::scope::written;

/// The values that a run on one machine uses for parameters without a given value: `Metadata: {Kinflow:
/// {Parameters: …}}`. A deployment ignores them.
pub(super) fn of_a_run(document: &Value) -> Result<BTreeMap<String, String>, TemplateError> {
    metadata(document, "Parameters")
}

/// The values that a run with an OpenSearch server uses in addition: `OpenSearchParameters` in the same place.
pub(super) fn of_a_search(document: &Value) -> Result<BTreeMap<String, String>, TemplateError> {
    metadata(document, "OpenSearchParameters")
}

fn metadata(document: &Value, name: &str) -> Result<BTreeMap<String, String>, TemplateError> {
    let place = format!("Metadata.Kinflow.{name}");
    let values = match document.pointer(&format!("/Metadata/Kinflow/{name}")) {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(values)) => values,
        Some(other) => {
            return Err(TemplateError::invalid(place, format!("expected names and values, found {other}")));
        }
    };
    let declared = document.get("Parameters");
    if let Some(name) = values.keys().find(|name| declared.and_then(|all| all.get(*name)).is_none()) {
        return Err(TemplateError::invalid(place, format!("the template has no parameter {name:?}")));
    }
    Ok(values.iter().map(|(name, value)| (name.clone(), written(value))).collect())
}

/// The value of a parameter, which is a list if its type is one; and a line if something about it is not
/// known here.
pub(super) fn value(
    name: &str,
    parameter: &Value,
    given: Option<&String>,
) -> Result<(Value, Option<String>), TemplateError> {
    let place = format!("Parameters.{name}");
    let missing = || TemplateError::invalid(&place, "has no default and no value was given");
    let value = given.cloned().map(Value::String).or_else(|| parameter.get("Default").cloned());
    let value = value.ok_or_else(missing)?;
    if value.is_object() || value.is_array() {
        return Err(TemplateError::invalid(&place, format!("expected text as Default, found {value}")));
    }
    let kind = parameter.get("Type").and_then(Value::as_str).unwrap_or("String");
    let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
    let text = written(&value);
    let items: Vec<String> =
        if is_list { text.split(',').map(|item| item.trim().to_owned()).collect() } else { vec![text] };
    let mut line = kind
        .starts_with("AWS::SSM::")
        .then(|| format!("{place}: is the name of an SSM parameter, which is used as its value here"));
    for item in &items {
        check(parameter, kind, item).map_err(|problem| TemplateError::invalid(&place, problem))?;
        if let Some(unreadable) = check_pattern(parameter, item, &place)? {
            line = line.or(Some(unreadable));
        }
    }
    Ok((if is_list { Value::from(items) } else { value }, line))
}

fn check(parameter: &Value, kind: &str, text: &str) -> Result<(), String> {
    if let Some(allowed) = parameter.get("AllowedValues").and_then(Value::as_array)
        && !allowed.iter().any(|allowed| written(allowed) == text)
    {
        let allowed: Vec<String> = allowed.iter().map(written).collect();
        return Err(format!("is {text:?}, expected one of {}", allowed.join(", ")));
    }
    if kind == "Number" || kind == "List<Number>" {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        let number = number.ok_or_else(|| format!("is {text:?}, expected a number"))?;
        return within(parameter, ("MinValue", "MaxValue"), number, "");
    }
    let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    within(parameter, ("MinLength", "MaxLength"), f64::from(characters), " characters long")
}

fn within(parameter: &Value, (least, most): (&str, &str), found: f64, unit: &str) -> Result<(), String> {
    let limit = |name| parameter.get(name).and_then(|limit| written(limit).parse::<f64>().ok());
    match (limit(least), limit(most)) {
        (Some(least), _) if found < least => Err(format!("is {found}{unit}, expected at least {least}")),
        (_, Some(most)) if found > most => Err(format!("is {found}{unit}, expected at most {most}")),
        _ => Ok(()),
    }
}

/// Checks that a pattern matches the whole value. A pattern that only Java can read is reported.
fn check_pattern(parameter: &Value, text: &str, place: &str) -> Result<Option<String>, TemplateError> {
    let Some(pattern) = parameter.get("AllowedPattern").and_then(Value::as_str) else { return Ok(None) };
    match Regex::new(&format!("^(?:{pattern})$")) {
        Ok(regex) if regex.is_match(text) => Ok(None),
        Ok(_) => Err(TemplateError::invalid(
            place,
            format!("is {text:?}, expected a value that matches {pattern:?}"),
        )),
        Err(_) => Ok(Some(format!("{place}.AllowedPattern: is not checked here, since it can't be read"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn refused(parameter: &Value, given: &str, expected: &str) {
        let error = value("P", parameter, Some(&given.to_owned())).unwrap_err().to_string();
        assert_eq!(error, format!("Parameters.P: {expected}"));
    }

    #[test]
    fn a_value_its_parameter_does_not_allow_is_refused_with_what_it_allows() {
        let level = json!({"Type": "String", "AllowedValues": ["batch", "ledger"]});
        refused(&level, "exactly", r#"is "exactly", expected one of batch, ledger"#);
        let shards = json!({"Type": "Number", "MinValue": 1, "MaxValue": 5});
        refused(&shards, "0", "is 0, expected at least 1");
        refused(&shards, "6", "is 6, expected at most 5");
        refused(&shards, "many", r#"is "many", expected a number"#);
        let epoch = json!({"Type": "String", "AllowedPattern": "[a-z]{2}"});
        refused(&epoch, "abc", r#"is "abc", expected a value that matches "[a-z]{2}""#);
        let name = json!({"Type": "String", "MinLength": 2, "MaxLength": 3});
        refused(&name, "a", "is 1 characters long, expected at least 2");
        refused(&name, "äöüß", "is 4 characters long, expected at most 3");
    }

    #[test]
    fn a_default_is_held_to_the_same_rules() {
        let parameter = json!({"Type": "Number", "Default": 0, "MinValue": 1});
        assert!(value("P", &parameter, None).is_err());
    }

    #[test]
    fn a_list_is_a_list_and_each_of_its_items_is_checked() {
        let parameter = json!({"Type": "CommaDelimitedList", "Default": "a, b", "AllowedValues": ["a", "b"]});
        assert_eq!(value("P", &parameter, None).unwrap().0, json!(["a", "b"]));
        refused(&parameter, "a,c", r#"is "c", expected one of a, b"#);
    }

    #[test]
    fn what_is_not_known_here_is_named() {
        let ssm = json!({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/my/name"});
        let (value_of_ssm, line) = value("P", &ssm, None).unwrap();
        assert_eq!(value_of_ssm, json!("/my/name"));
        assert!(line.unwrap().starts_with("Parameters.P: is the name of an SSM parameter"));
        let ahead = json!({"Type": "String", "Default": "x", "AllowedPattern": "(?!a).*"});
        let (_, line) = value("P", &ahead, None).unwrap();
        assert!(line.unwrap().starts_with("Parameters.P.AllowedPattern: "));
    }
}
