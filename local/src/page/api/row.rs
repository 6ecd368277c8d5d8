//! A record as the page gets it: JSON, with the document that its schema makes of it, or with what is wrong with it.

use edge::read_stream::{Opened, Refused, Row};
use serde_json::{Value, json};

/// A payload as text or as hexadecimal digits, shortened if it is long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) text: Option<String>,
    pub(super) hex: Option<String>,
    pub(super) cut: bool,
}

impl Shown {
    /// Takes the first `most` bytes, as text if they are UTF-8 and as hexadecimal digits otherwise.
    pub(super) fn of(bytes: &[u8], most: usize) -> Self {
        let cut = bytes.len() > most;
        let Ok(text) = std::str::from_utf8(bytes) else {
            let first = bytes.get(..most.min(bytes.len())).unwrap_or_default();
            return Self { text: None, hex: Some(hex(first)), cut };
        };
        let text = text.get(..text.floor_char_boundary(most)).unwrap_or_default();
        Self { text: Some(text.to_owned()), hex: None, cut }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Describes an opened record, with at most `most` bytes of its payload and of its document.
pub(super) fn of(opened: &Opened<'_>, most: usize) -> Value {
    match opened {
        Opened::Row(row) => members(row, most, &Value::Null, false),
        Opened::Dropped(row) => members(row, most, &Value::Null, true),
        Opened::Piece(row) => {
            let error = json!({
                "kind": "piece",
                "field": null,
                "message": "a piece of a message, which is together where its last piece is",
            });
            members(row, most, &error, false)
        }
        Opened::Refused(refused) => members(&refused.row, most, &error(refused), false),
    }
}

/// The row of an opened record.
pub(super) fn row<'a, 'o>(opened: &'o Opened<'a>) -> &'o Row<'a> {
    match opened {
        Opened::Row(row) | Opened::Dropped(row) | Opened::Piece(row) => row,
        Opened::Refused(refused) => &refused.row,
    }
}

fn error(refused: &Refused<'_>) -> Value {
    json!({ "kind": refused.kind, "field": refused.field, "message": refused.message })
}

fn members(row: &Row<'_>, most: usize, error: &Value, is_dropped: bool) -> Value {
    let payload = Shown::of(row.payload, most);
    let typed = row.typed.as_deref().map(|typed| Shown::of(typed, most));
    json!({
        "shard": row.shard,
        "number": row.number,
        "sub": row.sub,
        "key": row.key,
        "arrived_ms": row.arrived_at_ms,
        "bytes": row.payload.len(),
        "formats": row.formats,
        "cut": payload.cut || typed.as_ref().is_some_and(|typed| typed.cut),
        "typed": typed.and_then(|typed| typed.text),
        "text": payload.text,
        "hex": payload.hex,
        "error": error,
        "dropped": is_dropped,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_and_other_bytes_are_digits() {
        let shown = Shown::of("aé".as_bytes(), 2);
        assert_eq!((shown.text.as_deref(), shown.cut), (Some("a"), true));
        let shown = Shown::of(b"\xff\x0a", 10);
        assert_eq!((shown.text, shown.hex.as_deref(), shown.cut), (None, Some("ff0a"), false));
        assert_eq!(Shown::of(b"\xff\x0a", 1).hex.as_deref(), Some("ff"));
    }
}
