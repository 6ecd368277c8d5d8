//! The row form of a schema: its delimiter, and what protects a delimiter inside a value.

use toml::Spanned;

use super::compile::Refused;
use super::error::Reason;
use super::source::{Form, SchemaSource};
use crate::codec::{Guard, RowForm};

/// How rows are cut. A JSON schema may not specify it.
pub(super) fn row_form(source: &SchemaSource) -> Refused<RowForm> {
    let guards = (source.quote.as_ref(), source.escape.as_ref());
    let exclusive = |span, key, other, why| Err((span, Reason::Exclusive { key, other, why }));
    if source.form == Form::Json {
        let set = source.delimiter.as_ref().map(Spanned::span).or(guards.0.or(guards.1).map(Spanned::span));
        let (key, other) = ("form = \"json\"", "delimiter, quote, escape");
        return match set {
            Some(span) => exclusive(span, key, other, "JSON has no delimiter"),
            None => Ok(RowForm::default()),
        };
    }
    let bad = |key, span, found, expected| Err((span, Reason::Bad { key, found, expected }));
    let Some(delimiter) = &source.delimiter else {
        return bad(
            "delimiter",
            source.name.span(),
            String::new(),
            "a delimiter, since `form` is \"delimited\"",
        );
    };
    let text = delimiter.get_ref();
    if text.is_empty() || text.contains(['\n', '\r']) {
        return bad("delimiter", delimiter.span(), text.clone(), "a text without line ends");
    }
    let guard = match guards {
        (Some(_), Some(escape)) => {
            return exclusive(escape.span(), "quote", "escape", "either of them protects a delimiter");
        }
        (Some(quote), None) => (quote, Guard::Quote(*quote.get_ref()), "quote"),
        (None, Some(escape)) => (escape, Guard::Escape(*escape.get_ref()), "escape"),
        (None, None) => return Ok(RowForm { delimiter: text.clone(), guard: Guard::None }),
    };
    let (c, guard, key) = guard;
    if text.contains(*c.get_ref()) || c.get_ref().is_ascii_alphanumeric() || c.get_ref().is_whitespace() {
        return bad(
            key,
            c.span(),
            c.get_ref().to_string(),
            "a punctuation character that is not in the delimiter",
        );
    }
    if matches!(guard, Guard::Escape(_)) && text.contains(char::is_alphanumeric) {
        return bad("delimiter", delimiter.span(), text.clone(), "punctuation only, since `escape` is set");
    }
    Ok(RowForm { delimiter: text.clone(), guard })
}
