//! YAML text to one JSON value, with `CloudFormation`'s short tags in their long form.

use saphyr::{LoadableYamlNode, Scalar, Tag, Yaml};
use serde_json::{Map, Number, Value, json};

/// Parses the first document of `text`; the error says where and why.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    documents.into_iter().next().map_or_else(|| Err("the file is empty".to_owned()), |yaml| value(&yaml))
}

fn value(yaml: &Yaml<'_>) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Value(scalar) => plain(scalar),
        Yaml::Representation(text, ..) => Value::String(text.to_string()),
        Yaml::Sequence(items) => Value::Array(items.iter().map(value).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let entry = |(key, item): (&Yaml<'_>, &Yaml<'_>)| Ok((name(key)?, value(item)?));
            Value::Object(entries.iter().map(entry).collect::<Result<Map<_, _>, String>>()?)
        }
        Yaml::Tagged(tag, inner) => long_form(tag, value(inner)?),
        Yaml::Alias(_) | Yaml::BadValue => {
            return Err("an alias or a tagged value can't be resolved".to_owned());
        }
    })
}

fn plain(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(flag) => Value::Bool(*flag),
        Scalar::Integer(number) => Value::from(*number),
        Scalar::FloatingPoint(number) => Number::from_f64(number.0).map_or(Value::Null, Value::Number),
        Scalar::String(text) => Value::String(text.to_string()),
    }
}

fn name(key: &Yaml<'_>) -> Result<String, String> {
    match value(key)? {
        Value::String(name) => Ok(name),
        other @ (Value::Bool(_) | Value::Number(_)) => Ok(other.to_string()),
        other => Err(format!("a key must be plain text, found {other}")),
    }
}

/// `!Ref X` is `{"Ref": X}`, `!GetAtt A.B` is `{"Fn::GetAtt": ["A", "B"]}`, any other `{"Fn::Name": …}`.
fn long_form(tag: &Tag, argument: Value) -> Value {
    match (tag.suffix.as_str(), argument) {
        (short @ ("Ref" | "Condition"), argument) => json!({ short: argument }),
        ("GetAtt", Value::String(dotted)) => {
            let (resource, attribute) = dotted.split_once('.').unwrap_or((&dotted, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        (short, argument) => json!({ format!("Fn::{short}"): argument }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(yaml: &str, expected: &Value) {
        assert_eq!(&parse(yaml).unwrap(), expected);
    }

    #[test]
    fn short_tags_take_their_long_form() {
        check("a: !Ref B", &json!({"a": {"Ref": "B"}}));
        check("a: !GetAtt B.Arn", &json!({"a": {"Fn::GetAtt": ["B", "Arn"]}}));
        check("a: !Join [',', [!Ref B, c]]", &json!({"a": {"Fn::Join": [",", [{"Ref": "B"}, "c"]]}}));
        check("a: !Not [!Condition C]", &json!({"a": {"Fn::Not": [{"Condition": "C"}]}}));
    }

    #[test]
    fn quoted_numbers_stay_text() {
        check("a: '1'\nb: 1\nc: 2010-09-09", &json!({"a": "1", "b": 1, "c": "2010-09-09"}));
    }

    #[test]
    fn a_mistake_says_where() {
        assert!(parse("a: [1").unwrap_err().contains("line"));
    }
}
