//! Typed access to the properties of one resource; an error names the resource and the property.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::notes::Notes;
use super::scope::{Scope, call_of, written};
use super::stop::{Read, Stop};

/// The time zone if none is named.
pub(super) const UTC: &str = "UTC";

/// One level of a resource's properties. A property is resolved when it is read, so what is not run here
/// (roles, policies, log groups) may use functions that have no value here.
pub(super) struct Properties<'s> {
    scope: &'s Scope,
    notes: &'s Notes,
    node: Value,
    place: String,
}

impl<'s> Properties<'s> {
    /// Opens a level, which offers each of its properties.
    pub(super) fn new(scope: &'s Scope, notes: &'s Notes, node: Value, place: String) -> Read<Self> {
        match &node {
            Value::Null => {}
            Value::Object(properties) => {
                for (name, node) in properties {
                    notes.offer(format!("{place}.{name}"), node);
                }
            }
            other => return Err(Stop::malformed(place, format!("expected names and values, found {other}"))),
        }
        Ok(Self { scope, notes, node, place })
    }

    pub(super) fn scope(&self) -> &'s Scope {
        self.scope
    }

    pub(super) fn notes(&self) -> &'s Notes {
        self.notes
    }

    fn place_of(&self, name: &str) -> String {
        format!("{}.{name}", self.place)
    }

    /// Whether there is anything on this level.
    pub(super) fn is_absent(&self) -> bool {
        self.node.as_object().is_none_or(serde_json::Map::is_empty)
    }

    /// The properties of this level by name.
    pub(super) fn names(&self) -> Vec<String> {
        self.node.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    /// Marks properties that are known to have no effect on this machine, whatever their values.
    pub(super) fn without_effect(&self, names: &[&str]) {
        for name in names {
            self.notes.ask(self.place_of(name));
        }
    }

    /// Ignores a level that is left out as a whole.
    pub(super) fn pass_over(&self) {
        for name in self.names() {
            self.notes.ask(self.place_of(&name));
        }
    }

    /// The unresolved value, as it is written.
    pub(super) fn node(&self, name: &str) -> Option<&Value> {
        self.notes.ask(self.place_of(name));
        self.node.get(name)
    }

    /// The value of a property.
    pub(super) fn value(&self, name: &str) -> Read<Option<Value>> {
        match self.node(name) {
            Some(node) => {
                Ok(self.scope.resolve(node, &self.place_of(name))?.filter(|value| !value.is_null()))
            }
            None => Ok(None),
        }
    }

    /// The value of an optional property. If it has no value on this machine, it is reported and left out.
    fn optional(&self, name: &str) -> Read<Option<Value>> {
        match self.value(name) {
            Err(Stop::LeftOut { place, reason }) => {
                self.notes.tell(&place, &format!("{reason}, so it has no effect"));
                Ok(None)
            }
            value => value,
        }
    }

    /// The level below this one; empty if it is absent.
    pub(super) fn child(&self, name: &str) -> Read<Self> {
        let node = self.node(name).cloned().unwrap_or(Value::Null);
        // A function at this place stands for the whole level, so it is resolved now.
        let is_call = node.as_object().is_some_and(|map| call_of(map).is_some());
        let node = if is_call { self.value(name)?.unwrap_or(Value::Null) } else { node };
        Self::new(self.scope, self.notes, node, self.place_of(name))
    }

    /// The levels of a list.
    pub(super) fn items(&self, name: &str) -> Read<Vec<Self>> {
        let items = match self.value(name)? {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.wrong(name, "a list", &other)),
        };
        let items = items.into_iter().enumerate();
        items
            .map(|(index, node)| {
                Self::new(self.scope, self.notes, node, format!("{}[{index}]", self.place_of(name)))
            })
            .collect()
    }

    pub(super) fn text(&self, name: &str) -> Read<Option<String>> {
        self.optional(name)?.map(|value| self.scalar(name, &value)).transpose()
    }

    /// A text that its resource needs in order to run.
    pub(super) fn required_text(&self, name: &str) -> Read<String> {
        let value = self.value(name)?.ok_or_else(|| self.malformed(name, "is required"))?;
        self.scalar(name, &value)
    }

    fn scalar(&self, name: &str, value: &Value) -> Read<String> {
        if value.is_object() || value.is_array() {
            return Err(self.wrong(name, "text", value));
        }
        let text = written(value);
        if text.contains("{{resolve:") {
            self.notes.tell(&self.place_of(name), "a dynamic reference is used as it is written");
        }
        Ok(text)
    }

    pub(super) fn flag(&self, name: &str) -> Read<Option<bool>> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true" | "True") => Ok(Some(true)),
            Some("false" | "False") => Ok(Some(false)),
            Some(other) => Err(self.wrong(name, "true or false", &Value::from(other))),
        }
    }

    /// A whole number between two limits, or `default`.
    pub(super) fn number(&self, name: &str, default: i64, limits: (i64, i64)) -> Read<i64> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        let number =
            text.parse::<i64>().map_err(|_| self.wrong(name, "a whole number", &Value::from(text)))?;
        if (limits.0..=limits.1).contains(&number) {
            return Ok(number);
        }
        Err(self.malformed(name, &format!("is {number}, expected {} to {}", limits.0, limits.1)))
    }

    /// Like [`Properties::number`], where -1 means no limit.
    pub(super) fn number_or_unlimited(&self, name: &str, limits: (i64, i64)) -> Read<Option<u64>> {
        match self.number(name, -1, (-1, limits.1))? {
            -1 => Ok(None),
            number if number >= limits.0 => Ok(Some(number.unsigned_abs())),
            number => {
                let problem = format!("is {number}, expected -1 or {} to {}", limits.0, limits.1);
                Err(self.malformed(name, &problem))
            }
        }
    }

    pub(super) fn seconds(&self, name: &str, default: i64, limits: (i64, i64)) -> Read<Duration> {
        Ok(Duration::from_secs(self.number(name, default, limits)?.unsigned_abs()))
    }

    /// The name of a time zone, or UTC's.
    pub(super) fn time_zone(&self, name: &str) -> Read<String> {
        let zone = self.text(name)?.unwrap_or_else(|| UTC.to_owned());
        let problem = format!("is {zone:?}, expected a time zone such as Asia/Tokyo");
        TimeZone::get(&zone).map_err(|_| self.malformed(name, &problem))?;
        Ok(zone)
    }

    pub(super) fn malformed(&self, name: &str, problem: &str) -> Stop {
        Stop::malformed(self.place_of(name), problem)
    }

    pub(super) fn left_out(&self, name: &str, reason: &str) -> Stop {
        Stop::left_out(self.place_of(name), reason)
    }

    /// Reports a property that is read but has no effect here.
    pub(super) fn tell(&self, name: &str, reason: &str) {
        self.notes.ask(self.place_of(name));
        self.notes.tell(&self.place_of(name), reason);
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> Stop {
        self.malformed(name, &format!("expected {expected}, found {found}"))
    }
}
