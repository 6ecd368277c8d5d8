//! The resources of a template, of any kind, with every function resolved.

use std::collections::BTreeMap;

use serde_json::Value;

use super::TemplateError;
use super::applications::is_application;
use super::conditions;
use super::globals;
use super::scope::Scope;
use super::stop::{Read, Stop};

/// The contents of a template and its applications.
#[derive(Debug, Clone, Default)]
pub struct Examined {
    /// Each resource by its place, such as `Orders/Role`, with each function resolved.
    pub resources: BTreeMap<String, Value>,
    /// The physical name of each resource, by its place.
    pub names: BTreeMap<String, String>,
    /// The file of each application, relative to the folder of the first template, by the application's place.
    pub files: BTreeMap<String, String>,
    /// What could not be resolved here, with one line for each.
    pub unread: Vec<String>,
}

pub(super) fn resources(scope: &Scope) -> Result<BTreeMap<String, Value>, TemplateError> {
    let mut found = Examined::default();
    add(scope, &mut found, false).map_err(error)?;
    Ok(found.resources)
}

pub(super) fn examine(scope: &Scope) -> Result<Examined, TemplateError> {
    let mut found = Examined { unread: scope.lines.clone(), ..Examined::default() };
    add(scope, &mut found, true).map_err(error)?;
    Ok(found)
}

fn add(scope: &Scope, found: &mut Examined, is_lenient: bool) -> Read<()> {
    let resources = scope.section("Resources").and_then(Value::as_object);
    for (id, resource) in resources.into_iter().flatten() {
        match add_resource(scope, (id, resource), found, is_lenient) {
            Err(Stop::LeftOut { place, reason }) if is_lenient => {
                found.unread.push(format!("{place}: {reason}, so it is not checked"));
            }
            added => added?,
        }
    }
    Ok(())
}

fn add_resource(
    scope: &Scope,
    (id, resource): (&str, &Value),
    found: &mut Examined,
    is_lenient: bool,
) -> Read<()> {
    if let Some(condition) = resource.get("Condition").and_then(Value::as_str)
        && !conditions::holds(scope, condition, id)?
    {
        return Ok(());
    }
    let place = scope.home.place(id);
    if is_application(scope.kind(id)) {
        let inner = scope.application(id)?;
        if let Some(file) = scope.location(id)? {
            found.files.insert(place, scope.home.folder(&file));
        }
        return add(&inner, found, is_lenient).map_err(|stop| stop.inside(id));
    }
    let mut resource = resource.clone();
    if is_lenient && scope.kind(id) == "AWS::Serverless::Function" {
        let own = resource.get("Properties").cloned().unwrap_or_default();
        let all = globals::over(scope, &resource, &own);
        if let Some(resource) = resource.as_object_mut() {
            resource.insert("Properties".to_owned(), all);
        }
    }
    if let Some(resolved) = scope.resolve(&resource, id)? {
        found.names.insert(place.clone(), scope.physical_name(id, id)?);
        found.resources.insert(place, resolved);
    }
    Ok(())
}

/// A value that only AWS knows can't be used in a rule.
fn error(stop: Stop) -> TemplateError {
    match stop {
        Stop::Malformed(error) => error,
        Stop::LeftOut { place, reason } => TemplateError::invalid(place, reason),
        Stop::Disabled => TemplateError::invalid("Resources", "are disabled"),
    }
}
