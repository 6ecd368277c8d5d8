//! Writes bulk requests and reads their answers.
//!
//! <https://docs.opensearch.org/2.19/api-reference/document-apis/bulk/>

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::document::Document;

/// The longest reason that is kept with a document, in characters.
const MAX_REASON_CHARS: usize = 10_000;

/// The outcome of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in the index.
    Indexed,
    /// It is not in the index. Another attempt may succeed if the server is busy or broken.
    Failed { status: u16, kind: String, reason: String },
}

impl Outcome {
    /// Whether another attempt may succeed, because the server is busy or broken. The status 0 means that it gave none.
    pub(super) fn may_change(status: u16) -> bool {
        matches!(status, 0 | 429 | 500..)
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    items: Vec<BTreeMap<String, Item>>,
}

#[derive(Deserialize)]
struct Item {
    status: u16,
    error: Option<Box<RawValue>>,
}

/// Writes the lines that index these documents, each in the index that `index_of` names.
pub(super) fn lines<'d>(
    documents: impl Iterator<Item = &'d Document>,
    gives_ids: bool,
    index_of: impl Fn(&Document) -> String,
) -> Bytes {
    let mut lines = Vec::new();
    for document in documents {
        let index = index_of(document);
        let action = if gives_ids {
            json!({"index": {"_index": index, "_id": document.id}})
        } else {
            json!({"index": {"_index": index}})
        };
        lines.extend_from_slice(action.to_string().as_bytes());
        lines.push(b'\n');
        lines.extend_from_slice(&document.data);
        lines.push(b'\n');
    }
    lines.into()
}

/// Reads the outcomes of this many documents. Returns `None` if the answer does not have one for each.
pub(super) fn outcomes(answer: &[u8], documents: usize) -> Option<Vec<Outcome>> {
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let items = answer.items.into_iter().map(|item| item.into_values().next());
    let outcomes: Option<Vec<Outcome>> = items.map(|item| item.as_ref().map(outcome)).collect();
    outcomes.filter(|outcomes| outcomes.len() == documents)
}

fn outcome(item: &Item) -> Outcome {
    if (200..300).contains(&item.status) {
        return Outcome::Indexed;
    }
    let error = item.error.as_ref().map_or("", |error| error.get());
    let kind = serde_json::from_str::<Value>(error).ok();
    let kind = kind.as_ref().and_then(|error| error.get("type")?.as_str()).unwrap_or_default();
    let reason = error.chars().take(MAX_REASON_CHARS).collect();
    Outcome::Failed { status: item.status, kind: word(kind), reason }
}

/// The name that the server gives an error, if it is a word such as `mapper_parsing_exception`. Any other text could
/// quote the document.
fn word(kind: &str) -> String {
    let is_word = (1..=64).contains(&kind.len())
        && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
    if is_word { kind.to_owned() } else { "an error without a name".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::firehose::made_up;

    #[test]
    fn each_document_has_an_action_before_it_that_names_its_index() {
        let document = Document::new(&made_up::record(0, b"r"), Bytes::from_static(b"{\"a\":1}"));
        let documents = [document.clone(), document.clone()];
        let with = lines(documents.iter(), true, |_| "a\"b".to_owned());
        let action = format!(r#"{{"index":{{"_id":"{}","_index":"a\"b"}}}}"#, document.id);
        assert_eq!(std::str::from_utf8(&with).unwrap(), format!("{action}\n{{\"a\":1}}\n").repeat(2));
        let without = lines(documents.iter(), false, |_| "i".to_owned());
        assert!(without.starts_with(b"{\"index\":{\"_index\":\"i\"}}\n"));
    }

    #[test]
    fn an_answer_says_of_each_document_what_became_of_it() {
        let answer = br#"{"errors":true,"items":[{"index":{"status":201}},{"index":{"status":400,
            "error":{"type":"mapper_parsing_exception","reason":"no"}}},{"index":{"status":429}}]}"#;
        let outcomes = outcomes(answer, 3).unwrap();
        assert_eq!(outcomes[0], Outcome::Indexed);
        let Outcome::Failed { status, kind, reason } = &outcomes[1] else { panic!("{outcomes:?}") };
        assert_eq!((*status, kind.as_str()), (400, "mapper_parsing_exception"));
        assert_eq!(reason, r#"{"type":"mapper_parsing_exception","reason":"no"}"#);
        assert!(!Outcome::may_change(*status) && Outcome::may_change(429) && Outcome::may_change(503));
    }

    #[test]
    fn an_answer_that_does_not_speak_of_every_document_says_nothing() {
        for answer in ["", "{}", "[]", r#"{"items":[{}]}"#, r#"{"items":[{"index":{"status":201}}]}"#] {
            assert_eq!(outcomes(answer.as_bytes(), 2), None, "{answer}");
        }
    }

    #[test]
    fn a_name_of_an_error_that_is_no_word_is_not_told() {
        assert_eq!(word("mapper_parsing_exception"), "mapper_parsing_exception");
        assert_eq!(word("it quotes the \u{1b}[31m record"), "an error without a name");
    }
}
