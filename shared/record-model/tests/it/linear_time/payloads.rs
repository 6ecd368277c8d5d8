//! Rows and JSON, read for their text, typed, and written back.

use record_model::{RecordContext, Schema};

use super::filled;
use super::growth::check;

const FIELDS: &str = r#"
[[fields]]
name = "number"
type = "integer"
[[fields]]
name = "share"
type = "float"
[[fields]]
name = "at"
type = "timestamp"
formats = ["M/d/yyyy h:mm a", "iso8601", "epoch_ms"]
output_format = "iso8601"
[[fields]]
name = "text"
type = "string"
trim = true
collapse_blanks = true
unescape_html = true
pattern = "(a|b|ab)*c|^"
"#;

fn schema(head: &str) -> Schema {
    let file = format!("name = \"hostile\"\ntext = \"text\"\n{head}\n{FIELDS}");
    Schema::parse(&file).unwrap()
}

/// Does with a payload all that a schema can.
fn read(schema: &Schema, payload: &[u8]) {
    let _ = schema.open(payload).and_then(|mut opened| opened.text_of().map(drop));
    let mut document = Vec::new();
    if schema.write_typed_json(payload, &RecordContext::default(), &mut document).is_ok() {
        let _ = schema.partition_keys(&document);
        let _ = schema.write_payload(&document, &mut Vec::new());
    }
}

/// A payload that is `head`, then `piece` for all the rest but `tail`.
#[track_caller]
fn reads(schema: &Schema, head: &str, piece: &str, tail: &str) {
    let make = |bytes| filled(head.as_bytes(), piece.as_bytes(), tail.as_bytes(), bytes);
    check(&format!("{head:?} {piece:?} {tail:?}"), make, |payload| read(schema, payload));
}

/// What a reader of rows could stumble over.
const PIECES: [&str; 12] =
    ["|", "||", "\"", "\"|", "|\"", "\"a\"|", "\\", "\\|", "|\\\\", "&amp;", "a b\t ", "\r\n"];

#[test]
fn rows_of_any_delimiters_quotes_and_escapes_are_read_in_linear_time() {
    for (form, open) in [
        ("delimiter = '|'\nextra_fields = 'collect'", ""),
        ("delimiter = '|'\nquote = '\"'", "\""),
        ("delimiter = '|'\nescape = '\\'", ""),
        ("delimiter = '||'\nescape = '\\'", ""),
    ] {
        let schema = schema(&format!("form = 'delimited'\n{form}"));
        let fields =
            if form.contains("||") { "1||2||2026-01-02T03:04:05Z||" } else { "1|2|2026-01-02T03:04:05Z|" };
        for piece in PIECES {
            reads(&schema, &format!("{fields}{open}"), piece, open);
        }
    }
}

#[test]
fn fields_of_any_length_are_typed_in_linear_time() {
    let schema = schema("form = \"delimited\"\ndelimiter = '|'");
    for head in ["", "1|", "1|2|"] {
        for piece in ["0", "9", "1.", "-", "e9", " ", "2026-"] {
            reads(&schema, head, piece, "|2|2026-01-02T03:04:05Z|a");
        }
    }
    reads(&schema, "1|0.", "3", "|2026-01-02T03:04:05Z|a");
    reads(&schema, "1|1", "0", "e-9999999|2026-01-02T03:04:05Z|a");
}

#[test]
fn json_of_any_shape_is_read_in_linear_time() {
    let schema = schema("form = 'json'\nextra_fields = 'collect'");
    for (head, piece, tail) in [
        ("", "[", ""),
        ("", "{\"a\":", ""),
        ("", "{\"text\":", "}"),
        ("{\"a\":[", "[],", "0]}"),
        ("{\"a\":\"", "a", ""),
        ("{", "\"a\":1,", "\"b\":1}"),
        ("{", "\"text\":\"x\",", "\"b\":1}"),
        ("{", "\"a\":{\"b\":[1,null]},", "\"b\":1}"),
        ("{\"", "\\u0061", "\":1}"),
        ("{\"text\":\"", "a", "\"}"),
        ("{\"text\":\"", " ", "\"}"),
        ("{\"text\":\"", "&", "\"}"),
        ("{\"text\":\"", "&amp;", "\"}"),
        ("{\"text\":\"", "\\\"", "\"}"),
        ("{\"text\":\"", "\\uD83D\\uDE00", "\"}"),
        ("{\"text\":\"", "ab", "\"}"),
        ("{\"number\":", "9", "}"),
        ("{\"share\":0.", "3", "}"),
        ("{\"at\":\"", "1", "\"}"),
        ("{\"a\":", " ", "1}"),
        ("", " ", "{}"),
    ] {
        reads(&schema, head, piece, tail);
    }
}
