//! JSON payloads: the members a schema asks for, found in one pass.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::error::Problem;
use super::json_text::read_string;
use super::value::Input;

/// The places of all fields in a JSON object, as a tree of member names.
#[derive(Debug, Default)]
pub(crate) struct PathTree {
    root: Node,
    places: usize,
    /// For each field the places it may be at, best first.
    fields: Vec<Vec<usize>>,
}

#[derive(Debug, Default)]
struct Node {
    place: Option<usize>,
    children: Vec<(String, Node)>,
}

/// What one object has at those places: JSON as it stands in the payload.
#[derive(Debug)]
pub(crate) struct Members<'j> {
    places: Vec<Option<&'j str>>,
    /// Members at no place, by dotted name, where they are asked for.
    pub(crate) extras: Option<Vec<(String, &'j str)>>,
}

impl PathTree {
    /// A tree of each field's paths.
    pub(crate) fn new<'p>(fields: impl Iterator<Item = &'p [String]>) -> Self {
        let mut tree = Self::default();
        for paths in fields {
            let places = paths.iter().map(|path| tree.add(path)).collect();
            tree.fields.push(places);
        }
        tree
    }

    fn add(&mut self, path: &str) -> usize {
        let mut node = &mut self.root;
        for part in path.split('.') {
            let at = node.children.iter().position(|(name, _)| name == part).unwrap_or_else(|| {
                node.children.push((part.to_owned(), Node::default()));
                node.children.len() - 1
            });
            let Some((_, child)) = node.children.get_mut(at) else { return self.places };
            node = child;
        }
        *node.place.get_or_insert_with(|| {
            self.places += 1;
            self.places - 1
        })
    }

    /// Reads one JSON object.
    pub(crate) fn read<'j>(
        &self,
        json: &'j str,
        with_extras: bool,
    ) -> Result<Members<'j>, serde_json::Error> {
        let mut members = Members { places: vec![None; self.places], extras: with_extras.then(Vec::new) };
        read_object(&self.root, "", json, &mut members)?;
        Ok(members)
    }

    /// What the object has for a field: the first of its places with a value other than null.
    pub(crate) fn input<'j>(&self, field: usize, members: &Members<'j>) -> Result<Input<'j>, Problem> {
        let places = self.fields.get(field).map(Vec::as_slice).unwrap_or_default();
        let mut found = Input::Missing;
        for json in places.iter().filter_map(|&place| members.places.get(place).copied().flatten()) {
            found = input(json)?;
            if found != Input::Null {
                break;
            }
        }
        Ok(found)
    }
}

fn input(json: &str) -> Result<Input<'_>, Problem> {
    Ok(match json.as_bytes().first() {
        Some(b'"') => Input::Text(read_string(json).ok_or(Problem::NotUtf8)?),
        Some(b'{') => Input::Compound("an object"),
        Some(b'[') => Input::Compound("an array"),
        Some(b'n') => Input::Null,
        Some(b't') => Input::Boolean(true),
        Some(b'f') => Input::Boolean(false),
        _ => Input::Number(json),
    })
}

fn read_object<'j>(
    node: &Node,
    path: &str,
    json: &'j str,
    members: &mut Members<'j>,
) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(json);
    ObjectSeed { node, path, members }.deserialize(&mut reader)?;
    reader.end()
}

struct ObjectSeed<'s, 'j> {
    node: &'s Node,
    path: &'s str,
    members: &'s mut Members<'j>,
}

#[derive(Deserialize)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

impl<'j> DeserializeSeed<'j> for ObjectSeed<'_, 'j> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'j> Visitor<'j> for ObjectSeed<'_, 'j> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'j>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(Name(name)) = map.next_key()? {
            let child = self.node.children.iter().find(|(known, _)| *known == name).map(|(_, child)| child);
            let Some(child) = child else {
                match &mut self.members.extras {
                    Some(extras) => {
                        extras.push((joined(self.path, &name), map.next_value::<&RawValue>()?.get()));
                    }
                    None => drop(map.next_value::<IgnoredAny>()?),
                }
                continue;
            };
            if child.place.is_none() {
                let path =
                    if self.members.extras.is_some() { joined(self.path, &name) } else { String::new() };
                map.next_value_seed(ObjectOrOther(ObjectSeed {
                    node: child,
                    path: &path,
                    members: self.members,
                }))?;
                continue;
            }
            let value = map.next_value::<&'j RawValue>()?.get();
            if let Some(place) = child.place.and_then(|place| self.members.places.get_mut(place)) {
                *place = Some(value);
            }
            if !child.children.is_empty() && value.starts_with('{') {
                // The value was checked when it was captured; its path is as deep as the schema's names.
                read_object(child, &joined(self.path, &name), value, self.members)
                    .map_err(serde::de::Error::custom)?;
            }
        }
        Ok(())
    }
}

/// An object that only its members are asked of, read where it stands; of another value nothing is wanted.
struct ObjectOrOther<'s, 'j>(ObjectSeed<'s, 'j>);

impl<'j> DeserializeSeed<'j> for ObjectOrOther<'_, 'j> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'j> Visitor<'j> for ObjectOrOther<'_, 'j> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_map<M: MapAccess<'j>>(self, map: M) -> Result<(), M::Error> {
        self.0.visit_map(map)
    }

    fn visit_seq<S: SeqAccess<'j>>(self, mut seq: S) -> Result<(), S::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[&[&str]]) -> PathTree {
        let fields: Vec<Vec<String>> =
            paths.iter().map(|paths| paths.iter().map(ToString::to_string).collect()).collect();
        PathTree::new(fields.iter().map(Vec::as_slice))
    }

    #[test]
    fn the_first_place_with_a_value_wins() {
        let tree = tree(&[&["retweet.text", "text"], &["id"]]);
        let text = |json| tree.input(0, &tree.read(json, false).unwrap()).unwrap();
        assert_eq!(text(r#"{"text":"cut","retweet":{"text":"whole"}}"#), Input::Text("whole".into()));
        assert_eq!(text(r#"{"text":"own","retweet":{"text":null}}"#), Input::Text("own".into()));
        for other in ["[1,{}]", "null", "true", "-1", "1.5", "\"x\""] {
            let json = format!(r#"{{"text":"own","retweet":{other}}}"#);
            assert_eq!(tree.input(0, &tree.read(&json, false).unwrap()), Ok(Input::Text("own".into())));
        }
        assert_eq!(text("{}"), Input::Missing);
    }

    #[test]
    fn numbers_keep_their_digits() {
        let tree = tree(&[&["id"]]);
        let members = tree.read("{\"id\": 9007199254740993 }", false).unwrap();
        assert_eq!(tree.input(0, &members), Ok(Input::Number("9007199254740993")));
    }

    #[test]
    fn members_at_no_place_are_collected_by_dotted_name() {
        let tree = tree(&[&["user.name"]]);
        let members = tree.read(r#"{"a":1,"user":{"name":"x","b":[2]}}"#, true).unwrap();
        assert_eq!(members.extras.unwrap(), [("a".to_owned(), "1"), ("user.b".to_owned(), "[2]")]);
    }

    #[test]
    fn only_one_whole_object_is_a_payload() {
        for json in ["", "[]", "1", "{} {}", "{\"a\":1", "{\"a\":nan}"] {
            assert!(tree(&[&["a"]]).read(json, false).is_err(), "{json}");
        }
    }
}
