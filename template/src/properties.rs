//! Typed access to the properties of one resource; an error names the resource and the property.

use std::time::Duration;

use serde_json::Value;

use super::TemplateError;
use super::intrinsics::{Scope, written};

/// One level of a resource's properties. A property is resolved when it is asked for, so what
/// is not run here (roles, policies, log groups) may use functions that are not known here.
pub(super) struct Properties<'s, 'a> {
    scope: &'s Scope<'a>,
    node: Value,
    place: String,
}

impl<'s, 'a> Properties<'s, 'a> {
    pub(super) fn new(scope: &'s Scope<'a>, node: Value, place: impl Into<String>) -> Self {
        Self { scope, node, place: place.into() }
    }

    /// The place of one property below this one.
    pub(super) fn place_of(&self, name: &str) -> String {
        format!("{}.{name}", self.place)
    }

    pub(super) fn value(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        match self.node.get(name) {
            Some(node) => self.scope.resolve(node, &self.place_of(name)),
            None => Ok(None),
        }
    }

    /// The properties below this one; empty where it is absent.
    pub(super) fn child(&self, name: &str) -> Result<Self, TemplateError> {
        let node = self.node.get(name).cloned().unwrap_or(Value::Null);
        // A function in this place stands for the whole level, so it is resolved now.
        let is_call =
            node.as_object().is_some_and(|map| map.keys().any(|key| key == "Ref" || key.starts_with("Fn::")));
        let node = if is_call { self.value(name)?.unwrap_or(Value::Null) } else { node };
        Ok(Self { scope: self.scope, node, place: self.place_of(name) })
    }

    pub(super) fn is_absent(&self) -> bool {
        self.node.is_null()
    }

    /// The levels below this one by name, such as the events of a function.
    pub(super) fn children(&self) -> Result<Vec<(String, Self)>, TemplateError> {
        let names =
            self.node.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        names.into_iter().map(|name| Ok((name.clone(), self.child(&name)?))).collect()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, TemplateError> {
        match self.value(name)? {
            None | Some(Value::Null) => Ok(None),
            Some(value @ (Value::Object(_) | Value::Array(_))) => Err(self.wrong(name, "text", &value)),
            Some(value) => Ok(Some(written(&value))),
        }
    }

    pub(super) fn required_text(&self, name: &str) -> Result<String, TemplateError> {
        self.text(name)?.ok_or_else(|| TemplateError::invalid(self.place_of(name), "is required"))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, TemplateError> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(self.wrong(name, "true or false", &Value::from(other))),
        }
    }

    /// A whole number between two limits, or `default`.
    pub(super) fn number(&self, name: &str, default: i64, limits: (i64, i64)) -> Result<i64, TemplateError> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        let number =
            text.parse::<i64>().map_err(|_| self.wrong(name, "a whole number", &Value::from(text)))?;
        if (limits.0..=limits.1).contains(&number) {
            return Ok(number);
        }
        Err(TemplateError::invalid(
            self.place_of(name),
            format!("is {number}, expected {} to {}", limits.0, limits.1),
        ))
    }

    /// As [`Properties::number`], where -1 stands for no limit.
    pub(super) fn number_or_unlimited(
        &self,
        name: &str,
        limits: (i64, i64),
    ) -> Result<Option<u64>, TemplateError> {
        match self.number(name, -1, (-1, limits.1))? {
            -1 => Ok(None),
            number if number >= limits.0 => Ok(Some(number.unsigned_abs())),
            number => Err(TemplateError::invalid(
                self.place_of(name),
                format!("is {number}, expected -1 or {} to {}", limits.0, limits.1),
            )),
        }
    }

    pub(super) fn seconds(
        &self,
        name: &str,
        default: i64,
        limits: (i64, i64),
    ) -> Result<Duration, TemplateError> {
        Ok(Duration::from_secs(self.number(name, default, limits)?.unsigned_abs()))
    }

    pub(super) fn invalid(&self, name: &str, problem: impl Into<String>) -> TemplateError {
        TemplateError::invalid(self.place_of(name), problem)
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> TemplateError {
        self.invalid(name, format!("expected {expected}, found {found}"))
    }
}
