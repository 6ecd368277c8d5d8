//! JSON payloads: the members that a schema asks for, found in one pass.

use std::cell::Cell;
use std::cmp::Ordering;

use super::json_scan::{NotJson, Scanner};
use super::json_text::read_string;
use super::paths::{Node, PathTree};
use super::value::Input;

/// What one object holds at those places, as JSON that is unchanged from the payload.
#[derive(Debug)]
pub(crate) struct Members<'j> {
    places: Vec<Option<Found<'j>>>,
    /// Members that no place names, by dotted name, if they are collected.
    pub(crate) extras: Option<Extras<'j>>,
    /// Whether a text named an unpaired surrogate, which was read as U+FFFD.
    pub(crate) is_mended: Cell<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Found<'j> {
    json: &'j str,
    /// How many members were passed on the way. Fewer means that more of the path was spelled as one name.
    steps: usize,
}

/// Members that the schema does not name. Each of them takes up to ten times the memory that it has in a
/// payload, so they are counted.
#[derive(Debug)]
pub(crate) struct Extras<'j> {
    /// The members by dotted name, with the value as it stands in the payload.
    pub(crate) found: Vec<(String, &'j str)>,
    most: usize,
    /// Whether there are more than may be collected.
    pub(crate) is_over: bool,
}

/// The way to an object, from the payload's outermost object.
#[derive(Clone, Copy)]
struct Way<'w> {
    /// The dotted path, kept where extras are collected.
    path: &'w str,
    steps: usize,
    /// Whether a dot in a member's name was taken for a step into an object.
    is_dotted: bool,
}

impl<'j> Extras<'j> {
    fn new(most: usize) -> Self {
        Self { found: Vec::new(), most, is_over: false }
    }

    fn push(&mut self, name: impl FnOnce() -> String, json: &'j str) {
        if self.found.len() < self.most {
            self.found.push((name(), json));
        } else {
            self.is_over = true;
        }
    }
}

impl PathTree {
    /// Reads one JSON object and ignores a byte order mark before it.
    ///
    /// At most `most_extras` members that no place names are collected; if it is `None`, they are ignored.
    pub(crate) fn read<'j>(&self, json: &'j str, most_extras: Option<usize>) -> Result<Members<'j>, NotJson> {
        let mut members = Members {
            places: vec![None; self.places],
            extras: most_extras.map(Extras::new),
            is_mended: Cell::new(false),
        };
        let mut scanner = Scanner::behind_mark(json);
        scanner.expect(b'{')?;
        read_object(&self.root, Way { path: "", steps: 0, is_dotted: false }, &mut scanner, &mut members)?;
        match scanner.peek() {
            None => Ok(members),
            Some(_) => Err(NotJson { is_another: scanner.begins_object(), ..scanner.not_json() }),
        }
    }
}

impl<'j> Members<'j> {
    /// The value found at a place, as it stands in the payload.
    #[inline]
    pub(super) fn json_at(&self, place: usize) -> Option<&'j str> {
        self.places.get(place).copied().flatten().map(|found| found.json)
    }

    /// The value that a piece of valid JSON stands for.
    #[inline]
    pub(super) fn input(&self, json: &'j str) -> Input<'j> {
        match json.as_bytes().first() {
            Some(b'"') => {
                let (text, is_mended) = read_string(json);
                if is_mended {
                    self.is_mended.set(true);
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

    /// Whether the schema asks for anything inside the member. If the member was met before, what was found
    /// inside it then is forgotten: of two members with one name the last counts, as is usual in JSON.
    #[inline]
    fn meets(&mut self, node: &Node, steps: usize) -> bool {
        let Some(met) = node.met.and_then(|met| self.places.get_mut(met)) else { return false };
        if met.replace(Found { json: "", steps }).is_some() {
            self.forget(node, steps);
        }
        true
    }

    #[cold]
    fn forget(&mut self, node: &Node, steps: usize) {
        for (_, child) in &node.children {
            for place in [child.bare, child.exact].into_iter().flatten() {
                if let Some(place) = self.places.get_mut(place)
                    && place.is_some_and(|found| found.steps > steps)
                {
                    *place = None;
                }
            }
            self.forget(child, steps);
        }
    }

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
    /// Of two members with one spelling the last counts, as is usual in JSON. Of two spellings the one with a
    /// value counts, and then the one that spells more of the path as one name.
    fn wins_over(&self, earlier: &Self) -> bool {
        match self.steps.cmp(&earlier.steps) {
            Ordering::Equal => true,
            Ordering::Less => self.json != "null" || earlier.json == "null",
            Ordering::Greater => earlier.json == "null",
        }
    }
}

/// Reads an object whose `{` was passed. It goes only as deep as the schema's names do, and skips the rest.
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
            Some(child) if members.meets(child, steps) && scanner.take(b'{') => {
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
            extras.push(|| joined(way.path, &name), json);
        }
        has_more = scanner.goes_on(b'}')?;
    }
    Ok(())
}

/// Reads a member whose name has dots in it. Its value is scanned a second time, now that it is known to be
/// JSON.
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
