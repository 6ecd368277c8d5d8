//! JSON payloads: the members a schema asks for, found in one pass.

use std::cell::Cell;
use std::cmp::Ordering;

use super::json_scan::{NotJson, Scanner};
use super::json_text::read_string;
use super::path::Path;
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
    /// Of bare paths: found whichever of the dots are steps.
    bare: Option<usize>,
    /// Of paths with quotes: found where each part is a member.
    exact: Option<usize>,
    children: Vec<(String, Node)>,
    /// Whether a child has children, so that a dot in a member's name may be a step.
    has_steps: bool,
}

/// What one object has at those places: JSON as it stands in the payload.
#[derive(Debug)]
pub(crate) struct Members<'j> {
    places: Vec<Option<Found<'j>>>,
    /// Members at no place, by dotted name, where they are asked for.
    pub(crate) extras: Option<Vec<(String, &'j str)>>,
    /// Whether a text named half a surrogate pair, which was read as U+FFFD.
    pub(crate) is_mended: Cell<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Found<'j> {
    json: &'j str,
    /// How many members were passed on the way: the fewer, the more of the path was spelled as one name.
    steps: usize,
}

/// The way to an object, from the payload's own.
#[derive(Clone, Copy)]
struct Way<'w> {
    /// Dotted, where extras are collected.
    path: &'w str,
    steps: usize,
    /// Whether a dot in a member's name was taken for a step.
    is_dotted: bool,
}

impl Node {
    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|(known, _)| known == name).map(|(_, child)| child)
    }

    /// What a name with dots leads to, each of them taken for a step.
    fn dotted(&self, name: &str) -> Option<&Self> {
        if !self.has_steps || memchr::memchr(b'.', name.as_bytes()).is_none() {
            return None;
        }
        name.split('.').try_fold(self, |node, part| node.child(part))
    }
}

impl PathTree {
    /// A tree of each field's paths.
    pub(crate) fn new<'p>(fields: impl Iterator<Item = &'p [String]>) -> Self {
        let mut tree = Self::default();
        for paths in fields {
            let places =
                paths.iter().filter_map(|path| Path::parse(path)).map(|path| tree.add(&path)).collect();
            tree.fields.push(places);
        }
        tree
    }

    fn add(&mut self, path: &Path<'_>) -> usize {
        let mut node = &mut self.root;
        for (index, part) in path.parts.iter().enumerate() {
            node.has_steps |= index < path.depth();
            let at = node.children.iter().position(|(name, _)| name == part).unwrap_or_else(|| {
                node.children.push(((*part).to_owned(), Node::default()));
                node.children.len() - 1
            });
            let Some((_, child)) = node.children.get_mut(at) else { return self.places };
            node = child;
        }
        let place = if path.is_exact { &mut node.exact } else { &mut node.bare };
        *place.get_or_insert_with(|| {
            self.places += 1;
            self.places - 1
        })
    }

    /// Reads one JSON object, a byte order mark before it passed over.
    pub(crate) fn read<'j>(&self, json: &'j str, with_extras: bool) -> Result<Members<'j>, NotJson> {
        let mut members = Members {
            places: vec![None; self.places],
            extras: with_extras.then(Vec::new),
            is_mended: Cell::new(false),
        };
        let mut scanner = Scanner::behind_mark(json);
        scanner.expect(b'{')?;
        read_object(&self.root, Way { path: "", steps: 0, is_dotted: false }, &mut scanner, &mut members)?;
        match scanner.peek() {
            None => Ok(members),
            Some(next) => Err(NotJson { is_another: next == b'{', ..scanner.not_json() }),
        }
    }

    /// What the object has for a field: the first of its places with a value other than null.
    pub(crate) fn input<'j>(&self, field: usize, members: &Members<'j>) -> Input<'j> {
        let places = self.fields.get(field).map(Vec::as_slice).unwrap_or_default();
        let mut found = Input::Missing;
        for Found { json, .. } in
            places.iter().filter_map(|&place| members.places.get(place).copied().flatten())
        {
            found = input(json, members);
            if found != Input::Null {
                break;
            }
        }
        found
    }
}

impl<'j> Members<'j> {
    fn put(&mut self, node: &Node, found: Found<'j>, is_dotted: bool) {
        let places = [node.bare, node.exact.filter(|_| !is_dotted)];
        for place in places.into_iter().flatten() {
            if let Some(place) = self.places.get_mut(place)
                && place.is_none_or(|earlier| found.wins_over(&earlier))
            {
                *place = Some(found);
            }
        }
    }
}

impl Found<'_> {
    /// Of two of one spelling the last counts, as JSON has it; of two spellings the one with a value, and the one that
    /// spells more of the path as one name.
    fn wins_over(&self, earlier: &Self) -> bool {
        match self.steps.cmp(&earlier.steps) {
            Ordering::Equal => true,
            Ordering::Less => self.json != "null" || earlier.json == "null",
            Ordering::Greater => earlier.json == "null",
        }
    }
}

fn input<'j>(json: &'j str, members: &Members<'_>) -> Input<'j> {
    match json.as_bytes().first() {
        Some(b'"') => {
            let (text, is_mended) = read_string(json);
            if is_mended {
                members.is_mended.set(true);
            }
            Input::Text(text)
        }
        Some(b'{') => Input::Compound("an object"),
        Some(b'[') => Input::Compound("an array"),
        Some(b'n') => Input::Null,
        Some(b't') => Input::Boolean(true),
        Some(b'f') => Input::Boolean(false),
        _ => Input::Number(json),
    }
}

/// Reads an object whose `{` is passed. Only as deep as the schema's names go: the rest is skipped.
fn read_object<'j>(
    node: &Node,
    way: Way<'_>,
    scanner: &mut Scanner<'j>,
    members: &mut Members<'j>,
) -> Result<(), NotJson> {
    let mut has_more = !scanner.take(b'}');
    let steps = way.steps + 1;
    while has_more {
        let (name, _) = read_string(scanner.name()?);
        let child = node.child(&name);
        let json = scanner.text_of(|scanner| match child {
            Some(child) if !child.children.is_empty() && scanner.take(b'{') => {
                let path = if members.extras.is_some() { joined(way.path, &name) } else { String::new() };
                read_object(child, Way { path: &path, steps, ..way }, scanner, members)
            }
            _ => scanner.skip_value(),
        })?;
        let found = Found { json, steps };
        if let Some(child) = child {
            members.put(child, found, way.is_dotted);
        }
        let dotted = node.dotted(&name);
        if let Some(dotted) = dotted {
            read_dotted(dotted, Way { path: &name, steps, is_dotted: true }, found, members)?;
        }
        if let (None, None, Some(extras)) = (child, dotted, &mut members.extras) {
            extras.push((joined(way.path, &name), json));
        }
        has_more = scanner.goes_on(b'}')?;
    }
    Ok(())
}

/// The value of a member whose name has dots in it: looked into once more, now that it is known to be JSON.
#[cold]
fn read_dotted<'j>(
    node: &Node,
    way: Way<'_>,
    found: Found<'j>,
    members: &mut Members<'j>,
) -> Result<(), NotJson> {
    members.put(node, found, true);
    let mut scanner = Scanner::new(found.json);
    if !node.children.is_empty() && scanner.take(b'{') {
        read_object(node, way, &mut scanner, members)?;
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
        let text = |json| tree.input(0, &tree.read(json, false).unwrap());
        assert_eq!(text(r#"{"text":"cut","retweet":{"text":"whole"}}"#), Input::Text("whole".into()));
        assert_eq!(text(r#"{"text":"own","retweet":{"text":null}}"#), Input::Text("own".into()));
        for other in ["[1,{}]", "null", "true", "-1", "1.5", "\"x\""] {
            let json = format!(r#"{{"text":"own","retweet":{other}}}"#);
            assert_eq!(tree.input(0, &tree.read(&json, false).unwrap()), Input::Text("own".into()));
        }
        assert_eq!(text("{}"), Input::Missing);
    }

    #[test]
    fn a_dot_is_a_step_or_a_part_of_a_name() {
        let tree = tree(&[&["a.b.c"], &["\"a.b\".c"], &["\"a\".\"b\".\"c\""], &["a.b"]]);
        let texts = |json: &str| {
            let members = tree.read(json, false).unwrap();
            [0, 1, 2].map(|field| match tree.input(field, &members) {
                Input::Text(text) => text.into_owned(),
                other => other.type_name().to_owned(),
            })
        };
        assert_eq!(texts(r#"{"a.b.c":"x"}"#), ["x", "nothing", "nothing"]);
        assert_eq!(texts(r#"{"a.b":{"c":"x"}}"#), ["x", "x", "nothing"]);
        assert_eq!(texts(r#"{"a":{"b.c":"x"}}"#), ["x", "nothing", "nothing"]);
        assert_eq!(texts(r#"{"a":{"b":{"c":"x"}}}"#), ["x", "nothing", "x"]);
        // The most literal first, whatever the order, and null is no value.
        assert_eq!(
            texts(r#"{"a":{"b":{"c":"deep"}},"a.b":{"c":"mid"},"a.b.c":"flat"}"#),
            ["flat", "mid", "deep"]
        );
        assert_eq!(texts(r#"{"a.b.c":"flat","a":{"b":{"c":"deep"}}}"#), ["flat", "nothing", "deep"]);
        assert_eq!(texts(r#"{"a.b.c":null,"a":{"b":{"c":"deep"}}}"#), ["deep", "nothing", "deep"]);
        assert_eq!(texts(r#"{"a":{"b":{"c":"deep"}},"a.b.c":null}"#), ["deep", "nothing", "deep"]);
        assert_eq!(texts(r#"{"a.b.c":"first","a.b.c":"last"}"#), ["last", "nothing", "nothing"]);
    }

    #[test]
    fn a_member_found_by_its_dots_is_no_extra() {
        let tree = tree(&[&["a.b.c"]]);
        let members = tree.read(r#"{"a.b":{"c":1,"d":2},"a.x":3,"a":{"y.z":4,"b.c":5}}"#, true).unwrap();
        let names: Vec<_> = members.extras.unwrap().into_iter().collect();
        let extra = |name: &str, json| (name.to_owned(), json);
        assert_eq!(names, [extra("a.b.d", "2"), extra("a.x", "3"), extra("a.y.z", "4")]);
    }

    #[test]
    fn numbers_keep_their_digits() {
        let tree = tree(&[&["id"]]);
        let members = tree.read("{\"id\": 9007199254740993 }", false).unwrap();
        assert_eq!(tree.input(0, &members), Input::Number("9007199254740993"));
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
