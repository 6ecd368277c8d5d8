//! Notes that are taken while a resource is read: its properties, which of them were read, and what has no
//! effect here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::scope::Scope;

/// The notes on one part of a template. Every level that is opened offers its properties. Those that were not
/// read are reported at the end, so that none is ignored silently.
#[derive(Default)]
pub(super) struct Notes {
    offered: RefCell<BTreeMap<String, Value>>,
    asked: RefCell<BTreeSet<String>>,
    lines: RefCell<Vec<String>>,
    takes: RefCell<Option<String>>,
}

impl Notes {
    /// Notes that there is a property at this place.
    pub(super) fn offer(&self, place: String, node: &Value) {
        self.offered.borrow_mut().insert(place, node.clone());
    }

    /// Notes that the property at this place is read, or is known to have no effect here.
    pub(super) fn ask(&self, place: String) {
        self.asked.borrow_mut().insert(place);
    }

    /// Reports something that is read but not honoured.
    pub(super) fn tell(&self, place: &str, reason: &str) {
        self.push(format!("{place}: {reason}"));
    }

    /// Adds a line that names its place.
    pub(super) fn push(&self, line: String) {
        self.lines.borrow_mut().push(line);
    }

    /// Notes that what is being read takes the records of this stream.
    pub(super) fn take(&self, stream: &str) {
        *self.takes.borrow_mut() = Some(stream.to_owned());
    }

    /// The stream whose records are taken.
    pub(super) fn taken(&self) -> Option<String> {
        self.takes.borrow().clone()
    }

    /// A line for each property without effect. One that is `AWS::NoValue` is not there.
    pub(super) fn lines(self, scope: &Scope) -> Vec<String> {
        let mut lines = self.lines.into_inner();
        let asked = self.asked.into_inner();
        for (place, node) in self.offered.into_inner() {
            if !asked.contains(&place) && !matches!(scope.resolve(&node, &place), Ok(None)) {
                lines.push(format!("{place}: is not known here and has no effect"));
            }
        }
        lines
    }
}
