//! Turns Comprehend's key phrases into keywords: noun phrases without their articles, each once.

use std::collections::HashSet;

use edge::aws::comprehend::KeyPhrase;

/// The words with which a noun phrase may begin, by language.
const ARTICLES: [(&str, &[&str]); 6] = [
    ("de", &["der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "eines"]),
    ("en", &["a", "an", "the"]),
    ("es", &["el", "la", "los", "las", "un", "una", "unos", "unas"]),
    ("fr", &["le", "la", "les", "un", "une", "des"]),
    ("it", &["il", "lo", "la", "i", "gli", "le", "un", "uno", "una"]),
    ("pt", &["o", "a", "os", "as", "um", "uma", "uns", "umas"]),
];

/// The `top` phrases of which Comprehend is surest, with how sure it is. Of phrases that differ only in case
/// the surest counts, and of equally sure ones the first.
pub(super) fn best(mut phrases: Vec<KeyPhrase>, language: &str, top: usize) -> Vec<(String, f32)> {
    phrases.sort_by(|one, other| other.score.total_cmp(&one.score));
    let mut seen = HashSet::new();
    let terms = phrases.iter().map(|phrase| (without_article(&phrase.text, language), phrase.score));
    let each_once = terms.filter(|(term, _)| !term.is_empty() && seen.insert(term.to_lowercase()));
    each_once.take(top).map(|(term, score)| (term.to_owned(), score)).collect()
}

fn without_article<'a>(phrase: &'a str, language: &str) -> &'a str {
    let phrase = phrase.trim();
    let Some((first, rest)) = phrase.split_once(char::is_whitespace) else { return phrase };
    let articles = ARTICLES.iter().find(|(code, _)| *code == language).map_or(&[][..], |(_, words)| words);
    let is_article = articles.iter().any(|article| first.to_lowercase() == *article);
    if is_article { rest.trim_start() } else { phrase }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_the_surest_phrases_without_articles_each_once() {
        let phrases = [("the river", 0.9), ("A bridge", 0.95), ("River", 0.99), ("an", 0.5), ("  ", 0.98)];
        let phrases = phrases.map(|(text, score)| KeyPhrase { text: text.to_owned(), score }).to_vec();
        let terms =
            |top| best(phrases.clone(), "en", top).into_iter().map(|(term, _)| term).collect::<Vec<_>>();
        assert_eq!(terms(5), ["River", "bridge", "an"]);
        assert_eq!(terms(1), ["River"]);
    }

    #[test]
    fn articles_are_those_of_the_texts_language() {
        assert_eq!(without_article("Die Brücke", "de"), "Brücke");
        assert_eq!(without_article("Die Hard", "en"), "Die Hard");
        assert_eq!(without_article("the 川", "ja"), "the 川");
    }
}
