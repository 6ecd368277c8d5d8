//! Groups texts into the calls that Comprehend accepts and bills, with one language a call.

use std::collections::HashMap;

use edge::aws::comprehend::MAX_TEXTS;

use crate::enrich::Text;

/// Comprehend bills each document by units of this many characters.
const UNIT_CHARS: usize = 100;
/// The least number of units it bills for a document: <https://aws.amazon.com/comprehend/pricing/>.
const MIN_UNITS: usize = 3;

/// At most [`MAX_TEXTS`] texts of one language.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    pub(super) language: String,
    pub(super) texts: Vec<String>,
}

/// Makes few calls. Those with the batch's first texts come first.
pub(super) fn in_calls(texts: Vec<Text>) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut latest: HashMap<String, usize> = HashMap::new();
    for Text { language, text } in texts {
        let call = latest.get(&language).and_then(|&index| calls.get_mut(index));
        if let Some(call) = call.filter(|call| call.texts.len() < MAX_TEXTS) {
            call.texts.push(text);
        } else {
            latest.insert(language.clone(), calls.len());
            calls.push(Call { language, texts: vec![text] });
        }
    }
    calls
}

/// How many units one call with these texts is billed.
pub(super) fn billed_units(texts: &[String]) -> usize {
    texts.iter().map(|text| text.chars().count().div_ceil(UNIT_CHARS).max(MIN_UNITS)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_of_one_language_and_begins_before_those_after_it() {
        let text = |index: usize| {
            let language = if index % 3 == 1 { "de" } else { "en" };
            Text { language: language.to_owned(), text: index.to_string() }
        };
        let calls = in_calls((0..90).map(text).collect());
        let firsts: Vec<_> = calls
            .iter()
            .map(|call| (call.language.as_str(), call.texts[0].as_str(), call.texts.len()))
            .collect();
        assert_eq!(
            firsts,
            [("en", "0", 25), ("de", "1", 25), ("en", "38", 25), ("en", "75", 10), ("de", "76", 5)]
        );
    }

    #[test]
    fn a_text_costs_a_unit_for_each_hundred_characters_begun_and_never_less_than_three() {
        let texts = |text: &str| [text.to_owned()];
        assert_eq!(billed_units(&texts("short")), 3);
        assert_eq!(billed_units(&texts(&"ä".repeat(300))), 3);
        assert_eq!(billed_units(&texts(&"ä".repeat(301))), 4);
    }
}
