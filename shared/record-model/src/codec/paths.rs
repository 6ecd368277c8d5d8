//! The places in JSON that a schema asks for, as a tree of member names.

use super::members::Members;
use super::path::Path;
use super::value::Input;

/// The places of all fields in a JSON object, as a tree of member names.
#[derive(Debug, Default)]
pub(crate) struct PathTree {
    pub(super) root: Node,
    pub(super) places: usize,
    /// For each field the places where it may be, the preferred one first.
    fields: Vec<Vec<usize>>,
}

/// A member, and what is asked for inside it.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The place of bare paths, which is found whichever of the dots are steps.
    pub(super) bare: Option<usize>,
    /// The place of quoted paths, which is found if each part is a member.
    pub(super) exact: Option<usize>,
    pub(super) children: Vec<(String, Node)>,
    /// For a node with children: the place that notes that its object was met.
    pub(super) met: Option<usize>,
    /// Whether a child has children, so that a dot in a member's name may be a step.
    has_steps: bool,
}

impl Node {
    #[inline]
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|(known, _)| known == name).map(|(_, child)| child)
    }

    /// The node that a dotted name leads to if each dot is a step.
    #[inline]
    pub(super) fn dotted(&self, name: &str) -> Option<&Self> {
        if !self.has_steps || memchr::memchr(b'.', name.as_bytes()).is_none() {
            return None;
        }
        name.split('.').try_fold(self, |node, part| node.child(part))
    }
}

impl PathTree {
    /// Builds the tree from each field's paths.
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
            if node.met.is_none() {
                node.met = Some(self.places);
                self.places += 1;
            }
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

    /// What the object holds for a field: the first of its places that has a value other than null.
    pub(crate) fn input<'j>(&self, field: usize, members: &Members<'j>) -> Input<'j> {
        let places = self.fields.get(field).map(Vec::as_slice).unwrap_or_default();
        let mut found = Input::Missing;
        for json in places.iter().filter_map(|&place| members.json_at(place)) {
            found = members.input(json);
            if found != Input::Null {
                break;
            }
        }
        found
    }
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
        let text = |json| tree.input(0, &tree.read(json, None).unwrap());
        assert_eq!(text(r#"{"text":"cut","retweet":{"text":"whole"}}"#), Input::Text("whole".into()));
        assert_eq!(text(r#"{"text":"own","retweet":{"text":null}}"#), Input::Text("own".into()));
        for other in ["[1,{}]", "null", "true", "-1", "1.5", "\"x\""] {
            let json = format!(r#"{{"text":"own","retweet":{other}}}"#);
            assert_eq!(tree.input(0, &tree.read(&json, None).unwrap()), Input::Text("own".into()));
        }
        assert_eq!(text("{}"), Input::Missing);
    }

    #[test]
    fn a_dot_is_a_step_or_a_part_of_a_name() {
        let tree = tree(&[&["a.b.c"], &["\"a.b\".c"], &["\"a\".\"b\".\"c\""], &["a.b"]]);
        let texts = |json: &str| {
            let members = tree.read(json, None).unwrap();
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
        let members = tree.read(r#"{"a.b":{"c":1,"d":2},"a.x":3,"a":{"y.z":4,"b.c":5}}"#, Some(9)).unwrap();
        let names = members.extras.unwrap().found;
        let extra = |name: &str, json| (name.to_owned(), json);
        assert_eq!(names, [extra("a.b.d", "2"), extra("a.x", "3"), extra("a.y.z", "4")]);
    }

    #[test]
    fn numbers_keep_their_digits() {
        let tree = tree(&[&["id"]]);
        let members = tree.read("{\"id\": 9007199254740993 }", None).unwrap();
        assert_eq!(tree.input(0, &members), Input::Number("9007199254740993"));
    }

    #[test]
    fn members_at_no_place_are_collected_by_dotted_name() {
        let tree = tree(&[&["user.name"]]);
        let members = tree.read(r#"{"a":1,"user":{"name":"x","b":[2]}}"#, Some(9)).unwrap();
        assert_eq!(members.extras.unwrap().found, [("a".to_owned(), "1"), ("user.b".to_owned(), "[2]")]);
    }

    #[test]
    fn only_one_whole_object_is_a_payload() {
        for json in ["", "[]", "1", "{} {}", "{\"a\":1", "{\"a\":nan}"] {
            assert!(tree(&[&["a"]]).read(json, None).is_err(), "{json}");
        }
    }
}
