//! JSON payloads: the members a schema asks for, found in one pass.

use super::error::Problem;
use super::json_scan::{NotJson, Scanner};
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

impl Node {
    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|(known, _)| known == name).map(|(_, child)| child)
    }
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
    pub(crate) fn read<'j>(&self, json: &'j str, with_extras: bool) -> Result<Members<'j>, NotJson> {
        let mut members = Members { places: vec![None; self.places], extras: with_extras.then(Vec::new) };
        let mut scanner = Scanner::new(json);
        scanner.expect(b'{')?;
        read_object(&self.root, "", &mut scanner, &mut members)?;
        if scanner.peek().is_none() { Ok(members) } else { Err(scanner.not_json()) }
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

/// Reads an object whose `{` is passed. Only as deep as the schema's names go: the rest is skipped.
fn read_object<'j>(
    node: &Node,
    path: &str,
    scanner: &mut Scanner<'j>,
    members: &mut Members<'j>,
) -> Result<(), NotJson> {
    let mut has_more = !scanner.take(b'}');
    while has_more {
        let name = read_string(scanner.name()?).ok_or_else(|| scanner.not_json())?;
        let child = node.child(&name);
        let json = scanner.text_of(|scanner| match child {
            Some(child) if !child.children.is_empty() && scanner.take(b'{') => {
                let path = if members.extras.is_some() { joined(path, &name) } else { String::new() };
                read_object(child, &path, scanner, members)
            }
            _ => scanner.skip_value(),
        })?;
        match (child, &mut members.extras) {
            (Some(child), _) => {
                if let Some(place) = child.place.and_then(|place| members.places.get_mut(place)) {
                    *place = Some(json);
                }
            }
            (None, Some(extras)) => extras.push((joined(path, &name), json)),
            (None, None) => {}
        }
        has_more = scanner.goes_on(b'}')?;
    }
    Ok(())
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
