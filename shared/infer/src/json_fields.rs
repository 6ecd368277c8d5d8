//! The members of JSON objects as columns: nested members by their places, arrays unchanged.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::json_rows::Object;
use crate::rows::{Cell, Column, Place};

/// How deep nested objects are looked into, which is as deep as a schema's names go.
const MAX_DEPTH: usize = 19;

/// The members of an object in their order.
struct Members<'j>(Vec<(String, &'j RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// What one place of the objects holds.
#[derive(Default)]
struct Found<'j> {
    values: Vec<Cell<'j>>,
    objects: usize,
    arrays: usize,
    booleans: usize,
    others: usize,
}

/// The places of objects, in the order in which they were first seen.
#[derive(Default)]
struct Places<'j> {
    by_path: HashMap<Vec<String>, usize>,
    found: Vec<(Vec<String>, Found<'j>)>,
}

impl<'j> Places<'j> {
    fn at(&mut self, path: &[String]) -> Option<&mut Found<'j>> {
        let index = self.by_path.get(path).copied().unwrap_or_else(|| {
            self.found.push((path.to_vec(), Found::default()));
            self.by_path.insert(path.to_vec(), self.found.len() - 1);
            self.found.len() - 1
        });
        self.found.get_mut(index).map(|(_, found)| found)
    }

    fn read(&mut self, json: &'j str, line: u64, path: &mut Vec<String>) {
        let Ok(Members(members)) = serde_json::from_str(json) else { return };
        for (name, value) in members {
            path.push(name);
            let is_deep = path.len() > MAX_DEPTH;
            if let Some(found) = self.at(path) {
                found.take(value.get(), line, is_deep);
            }
            if value.get().starts_with('{') && !is_deep {
                self.read(value.get(), line, path);
            }
            path.pop();
        }
    }
}

impl<'j> Found<'j> {
    fn take(&mut self, json: &'j str, line: u64, is_deep: bool) {
        let cell = |text| Cell { line, text, is_boolean: false, is_string: false };
        match json.as_bytes().first() {
            Some(b'{') if !is_deep => self.objects += 1,
            Some(b'{' | b'[') => self.arrays += 1,
            Some(b'n') => {}
            Some(b't' | b'f') => {
                self.booleans += 1;
                self.values.push(Cell { is_boolean: true, ..cell(Cow::Borrowed(json)) });
            }
            Some(b'"') => {
                self.others += 1;
                let text: Result<String, _> = serde_json::from_str(json);
                // This is an unpaired surrogate, which the codec replaces and this reader does not.
                let text = text.map_or(Cow::Borrowed(json), Cow::Owned);
                self.values.push(Cell { is_string: true, ..cell(text) });
            }
            _ => {
                self.others += 1;
                self.values.push(cell(Cow::Borrowed(json)));
            }
        }
    }

    /// Whether a field can hold the values here, apart from objects.
    fn is_value(&self) -> bool {
        self.arrays == 0 && self.objects == 0 && (self.booleans == 0 || self.others == 0)
    }
}

/// The columns of objects: every place whose values are of one sort. The columns of one object are adjacent.
pub(crate) fn columns(objects: &[Object]) -> Vec<Column<'_>> {
    let mut places = Places::default();
    for object in objects {
        places.read(&object.json, object.line, &mut Vec::new());
    }
    let order = order(&places);
    // If a place has an object in one record and a value in another, a schema can name neither.
    let mixed: HashSet<Vec<String>> = places
        .found
        .iter()
        .filter(|(_, found)| found.arrays > 0 || (found.objects > 0 && !found.values.is_empty()))
        .map(|(path, _)| path.clone())
        .collect();
    let is_inside =
        |path: &[String]| (1..path.len()).any(|end| path.get(..end).is_some_and(|head| mixed.contains(head)));
    let mut columns: Vec<(Vec<usize>, Column<'_>)> = places
        .found
        .into_iter()
        .filter(|(path, found)| found.is_value() && !is_inside(path) && can_be_spelled(path))
        .map(|(path, found)| {
            let rank = (1..=path.len()).filter_map(|end| order.get(path.get(..end)?).copied()).collect();
            let title = Cow::Owned(path.join("."));
            (rank, Column { title, place: Place::Members(path), values: found.values })
        })
        .collect();
    columns.sort_by(|(one, _), (other, _)| one.cmp(other));
    columns.into_iter().map(|(_, column)| column).collect()
}

/// When each place was first seen.
fn order(places: &Places<'_>) -> BTreeMap<Vec<String>, usize> {
    places.found.iter().enumerate().map(|(index, (path, _))| (path.clone(), index)).collect()
}

/// Whether a schema's `paths` can name a place.
fn can_be_spelled(path: &[String]) -> bool {
    path.iter().all(|part| !part.contains("\".") && !part.ends_with('"') && !part.contains(char::is_control))
}

/// The places of objects that no field can hold, at most some of them: arrays, mixtures, and places that a
/// schema can't name.
pub(crate) fn left_out(objects: &[Object]) -> Vec<String> {
    let mut places = Places::default();
    for object in objects {
        places.read(&object.json, object.line, &mut Vec::new());
    }
    let is_out = |(path, found): &(Vec<String>, Found<'_>)| {
        let is_mixture = found.objects > 0 && !found.values.is_empty();
        found.arrays > 0 || is_mixture || (found.objects == 0 && !found.is_value()) || !can_be_spelled(path)
    };
    places.found.iter().filter(|place| is_out(place)).map(|(path, _)| path.join(".")).collect()
}
