//! Applications: templates in separate files that a template includes, with parameters and outputs between
//! them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::conditions;
use super::document;
use super::resources::Reader;
use super::scope::{Scope, written};
use super::stop::{Read, Stop};
use super::{TemplateError, Topology};

/// The applications of a template that were opened; `None` for one whose parameters are still being resolved.
pub(super) type Applications = RefCell<BTreeMap<String, Option<Rc<Scope>>>>;

/// The attributes of an application besides its location and its parameters. None of them has an effect here.
const WITHOUT_EFFECT: [&str; 6] =
    ["Location", "TemplateURL", "Parameters", "NotificationARNs", "Tags", "TimeoutInMinutes"];

/// Whether a resource of this kind is another template.
pub(super) fn is_application(kind: &str) -> bool {
    matches!(kind, "AWS::Serverless::Application" | "AWS::CloudFormation::Stack")
}

impl Scope {
    /// The template behind an application of this one, with its parameters' values.
    pub(super) fn application(&self, id: &str) -> Read<Rc<Self>> {
        let place = format!("{id}.Properties");
        match self.applications.borrow().get(id) {
            Some(Some(scope)) => return Ok(Rc::clone(scope)),
            Some(None) => {
                return Err(Stop::malformed(
                    place,
                    "one of its outputs is used for one of its own parameters",
                ));
            }
            None => {}
        }
        self.applications.borrow_mut().insert(id.to_owned(), None);
        let opened = self.open(id, &place);
        let mut applications = self.applications.borrow_mut();
        applications.remove(id);
        let scope = Rc::new(opened?);
        applications.insert(id.to_owned(), Some(Rc::clone(&scope)));
        Ok(scope)
    }

    /// The file of an application as this template names it, or `None` if its location is not a file.
    pub(super) fn location(&self, id: &str) -> Read<Option<String>> {
        let node = self.resource(id).and_then(|resource| resource.get("Properties"));
        let location = ["Location", "TemplateURL"].iter().find_map(|name| node?.get(name));
        let place = format!("{id}.Properties");
        let location = location.map(|node| self.resolve(node, &place)).transpose()?.flatten();
        Ok(location.filter(is_file).and_then(|location| location.as_str().map(ToOwned::to_owned)))
    }

    fn open(&self, id: &str, place: &str) -> Read<Self> {
        let node = self.resource(id).and_then(|resource| resource.get("Properties"));
        let Some(location) = self.location(id)? else {
            return Err(Stop::left_out(id, "an application whose Location is not a file is not run here"));
        };
        let (home, path) = self.home.inside(id, &location)?;
        let document = document::open(&path)?;
        let given = self.given(node.and_then(|node| node.get("Parameters")), place)?;
        Self::new(document, &given, home).map_err(|error| Stop::from(error).inside(id))
    }

    /// The values that the application gets for its parameters; a list is joined by commas.
    fn given(&self, node: Option<&Value>, place: &str) -> Read<BTreeMap<String, String>> {
        let mut given = BTreeMap::new();
        for (name, node) in node.and_then(Value::as_object).into_iter().flatten() {
            let value = self.resolve(node, &format!("{place}.Parameters.{name}"))?;
            if let Some(value) = value {
                let text = match &value {
                    Value::Array(items) => items.iter().map(written).collect::<Vec<_>>().join(","),
                    plain => written(plain),
                };
                given.insert(name.clone(), text);
            }
        }
        Ok(given)
    }

    /// The value of an output of this template, which is the application `id` of another.
    pub(super) fn output(&self, id: &str, name: &str, place: &str) -> Read<String> {
        let output = self.section("Outputs").and_then(|outputs| outputs.get(name));
        let own = format!("Outputs.{name}");
        let value = match output.and_then(|output| Some((output.get("Value")?, output.get("Condition")))) {
            Some((_, Some(Value::String(condition)))) if !conditions::holds(self, condition, &own)? => None,
            Some((value, _)) => self.resolve(value, &own).map_err(|stop| stop.inside(id))?,
            None => None,
        };
        let missing = || Stop::malformed(place, format!("application {id:?} has no output {name:?}"));
        value.as_ref().map(written).ok_or_else(missing)
    }
}

fn is_file(location: &Value) -> bool {
    location.as_str().is_some_and(|location| !location.is_empty() && !location.contains("://"))
}

impl Reader<'_> {
    /// Reads everything in an application, as if it were in this template under longer names.
    pub(super) fn application(&mut self, id: &str, node: &Value) -> Result<(), TemplateError> {
        let opened = self.read(id, node, |properties| {
            properties.without_effect(&WITHOUT_EFFECT);
            properties.scope().application(id)
        })?;
        let Some(scope) = opened else { return Ok(()) };
        let mut inner = Reader::of(&scope);
        inner.folders = std::mem::take(&mut self.folders);
        inner.resources().map_err(|error| error.inside(id))?;
        self.folders = inner.folders;
        self.invocations.extend(inner.invocations);
        self.topology.take_in(inner.topology, id);
        Ok(())
    }
}

impl Topology {
    /// Adds the content of the application `id`.
    fn take_in(&mut self, application: Self, id: &str) {
        let Self {
            buckets,
            streams,
            functions,
            mappings,
            deliveries,
            schedules,
            left_out,
            unrun_takers,
            layers,
        } = application;
        self.layers.extend(layers);
        self.buckets.extend(buckets);
        self.streams.extend(streams);
        self.functions.extend(functions);
        self.mappings.extend(mappings);
        self.deliveries.extend(deliveries);
        self.schedules.extend(schedules);
        self.left_out.extend(left_out.into_iter().map(|line| format!("{id}/{line}")));
        self.unrun_takers.extend(unrun_takers.into_iter().map(|mut taker| {
            taker.reason = format!("{id}/{}", taker.reason);
            taker
        }));
    }
}
