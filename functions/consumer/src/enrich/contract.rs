//! The rules that every [`Enricher`] must keep, as tests that a crate can run on an enricher of its own.

use serde_json::{Map, Value};
use text::{Language, language};
use tokio::time::Instant;

use super::{Enricher, Text, TextMembers};

/// Texts that are difficult for readers.
const ODD_TEXTS: [&str; 12] = [
    "",
    " \t\n",
    "\0",
    "\"quoted\" \\ {\"sentiment\":1}",
    "😀",
    "\u{301}",
    "\u{202e}turned\u{9b}31m",
    "Das ist überhaupt nicht gut, finde ich.",
    "川の流れはとても美しい。",
    "I love this new coffee machine, it is great!",
    "I love this new coffee machine, it is great!",
    "I hate waiting for the bus in the rain.",
];

/// Checks the rules of the contract on `texts` and on some odd ones:
///
/// - what is written has the members of the documented line, each once, and the label is one of the three;
/// - the same text always gives the same bytes, in the same scratch and in a new one, on this thread and on
///   another;
/// - a text that was prepared without a failure is ready, and any other text is at worst not ready;
/// - every text is accepted, up to [`Enricher::WINDOW_BYTES`], in any language;
/// - preparing returns if its time is up before it begins;
/// - the models have names in ASCII that the metadata of an object can hold.
///
/// # Panics
/// If a rule does not hold; the message says which.
pub async fn holds_for<E: Enricher>(enricher: &E, texts: &[&str]) {
    let longest = "good bad ".repeat(E::WINDOW_BYTES / 9);
    let all: Vec<&str> = ODD_TEXTS.iter().chain(texts).copied().chain([longest.as_str()]).collect();
    names_its_models(enricher);
    drop(enricher.prepare(prepared_texts(&all), Instant::now()).await);
    let an_hour = Instant::now() + std::time::Duration::from_hours(1);
    let prepared = enricher.prepare(prepared_texts(&all), an_hour).await;
    let is_ready = prepared.failure.is_none();
    let mut warm = enricher.scratch();
    for text in all {
        for named in [None, Some("en"), Some("de"), Some("xx")] {
            // Only what the text itself shows was prepared.
            let must_be_ready = !E::PREPARES || (is_ready && named.is_none());
            says_the_same_each_time(enricher, &mut warm, (text, &language(text, named)), must_be_ready);
        }
    }
}

fn prepared_texts(texts: &[&str]) -> Vec<Text> {
    let text =
        |text: &&str| Text { language: language(text, None).code().to_owned(), text: (*text).to_owned() };
    texts.iter().map(text).collect()
}

fn names_its_models<E: Enricher>(enricher: &E) {
    let models = enricher.models();
    assert!(!models.is_empty() && models.len() <= 256, "models are named in 1 to 256 characters: {models:?}");
    assert!(
        models.bytes().all(|byte| byte.is_ascii_graphic()),
        "models are ASCII without blanks: {models:?}"
    );
}

fn says_the_same_each_time<E: Enricher>(
    enricher: &E,
    warm: &mut E::Scratch,
    text: (&str, &Language<'_>),
    must_be_ready: bool,
) {
    let first = written(enricher, warm, text);
    assert!(first.is_some() || !must_be_ready, "a text that was prepared is not ready: {text:?}");
    assert_eq!(first, written(enricher, warm, text), "the same scratch gives another result: {text:?}");
    assert_eq!(
        first,
        written(enricher, &mut enricher.scratch(), text),
        "a new scratch gives another result: {text:?}"
    );
    let elsewhere = std::thread::scope(|scope| {
        scope.spawn(|| written(enricher, &mut enricher.scratch(), text)).join().ok()
    });
    assert_eq!(Some(&first), elsewhere.as_ref(), "another thread gives another result: {text:?}");
    if let Some(members) = first {
        has_the_documented_form(&members);
    }
}

/// The members, or that the text is not ready.
fn written<E: Enricher>(
    enricher: &E,
    scratch: &mut E::Scratch,
    text: (&str, &Language<'_>),
) -> Option<String> {
    let mut out = Vec::new();
    let answer = enricher.enrich(scratch, text.0, text.1, TextMembers::new(&mut out));
    answer.is_ok().then(|| String::from_utf8_lossy(&out).into_owned())
}

fn has_the_documented_form(members: &str) {
    let object: Map<String, Value> = serde_json::from_str(&format!("{{{members}}}")).unwrap_or_default();
    let known = ["sentiment", "keywords", "enrichment_error"];
    assert!(object.contains_key("sentiment"), "the member sentiment is missing: {members}");
    assert!(
        object.keys().all(|name| known.contains(&name.as_str())),
        "there is an undocumented member: {members}"
    );
    let label = object.get("sentiment").and_then(|sentiment| sentiment.get("label")).and_then(Value::as_str);
    let is_null = object.get("sentiment").is_some_and(Value::is_null);
    assert!(
        is_null || label.is_some_and(|label| ["positive", "neutral", "negative"].contains(&label)),
        "the label is not one of the three: {members}"
    );
    let keywords = object.get("keywords").and_then(Value::as_array);
    let is_keyword = |entry: &Value| {
        entry.get("term").is_some_and(Value::is_string) && entry.get("score").is_some_and(Value::is_number)
    };
    assert!(keywords.is_some_and(|keywords| keywords.iter().all(is_keyword)), "keywords: {members}");
}
