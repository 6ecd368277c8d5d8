//! `CloudFormation`'s intrinsic functions, resolved to plain values.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{TemplateError, conditions};

/// The region every resource is in.
pub const REGION: &str = "us-east-1";
/// The account every resource is in, as local endpoints name it.
pub const ACCOUNT: &str = "000000000000";

/// A template with its parameters' values: what a property is resolved against.
pub(super) struct Scope<'a> {
    document: &'a Value,
    parameters: BTreeMap<String, Value>,
}

impl<'a> Scope<'a> {
    /// Refuses a value for a parameter the template has not, and a parameter without a value.
    pub(super) fn new(document: &'a Value, given: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let declared = document.get("Parameters").and_then(Value::as_object);
        let mut parameters = BTreeMap::new();
        for (name, parameter) in declared.into_iter().flatten() {
            let value =
                given.get(name).cloned().map(Value::String).or_else(|| parameter.get("Default").cloned());
            let missing = || {
                TemplateError::invalid(format!("Parameters.{name}"), "has no default and no value was given")
            };
            parameters.insert(name.clone(), value.ok_or_else(missing)?);
        }
        match given.keys().find(|name| !parameters.contains_key(*name)) {
            Some(name) => {
                Err(TemplateError::invalid("Parameters", format!("the template has no parameter {name:?}")))
            }
            None => Ok(Self { document, parameters }),
        }
    }

    /// A top-level section of the template.
    pub(super) fn section(&self, name: &str) -> Option<&'a Value> {
        self.document.get(name)
    }

    /// The type of a resource, whether its condition holds or not.
    pub(super) fn resource(&self, logical_id: &str) -> Option<&'a Value> {
        self.section("Resources").and_then(|resources| resources.get(logical_id))
    }

    /// `node` with every function in it resolved; `None` is `AWS::NoValue`.
    pub(super) fn resolve(&self, node: &Value, place: &str) -> Result<Option<Value>, TemplateError> {
        match node {
            Value::Object(map) => {
                match map.iter().next().filter(|(name, _)| map.len() == 1 && is_function(name)) {
                    Some((function, argument)) => self.call(function, argument, place),
                    None => self.each_entry(map, place).map(Some),
                }
            }
            Value::Array(items) => {
                let items = items.iter().map(|item| self.resolve(item, place));
                Ok(Some(Value::Array(items.filter_map(Result::transpose).collect::<Result<_, _>>()?)))
            }
            plain => Ok(Some(plain.clone())),
        }
    }

    fn each_entry(&self, map: &Map<String, Value>, place: &str) -> Result<Value, TemplateError> {
        let mut resolved = Map::new();
        for (name, item) in map {
            if let Some(value) = self.resolve(item, &format!("{place}.{name}"))? {
                resolved.insert(name.clone(), value);
            }
        }
        Ok(Value::Object(resolved))
    }

    fn call(&self, function: &str, argument: &Value, place: &str) -> Result<Option<Value>, TemplateError> {
        let result = match (function, argument) {
            ("Ref", Value::String(name)) => return self.reference(name, place),
            ("Fn::Sub", Value::String(text)) => Some(self.substitute(text, &Map::new(), place)?),
            (_, Value::Array(arguments)) => match (function, arguments.as_slice()) {
                ("Fn::If", [Value::String(condition), yes, no]) => {
                    let chosen = if conditions::holds(self, condition, place)? { yes } else { no };
                    return self.resolve(chosen, place);
                }
                ("Fn::GetAtt", [Value::String(resource), Value::String(attribute)]) => {
                    Some(self.attribute(resource, attribute, place)?)
                }
                ("Fn::Sub", [Value::String(text), Value::Object(own)]) => {
                    Some(self.substitute(text, own, place)?)
                }
                ("Fn::Join", [Value::String(separator), items]) => self.join(separator, items, place)?,
                ("Fn::Select", [index, items]) => self.select(index, items, place)?,
                ("Fn::FindInMap", keys) => self.find_in_map(keys, place)?,
                _ => None,
            },
            _ => None,
        };
        result.map(Some).ok_or_else(|| unresolved(function, argument, place))
    }

    fn join(&self, separator: &str, items: &Value, place: &str) -> Result<Option<Value>, TemplateError> {
        let items = self.resolve(items, place)?;
        let texts = items
            .as_ref()
            .and_then(Value::as_array)
            .map(|items| items.iter().map(written).collect::<Vec<_>>());
        Ok(texts.map(|texts| Value::String(texts.join(separator))))
    }

    fn select(&self, index: &Value, items: &Value, place: &str) -> Result<Option<Value>, TemplateError> {
        let index = self.resolve(index, place)?.and_then(|index| written(&index).parse::<usize>().ok());
        let items = self.resolve(items, place)?;
        Ok(index.and_then(|index| items?.get(index).cloned()))
    }

    fn find_in_map(&self, keys: &[Value], place: &str) -> Result<Option<Value>, TemplateError> {
        let mut found = self.section("Mappings").cloned();
        for key in keys {
            let key = self.resolve(key, place)?.map(|key| written(&key)).unwrap_or_default();
            found = found.and_then(|level| level.get(&key).cloned());
        }
        Ok(found.filter(|_| keys.len() == 3))
    }

    fn reference(&self, name: &str, place: &str) -> Result<Option<Value>, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        let pseudo = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => REGION,
            "AWS::AccountId" => ACCOUNT,
            "AWS::Partition" => "aws",
            "AWS::StackName" => "kinflow",
            "AWS::URLSuffix" => "amazonaws.com",
            _ => return self.physical_name(name, place).map(|name| Some(Value::String(name))),
        };
        Ok(Some(Value::String(pseudo.to_owned())))
    }

    /// What `Ref` gives for a resource: its own name where the template sets one, else its logical id.
    pub(super) fn physical_name(&self, logical_id: &str, place: &str) -> Result<String, TemplateError> {
        let missing = || {
            TemplateError::invalid(
                place,
                format!("Ref names {logical_id:?}, which is no parameter and no resource"),
            )
        };
        let resource = self.resource(logical_id).ok_or_else(missing)?;
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let property = match kind {
            "AWS::S3::Bucket" => "BucketName",
            "AWS::Serverless::Function" => "FunctionName",
            "AWS::KinesisFirehose::DeliveryStream" => "DeliveryStreamName",
            _ => "Name",
        };
        let named = resource.get("Properties").and_then(|properties| properties.get(property));
        let name = match named {
            Some(name) => self.resolve(name, &format!("{logical_id}.Properties.{property}"))?,
            None => None,
        };
        Ok(match name {
            Some(name) => written(&name),
            // Bucket names have no capitals.
            None if kind == "AWS::S3::Bucket" => logical_id.to_ascii_lowercase(),
            None => logical_id.to_owned(),
        })
    }

    fn attribute(&self, logical_id: &str, attribute: &str, place: &str) -> Result<Value, TemplateError> {
        let name = self.physical_name(logical_id, place)?;
        let kind =
            self.resource(logical_id).and_then(|resource| resource.get("Type")).and_then(Value::as_str);
        if attribute != "Arn" {
            return Err(TemplateError::invalid(
                place,
                format!("GetAtt {logical_id}.{attribute} is not known here, only Arn is"),
            ));
        }
        Ok(Value::String(match kind.unwrap_or_default() {
            "AWS::S3::Bucket" => format!("arn:aws:s3:::{name}"),
            "AWS::Kinesis::Stream" => format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"),
            "AWS::Serverless::Function" => format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"),
            "AWS::KinesisFirehose::DeliveryStream" => {
                format!("arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{name}")
            }
            "AWS::SQS::Queue" => format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"),
            "AWS::SNS::Topic" => format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}"),
            "AWS::IAM::Role" => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            _ => format!("arn:aws:local:{REGION}:{ACCOUNT}:{name}"),
        }))
    }

    /// `${Name}`, `${Resource.Attribute}`, and `${!Literal}` for a literal `${Literal}`.
    fn substitute(&self, text: &str, own: &Map<String, Value>, place: &str) -> Result<Value, TemplateError> {
        let mut rest = text;
        let mut result = String::with_capacity(text.len());
        while let Some((before, from_name)) = rest.split_once("${") {
            let unclosed = || TemplateError::invalid(place, format!("Sub has an unclosed ${{ in {text:?}"));
            let (name, after) = from_name.split_once('}').ok_or_else(unclosed)?;
            result.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                result.extend(["${", literal, "}"]);
            } else {
                result.push_str(&self.substituted(name.trim(), own, place)?);
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(Value::String(result))
    }

    fn substituted(
        &self,
        name: &str,
        own: &Map<String, Value>,
        place: &str,
    ) -> Result<String, TemplateError> {
        let value = match (own.get(name), name.split_once('.')) {
            (Some(value), _) => self.resolve(value, place)?,
            (None, Some((resource, attribute))) => Some(self.attribute(resource, attribute, place)?),
            (None, None) => self.reference(name, place)?,
        };
        Ok(value.as_ref().map(written).unwrap_or_default())
    }
}

fn unresolved(function: &str, argument: &Value, place: &str) -> TemplateError {
    let known = ["Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::If", "Fn::Select", "Fn::FindInMap"];
    if known.contains(&function) {
        return TemplateError::invalid(
            place,
            format!("{function} is given {argument}, which it does not take"),
        );
    }
    let problem = "can't be resolved here; Ref, GetAtt, Sub, Join, If, Select and FindInMap can";
    TemplateError::invalid(place, format!("{function} {problem}"))
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

/// A value as text, the way `CloudFormation` writes it into a string.
pub(super) fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(node: &Value, expected: Option<&Value>) {
        let document = json!({
            "Parameters": {"Size": {"Type": "Number", "Default": 3}},
            "Mappings": {"M": {"a": {"b": "found"}}},
            "Conditions": {"Yes": {"Fn::Equals": [{"Ref": "Size"}, "3"]}},
            "Resources": {"B": {"Type": "AWS::S3::Bucket"}, "S": {"Type": "AWS::Kinesis::Stream"}},
        });
        let scope = Scope::new(&document, &BTreeMap::new()).unwrap();
        assert_eq!(scope.resolve(node, "here").unwrap().as_ref(), expected);
    }

    #[test]
    fn each_function_gives_a_plain_value() {
        check(&json!({"Ref": "Size"}), Some(&json!(3)));
        check(&json!({"Ref": "AWS::NoValue"}), None);
        check(
            &json!({"Fn::GetAtt": ["S", "Arn"]}),
            Some(&json!("arn:aws:kinesis:us-east-1:000000000000:stream/S")),
        );
        check(
            &json!({"Fn::Sub": "${B}/${Size}/${!kept}/${S.Arn}"}),
            Some(&json!("b/3/${kept}/arn:aws:kinesis:us-east-1:000000000000:stream/S")),
        );
        check(&json!({"Fn::Sub": ["${x}", {"x": {"Ref": "B"}}]}), Some(&json!("b")));
        check(&json!({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}), Some(&json!("a-3")));
        check(&json!({"Fn::If": ["Yes", "y", "n"]}), Some(&json!("y")));
        check(&json!({"Fn::Select": [1, ["a", "b"]]}), Some(&json!("b")));
        check(&json!({"Fn::FindInMap": ["M", "a", "b"]}), Some(&json!("found")));
        check(&json!({"keep": 1, "go": {"Ref": "AWS::NoValue"}}), Some(&json!({"keep": 1})));
    }

    #[test]
    fn an_unknown_function_is_named_with_its_place() {
        let document = json!({});
        let scope = Scope::new(&document, &BTreeMap::new()).unwrap();
        let error = scope.resolve(&json!({"Fn::ImportValue": "x"}), "A.B").unwrap_err().to_string();
        assert!(error.starts_with("A.B: Fn::ImportValue can't be resolved here"), "{error}");
    }

    #[test]
    fn a_value_for_no_parameter_is_refused() {
        let given = BTreeMap::from([("Nope".to_owned(), "1".to_owned())]);
        assert!(Scope::new(&json!({}), &given).is_err());
    }
}
