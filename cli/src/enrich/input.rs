//! A text to be scored, from a line, a cell or a JSON object.

use std::io::BufRead;

use record_model::{object_on_one_line, write_compact_json};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use thiserror::Error;

use crate::items::{Item, Items};

/// The member with the text, where nobody names another.
const TEXT: &str = "text";

/// What the items of an input are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON objects.
    Json,
    /// Lines of text.
    Lines,
    /// Cells of a column.
    Cells,
}

/// One text, its id and the language that its author says it is in.
pub(super) struct Input {
    pub(super) id: Box<RawValue>,
    pub(super) text: String,
    pub(super) language: Option<String>,
}

/// Why an item is no text.
#[derive(Debug, Error)]
pub(crate) enum BadItem {
    #[error("line {line} is no JSON object")]
    NotAnObject { line: u64, source: serde_json::Error },
    #[error("line {line} is a JSON object without a text {field:?}")]
    NoText { line: u64, field: String },
    #[error("line {line} is no UTF-8")]
    NotUtf8 { line: u64, source: std::string::FromUtf8Error },
    #[error("line {line} has an id that can't be written")]
    Id { line: u64, source: serde_json::Error },
}

impl Form {
    /// What the first item says of all.
    pub(super) fn of<R: BufRead>(items: &Items<R>, first: &Item) -> Self {
        match items {
            Items::Column(_) => Self::Cells,
            Items::Lines { .. } if first.bytes.trim_ascii_start().starts_with(b"{") => Self::Json,
            Items::Lines { .. } => Self::Lines,
        }
    }
}

impl Input {
    pub(super) fn of(item: Item, form: Form, field: Option<&str>) -> Result<Self, BadItem> {
        let Item { line, bytes, id } = item;
        let text = String::from_utf8(bytes).map_err(|source| BadItem::NotUtf8 { line, source })?;
        let unwritable = |source| BadItem::Id { line, source };
        if form == Form::Json {
            return Self::of_object(&text, line, field.unwrap_or(TEXT));
        }
        let id = match id {
            Some(id) => to_raw_value(&String::from_utf8_lossy(&id)),
            None => to_raw_value(&line),
        };
        Ok(Self { id: id.map_err(unwritable)?, text, language: None })
    }

    fn of_object(text: &str, line: u64, field: &str) -> Result<Self, BadItem> {
        let not_an_object = |source| BadItem::NotAnObject { line, source };
        let mended = whole_characters(text);
        let text = mended.as_deref().unwrap_or(text);
        // An id is kept as it is written: a number may be longer than numbers are here.
        let members: std::collections::HashMap<String, &RawValue> =
            serde_json::from_str(text).map_err(not_an_object)?;
        let word = |name: &str| match members.get(name).map(|value| serde_json::from_str(value.get())) {
            Some(Ok(Value::String(text))) => Some(text),
            _ => None,
        };
        let found = word(field).ok_or_else(|| BadItem::NoText { line, field: field.to_owned() })?;
        let id = match members.get("id") {
            Some(id) => Ok((*id).to_owned()),
            None => to_raw_value(&line),
        };
        let language = word("language").or_else(|| word("lang"));
        Ok(Self { id: id.map_err(|source| BadItem::Id { line, source })?, text: found, language })
    }
}

/// A JSON object in which U+FFFD replaces each half of a surrogate pair, as in records; `None` where it has none.
fn whole_characters(json: &str) -> Option<String> {
    if !json.contains("\\u") || object_on_one_line(json.as_bytes()).is_err() {
        return None;
    }
    let mut mended = Vec::new();
    let has_half = write_compact_json(json, &mut mended);
    String::from_utf8(mended).ok().filter(|_| has_half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_is_mended_wherever_it_is() {
        let json = r#"{"id":7,"text":"cut \ud83d","\ude00":"\ud83d\ude00"}"#;
        let item = Item { line: 1, bytes: json.into(), id: None };
        let input = Input::of(item, Form::Json, None).ok().unwrap();
        assert_eq!((input.id.get(), input.text.as_str()), ("7", "cut \u{FFFD}"));
        let fine = r#"{"text":"a b \ud83d\ude00"}"#;
        assert_eq!(whole_characters(fine), None);
    }
}
