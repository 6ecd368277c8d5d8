//! Finds where in its file a part of a template is written.

use std::path::Path;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};

use super::TemplateError;
use super::document;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// The text of a template with the places of its parts.
pub struct Positions(String);

impl Positions {
    /// Reads the file of a template.
    pub fn open(path: &Path) -> Result<Self, TemplateError> {
        document::text(path).map(Self)
    }

    /// The text as it is in the file.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Finds the key at the end of a path of names and item numbers. If a part is missing or made by a function, it is
    /// the key of the nearest part around it. If the text can't be read in this way, it is the first line.
    pub fn of(&self, path: &[&str]) -> Position {
        let mut found = Position { line: 1, column: 1 };
        let Ok(documents) = MarkedYaml::load_from_str(&self.0) else { return found };
        let Some(mut node) = documents.first() else { return found };
        for name in path {
            while let YamlData::Tagged(_, inner) = &node.data {
                node = inner;
            }
            let Some((key, value)) = below(node, name) else { break };
            found = Position { line: key.span.start.line(), column: key.span.start.col() + 1 };
            node = value;
        }
        found
    }
}

/// Returns the key, or the item itself, under a name or a number, and its value.
fn below<'n, 'i>(node: &'n MarkedYaml<'i>, name: &str) -> Option<(&'n MarkedYaml<'i>, &'n MarkedYaml<'i>)> {
    match &node.data {
        YamlData::Mapping(entries) => entries.iter().find(|(key, _)| match &key.data {
            YamlData::Value(Scalar::String(text)) | YamlData::Representation(text, ..) => {
                text.as_ref() == name
            }
            _ => false,
        }),
        YamlData::Sequence(items) => items.get(name.parse::<usize>().ok()?).map(|item| (item, item)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Resources:\n  # a word\n  Stream:\n    Type: T\n    Properties: { Shards: 1, Tags: [a, b] }\n  Two:\n    Properties: !If [A, { B: 1 }, c]\n";

    #[track_caller]
    fn check(path: &[&str], line: usize, column: usize) {
        assert_eq!(Positions(TEXT.to_owned()).of(path), Position { line, column });
    }

    #[test]
    fn a_part_is_where_its_key_is_or_what_is_around_it() {
        check(&[], 1, 1);
        check(&["Resources", "Stream"], 3, 3);
        check(&["Resources", "Stream", "Type"], 4, 5);
        check(&["Resources", "Stream", "Properties", "Shards"], 5, 19);
        check(&["Resources", "Stream", "Properties", "Tags", "1"], 5, 40);
        check(&["Resources", "Stream", "Properties", "Nothing", "More"], 5, 5);
        check(&["Resources", "Two", "Properties", "B"], 7, 5);
        assert_eq!(Positions("a: [".to_owned()).of(&["a"]), Position { line: 1, column: 1 });
    }
}
