//! The resources of a template with every function resolved, of any kind.

use std::collections::BTreeMap;

use serde_json::Value;

use super::TemplateError;
use super::applications::is_application;
use super::conditions;
use super::scope::Scope;
use super::stop::Stop;

pub(super) fn resources(scope: &Scope) -> Result<BTreeMap<String, Value>, TemplateError> {
    let mut found = BTreeMap::new();
    add(scope, &mut found).map_err(error)?;
    Ok(found)
}

fn add(scope: &Scope, found: &mut BTreeMap<String, Value>) -> Result<(), Stop> {
    let resources = scope.section("Resources").and_then(Value::as_object);
    for (id, resource) in resources.into_iter().flatten() {
        if let Some(condition) = resource.get("Condition").and_then(Value::as_str)
            && !conditions::holds(scope, condition, id)?
        {
            continue;
        }
        if is_application(scope.kind(id)) {
            add(&*scope.application(id)?, found).map_err(|stop| stop.inside(id))?;
        } else if let Some(resolved) = scope.resolve(resource, id)? {
            found.insert(scope.home.place(id), resolved);
        }
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
