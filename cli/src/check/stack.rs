//! A template as the rules see it: its resources by kind, and which function reads which stream.

use serde_json::{Map, Value};
use template::Examined;

const SERVERLESS: &str = "AWS::Serverless::Function";
const LAMBDA: &str = "AWS::Lambda::Function";

/// A template with its applications, resolved.
pub(super) struct Stack(pub(super) Examined);

/// One resource.
#[derive(Clone, Copy)]
pub(super) struct Resource<'s> {
    pub(super) place: &'s str,
    pub(super) node: &'s Value,
}

/// An event source mapping of a Kinesis stream: an event of a function, or a resource of its own.
pub(super) struct Mapping<'s> {
    pub(super) place: &'s str,
    /// The path from the resource to the mapping's properties.
    pub(super) path: Vec<String>,
    pub(super) properties: &'s Value,
    pub(super) stream: String,
    pub(super) function: Option<Resource<'s>>,
}

impl Stack {
    pub(super) fn of_kind<'s>(&'s self, kinds: &'s [&'s str]) -> impl Iterator<Item = Resource<'s>> {
        let all = self.0.resources.iter().map(|(place, node)| Resource { place, node });
        all.filter(move |resource| kinds.contains(&resource.kind()))
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = Resource<'_>> {
        self.of_kind(&[SERVERLESS, LAMBDA])
    }

    /// The name by which AWS knows the resource.
    pub(super) fn name(&self, place: &str) -> &str {
        self.0.names.get(place).map_or("", String::as_str)
    }

    /// Finds the resource of these kinds whose name is the last part of an ARN, or the text itself.
    pub(super) fn named<'s>(&'s self, kinds: &'s [&'s str], arn: &str) -> Option<Resource<'s>> {
        let name = arn.rsplit([':', '/']).next().unwrap_or(arn);
        self.of_kind(kinds).find(|resource| self.name(resource.place) == name)
    }

    /// Finds the role with this ARN, if the template creates it.
    pub(super) fn role(&self, arn: &str) -> Option<Resource<'_>> {
        self.named(&["AWS::IAM::Role"], arn)
    }

    /// All event source mappings of Kinesis streams.
    pub(super) fn mappings(&self) -> Vec<Mapping<'_>> {
        let own = self.of_kind(&["AWS::Lambda::EventSourceMapping"]).filter_map(|resource| {
            let properties = resource.properties();
            let function = text(properties, "FunctionName").unwrap_or_default();
            let function = self.named(&[SERVERLESS, LAMBDA], function);
            let path = vec!["Properties".to_owned()];
            let stream = stream(properties, "EventSourceArn")?;
            Some(Mapping { place: resource.place, path, properties, stream, function })
        });
        own.chain(self.functions().flat_map(events)).collect()
    }

    /// Finds the stream with this ARN, if the template creates it.
    pub(super) fn stream(&self, arn: &str) -> Option<Resource<'_>> {
        self.named(&["AWS::Kinesis::Stream"], arn)
    }
}

fn events(function: Resource<'_>) -> Vec<Mapping<'_>> {
    let events = function.properties().get("Events").and_then(Value::as_object);
    let kinesis = events.into_iter().flatten().filter(|(_, event)| text(event, "Type") == Some("Kinesis"));
    kinesis
        .filter_map(|(name, event)| {
            let properties = event.get("Properties")?;
            let path = ["Properties", "Events", name, "Properties"].map(ToOwned::to_owned).to_vec();
            let (place, stream) = (function.place, stream(properties, "Stream")?);
            Some(Mapping { place, path, properties, stream, function: Some(function) })
        })
        .collect()
}

fn stream(properties: &Value, name: &str) -> Option<String> {
    text(properties, name).filter(|arn| arn.contains(":kinesis:")).map(ToOwned::to_owned)
}

impl<'s> Resource<'s> {
    pub(super) fn kind(&self) -> &'s str {
        text(self.node, "Type").unwrap_or_default()
    }

    pub(super) fn properties(&self) -> &'s Value {
        self.node.get("Properties").unwrap_or(&Value::Null)
    }

    /// Whether this policy of the resource keeps it when the stack no longer has it.
    pub(super) fn is_kept_on(&self, policy: &str) -> bool {
        matches!(text(self.node, policy), Some("Retain" | "RetainExceptOnCreate" | "Snapshot"))
    }
}

/// The text under a name.
pub(super) fn text<'v>(node: &'v Value, name: &str) -> Option<&'v str> {
    node.get(name).and_then(Value::as_str)
}

/// The number under a name. It may be written as text, as parameters are.
pub(super) fn number(node: &Value, name: &str) -> Option<f64> {
    match node.get(name)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Whether the value under a name is true.
pub(super) fn is_set(node: &Value, name: &str) -> bool {
    match node.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// The texts of a list, or a single text that stands instead of a list.
pub(super) fn texts(node: Option<&Value>) -> Vec<&str> {
    match node {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The members of a map.
pub(super) fn members(node: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    node.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}
