//! A template with the values of its parameters, against which properties are resolved.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::applications::Applications;
use super::home::Home;
use super::stop::{Read, Stop};
use super::{TemplateError, intrinsics, parameters, rules};

/// The region every resource is in.
pub const REGION: &str = "us-east-1";
/// The account every resource is in, as local endpoints name it.
pub const ACCOUNT: &str = "000000000000";

/// The transforms that are understood here.
const TRANSFORMS: [&str; 2] = ["AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"];
/// The sections of a template that have an effect here, or have none anywhere.
const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

pub(super) struct Scope {
    document: Value,
    parameters: BTreeMap<String, Value>,
    /// Where the template is.
    pub(super) home: Home,
    /// The applications that were opened.
    pub(super) applications: Applications,
    /// The resources whose names are being resolved, so that a circular reference ends.
    pub(super) naming: RefCell<Vec<String>>,
    /// Lines about sections other than the resources that have no effect here.
    pub(super) lines: Vec<String>,
}

impl Scope {
    /// Refuses a value for a parameter that the template does not have, a parameter without a value, a value
    /// that its parameter does not allow, and values that break the template's rules.
    pub(super) fn new(
        document: Value,
        given: &BTreeMap<String, String>,
        home: Home,
    ) -> Result<Self, TemplateError> {
        let declared = document.get("Parameters").and_then(Value::as_object);
        let mut lines = sections(&document);
        lines.extend(macros(&document).map(|name| format!("Transform: macro {name:?} is not run here")));
        let of_a_run = parameters::of_a_run(&document)?;
        let mut parameters = BTreeMap::new();
        for (name, parameter) in declared.into_iter().flatten() {
            let given = given.get(name).or(of_a_run.get(name));
            let (value, line) = parameters::value(name, parameter, given)?;
            parameters.insert(name.clone(), value);
            lines.extend(line);
        }
        if let Some(name) = given.keys().find(|name| !parameters.contains_key(*name)) {
            return Err(TemplateError::invalid(
                "Parameters",
                format!("the template has no parameter {name:?}"),
            ));
        }
        let mut scope = Self {
            document,
            parameters,
            home,
            applications: Applications::default(),
            naming: RefCell::default(),
            lines,
        };
        let unread = rules::hold(&scope)?;
        scope.lines.extend(unread);
        Ok(scope)
    }

    /// A top-level section of the template.
    pub(super) fn section(&self, name: &str) -> Option<&Value> {
        self.document.get(name)
    }

    /// A resource, whether its condition holds or not.
    pub(super) fn resource(&self, logical_id: &str) -> Option<&Value> {
        self.section("Resources").and_then(|resources| resources.get(logical_id))
    }

    /// The type of a resource.
    pub(super) fn kind(&self, logical_id: &str) -> &str {
        self.resource(logical_id)
            .and_then(|resource| resource.get("Type"))
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Whether macros or loops make resources that can't be seen here.
    pub(super) fn is_generated(&self) -> bool {
        let resources = self.section("Resources").and_then(Value::as_object);
        macros(&self.document).next().is_some()
            || resources.is_some_and(|resources| resources.keys().any(|id| id.starts_with("Fn::")))
    }

    /// `node` with every function in it resolved; `None` is `AWS::NoValue`.
    pub(super) fn resolve(&self, node: &Value, place: &str) -> Read<Option<Value>> {
        match node {
            Value::Object(map) => match call_of(map) {
                Some((function, argument)) => intrinsics::call(self, function, argument, place),
                None => self.each_entry(map, place).map(Some),
            },
            Value::Array(items) => {
                let items = items.iter().map(|item| self.resolve(item, place));
                Ok(Some(Value::Array(items.filter_map(Result::transpose).collect::<Read<_>>()?)))
            }
            plain => Ok(Some(plain.clone())),
        }
    }

    fn each_entry(&self, map: &Map<String, Value>, place: &str) -> Read<Value> {
        let mut resolved = Map::new();
        for (name, item) in map {
            if let Some(value) = self.resolve(item, &format!("{place}.{name}"))? {
                resolved.insert(name.clone(), value);
            }
        }
        Ok(Value::Object(resolved))
    }

    /// What `Ref` gives for a parameter, a pseudo parameter or a resource.
    pub(super) fn reference(&self, name: &str, place: &str) -> Read<Option<Value>> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        let pseudo = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::NotificationARNs" => return Ok(Some(Value::Array(Vec::new()))),
            "AWS::Region" => REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::StackName" => "kinflow".to_owned(),
            "AWS::StackId" => format!(
                "arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/kinflow/00000000-0000-0000-0000-000000000000"
            ),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            _ => return self.resource_reference(name, place).map(|name| Some(Value::String(name))),
        };
        Ok(Some(Value::String(pseudo)))
    }

    /// The error of a reference that leads nowhere. It is an error of the template, unless something that
    /// can't be seen here makes the resource.
    pub(super) fn leads_nowhere(&self, name: &str, place: &str) -> Stop {
        let problem = format!("Ref names {name:?}, which is neither a parameter nor a resource");
        if self.is_generated() { Stop::left_out(place, problem) } else { Stop::malformed(place, problem) }
    }
}

/// The function that a map stands for, and its argument.
pub(super) fn call_of(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = map.iter().next().filter(|_| map.len() == 1)?;
    let is_function = name == "Ref" || (name.starts_with("Fn::") && !name.starts_with("Fn::ForEach"));
    is_function.then_some((name.as_str(), argument))
}

/// A value as text, the way `CloudFormation` writes it into a string.
pub(super) fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn macros(document: &Value) -> impl Iterator<Item = String> {
    let names = match document.get("Transform") {
        Some(Value::Array(names)) => names.iter().map(written).collect(),
        Some(name) => vec![written(name)],
        None => Vec::new(),
    };
    names.into_iter().filter(|name| !TRANSFORMS.contains(&name.as_str()))
}

fn sections(document: &Value) -> Vec<String> {
    let names = document.as_object().into_iter().flatten().map(|(name, _)| name);
    names
        .filter(|name| !SECTIONS.contains(&name.as_str()))
        .map(|name| format!("{name}: this section is not run here"))
        .collect()
}
