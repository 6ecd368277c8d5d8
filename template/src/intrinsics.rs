//! Resolves `CloudFormation`'s intrinsic functions to plain values.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::conditions;
use super::scope::{Scope, written};
use super::stop::{Read, Stop};

/// The functions whose value only AWS knows.
const UNKNOWN_HERE: [&str; 5] =
    ["Fn::Cidr", "Fn::GetAZs", "Fn::GetStackOutput", "Fn::ImportValue", "Fn::Transform"];

/// The value of a function; `None` means `AWS::NoValue`.
pub(super) fn call(scope: &Scope, function: &str, argument: &Value, place: &str) -> Read<Option<Value>> {
    let call = Call { scope, place };
    let result = match (function, argument) {
        ("Ref", Value::String(name)) => return scope.reference(name, place),
        ("Fn::If", Value::Array(arguments)) => return call.choose(arguments),
        ("Fn::GetAtt", _) => call.attribute(argument)?,
        ("Fn::Sub", _) => call.substitute(argument)?,
        ("Fn::Join", Value::Array(arguments)) => call.join(arguments)?,
        ("Fn::Split", Value::Array(arguments)) => call.split(arguments)?,
        ("Fn::Select", Value::Array(arguments)) => call.select(arguments)?,
        ("Fn::FindInMap", Value::Array(keys)) => call.find_in_map(keys)?,
        ("Fn::Base64", _) => call.text(argument)?.map(|text| Value::String(STANDARD.encode(text))),
        ("Fn::Length", _) => call.list(argument)?.map(|items| Value::from(items.len())),
        ("Fn::ToJsonString", _) => {
            scope.resolve(argument, place)?.map(|value| Value::String(value.to_string()))
        }
        _ if UNKNOWN_HERE.contains(&function) => {
            return Err(Stop::left_out(place, format!("{function} has no value on this machine")));
        }
        _ => None,
    };
    let refused = || Stop::malformed(place, format!("{function} does not accept {argument}"));
    result.map(Some).ok_or_else(refused)
}

/// A call at its place. A method returns `None` for arguments that its function does not accept.
struct Call<'s> {
    scope: &'s Scope,
    place: &'s str,
}

impl Call<'_> {
    fn text(&self, node: &Value) -> Read<Option<String>> {
        Ok(self.scope.resolve(node, self.place)?.as_ref().map(written))
    }

    fn list(&self, node: &Value) -> Read<Option<Vec<Value>>> {
        Ok(match self.scope.resolve(node, self.place)? {
            Some(Value::Array(items)) => Some(items),
            _ => None,
        })
    }

    fn choose(&self, arguments: &[Value]) -> Read<Option<Value>> {
        let [Value::String(condition), yes, no] = arguments else {
            return Err(Stop::malformed(self.place, "Fn::If takes a condition's name and two values"));
        };
        let chosen = if conditions::holds(self.scope, condition, self.place)? { yes } else { no };
        self.scope.resolve(chosen, self.place)
    }

    /// `[Resource, Attribute]` or `Resource.Attribute`.
    fn attribute(&self, argument: &Value) -> Read<Option<Value>> {
        let found = match argument {
            Value::String(dotted) => {
                dotted.split_once('.').map(|(id, name)| (id.to_owned(), name.to_owned()))
            }
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(id), name] => self.text(name)?.map(|name| (id.clone(), name)),
                _ => None,
            },
            _ => None,
        };
        let Some((resource, attribute)) = found else { return Ok(None) };
        self.scope.attribute(&resource, &attribute, self.place).map(|text| Some(Value::String(text)))
    }

    fn join(&self, arguments: &[Value]) -> Read<Option<Value>> {
        let [Value::String(separator), items] = arguments else { return Ok(None) };
        let texts = self.list(items)?.map(|items| items.iter().map(written).collect::<Vec<_>>());
        Ok(texts.map(|texts| Value::String(texts.join(separator))))
    }

    fn split(&self, arguments: &[Value]) -> Read<Option<Value>> {
        let [Value::String(separator), text] = arguments else { return Ok(None) };
        let Some(text) = self.text(text)?.filter(|_| !separator.is_empty()) else { return Ok(None) };
        Ok(Some(text.split(separator.as_str()).map(Value::from).collect()))
    }

    fn select(&self, arguments: &[Value]) -> Read<Option<Value>> {
        let [index, items] = arguments else { return Ok(None) };
        let index = self.text(index)?.and_then(|index| index.parse::<usize>().ok());
        let items = self.list(items)?;
        Ok(index.and_then(|index| items?.get(index).cloned()))
    }

    /// A map, a first key and a second key, and perhaps a value for keys that do not exist.
    fn find_in_map(&self, arguments: &[Value]) -> Read<Option<Value>> {
        let [map, first, second, options @ ..] = arguments else { return Ok(None) };
        let mut found = self.scope.section("Mappings");
        for key in [map, first, second] {
            let key = self.text(key)?.unwrap_or_default();
            found = found.and_then(|level| level.get(&key));
        }
        match (found, options) {
            (Some(found), _) => Ok(Some(found.clone())),
            (None, [options]) => match options.get("DefaultValue") {
                Some(default) => self.scope.resolve(default, self.place),
                None => Ok(None),
            },
            (None, _) => Ok(None),
        }
    }

    /// A text alone, or with a map of additional names.
    fn substitute(&self, argument: &Value) -> Read<Option<Value>> {
        let none = Map::new();
        let (text, own) = match argument {
            Value::String(text) => (text, &none),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(text), Value::Object(own)] => (text, own),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.substituted(text, own).map(|text| Some(Value::String(text)))
    }

    /// `${Name}`, `${Resource.Attribute}`, and `${!Literal}` for a literal `${Literal}`.
    fn substituted(&self, text: &str, own: &Map<String, Value>) -> Read<String> {
        let mut rest = text;
        let mut result = String::with_capacity(text.len());
        while let Some((before, from_name)) = rest.split_once("${") {
            let unclosed = || Stop::malformed(self.place, format!("Sub has an unclosed ${{ in {text:?}"));
            let (name, after) = from_name.split_once('}').ok_or_else(unclosed)?;
            result.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                result.extend(["${", literal, "}"]);
            } else {
                result.push_str(&self.name_in_text(name.trim(), own)?);
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn name_in_text(&self, name: &str, own: &Map<String, Value>) -> Read<String> {
        let value = match (own.get(name), name.split_once('.')) {
            (Some(value), _) => self.scope.resolve(value, self.place)?,
            (None, Some((resource, attribute))) => {
                return self.scope.attribute(resource, attribute, self.place);
            }
            (None, None) => self.scope.reference(name, self.place)?,
        };
        Ok(value.as_ref().map(written).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn document() -> Value {
        json!({
            "Parameters": {
                "Size": {"Type": "Number", "Default": 3},
                "List": {"Type": "CommaDelimitedList", "Default": "x,y"},
            },
            "Mappings": {"M": {"a": {"b": "found"}}},
            "Conditions": {"Yes": {"Fn::Equals": [{"Ref": "Size"}, "3"]}},
            "Resources": {
                "Bucket": {"Type": "AWS::S3::Bucket"},
                "S": {"Type": "AWS::Kinesis::Stream"},
                "Q": {"Type": "AWS::SQS::Queue"},
                "T": {"Type": "AWS::SNS::Topic"},
                "F": {"Type": "AWS::Lambda::Function"},
                "V": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "F"}}},
                "Live": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "F"}, "Name": "live"}},
            },
        })
    }

    fn resolve(node: &Value) -> Read<Option<Value>> {
        Scope::new(document(), &BTreeMap::new(), Home::default()).unwrap().resolve(node, "A.B")
    }

    #[track_caller]
    fn check(node: &Value, expected: Option<&Value>) {
        assert_eq!(resolve(node).unwrap().as_ref(), expected);
    }

    #[test]
    fn each_function_gives_a_plain_value() {
        check(&json!({"Ref": "Size"}), Some(&json!(3)));
        check(&json!({"Ref": "AWS::NoValue"}), None);
        let arn = json!("arn:aws:kinesis:us-east-1:000000000000:stream/S");
        check(&json!({"Fn::GetAtt": ["S", "Arn"]}), Some(&arn));
        check(&json!({"Fn::GetAtt": "S.Arn"}), Some(&arn));
        check(
            &json!({"Fn::Sub": "${Bucket}/${Size}/${!kept}/${S.Arn}"}),
            Some(&json!("bucket/3/${kept}/arn:aws:kinesis:us-east-1:000000000000:stream/S")),
        );
        check(&json!({"Fn::Sub": ["${x}", {"x": {"Ref": "Bucket"}}]}), Some(&json!("bucket")));
        check(&json!({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}), Some(&json!("a-3")));
        check(&json!({"Fn::If": ["Yes", "y", "n"]}), Some(&json!("y")));
        check(&json!({"Fn::Select": [1, ["a", "b"]]}), Some(&json!("b")));
        check(&json!({"Fn::FindInMap": ["M", "a", "b"]}), Some(&json!("found")));
        check(&json!({"keep": 1, "go": {"Ref": "AWS::NoValue"}}), Some(&json!({"keep": 1})));
    }

    #[test]
    fn lists_come_from_parameters_and_from_text() {
        check(&json!({"Ref": "List"}), Some(&json!(["x", "y"])));
        check(&json!({"Fn::Join": ["+", {"Ref": "List"}]}), Some(&json!("x+y")));
        check(&json!({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b/c"]}]}), Some(&json!("b")));
        check(&json!({"Fn::Length": {"Ref": "List"}}), Some(&json!(2)));
        check(&json!({"Fn::Base64": {"Fn::Sub": "${Size}"}}), Some(&json!("Mw==")));
        check(&json!({"Fn::ToJsonString": {"a": {"Ref": "Size"}}}), Some(&json!(r#"{"a":3}"#)));
        let keys = json!({"Fn::FindInMap": ["M", "a", "c", {"DefaultValue": "other"}]});
        check(&keys, Some(&json!("other")));
    }

    #[test]
    fn a_resource_is_referred_to_as_its_service_names_it() {
        check(&json!({"Ref": "Q"}), Some(&json!("https://sqs.us-east-1.amazonaws.com/000000000000/Q")));
        check(&json!({"Ref": "T"}), Some(&json!("arn:aws:sns:us-east-1:000000000000:T")));
        let alias = "arn:aws:lambda:us-east-1:000000000000:function:F:live";
        check(&json!({"Ref": "Live"}), Some(&json!(alias)));
        check(&json!({"Fn::GetAtt": "V.Version"}), Some(&json!("1")));
        check(&json!({"Fn::GetAtt": "Q.QueueName"}), Some(&json!("Q")));
        check(&json!({"Fn::GetAtt": "T.TopicName"}), Some(&json!("T")));
        check(&json!({"Fn::GetAtt": "Bucket.DomainName"}), Some(&json!("bucket.s3.amazonaws.com")));
    }

    #[test]
    fn a_function_only_aws_can_answer_leaves_its_place_out() {
        let stop = resolve(&json!({"Fn::ImportValue": "x"})).unwrap_err();
        assert!(matches!(stop, Stop::LeftOut { place, reason }
            if place == "A.B" && reason == "Fn::ImportValue has no value on this machine"));
    }

    #[test]
    fn an_argument_no_function_takes_is_malformed() {
        for node in [
            json!({"Fn::Join": ["-", "no list"]}),
            json!({"Fn::Select": [7, ["a"]]}),
            json!({"Fn::Split": ["", "a"]}),
            json!({"Fn::FindInMap": ["M", "a"]}),
            json!({"Fn::If": ["Yes", "y"]}),
            json!({"Fn::Sub": "${open"}),
            json!({"Fn::GetAtt": "S"}),
            json!({"Fn::Nonsense": 1}),
            json!({"Ref": "Nobody"}),
        ] {
            assert!(matches!(resolve(&node), Err(Stop::Malformed(_))), "{node}");
        }
    }

    #[test]
    fn a_value_for_no_parameter_is_refused() {
        let given = BTreeMap::from([("Nope".to_owned(), "1".to_owned())]);
        assert!(Scope::new(json!({}), &given, Home::default()).is_err());
    }
}
