//! What the keys of a text are.
#![allow(missing_docs)]

use text::{Analyzer, KeywordOptions, KeywordStyle};

fn keys(text: &str, style: KeywordStyle) -> Vec<String> {
    let mut analyzer = Analyzer::new();
    analyzer.keywords(text, &KeywordOptions { style, top: 10 }).map(|key| key.term.to_owned()).collect()
}

#[track_caller]
fn check(text: &str, style: KeywordStyle, expected: &[&str]) {
    assert_eq!(keys(text, style), expected, "{text:?}");
}

#[test]
fn a_phrase_is_a_run_between_stop_words_verbs_and_punctuation() {
    let found = keys(
        "The support vector machine classifies handwritten digits, and linear kernels.",
        KeywordStyle::Phrases,
    );
    for key in ["support vector machine", "linear kernels"] {
        assert!(found.iter().any(|term| term.starts_with(key)), "{key} in {found:?}");
    }
}

#[test]
fn a_hashtag_loses_its_sign_and_mentions_addresses_and_entities_are_no_keys() {
    let found = keys("@anna #rustlang &amp; http://t.co/abc www.example.com", KeywordStyle::Auto);
    assert_eq!(found, ["rustlang"]);
}

#[test]
fn plural_and_singular_are_one_key() {
    check("Controllers. Controller. Controllers.", KeywordStyle::Words, &["Controllers"]);
}

#[test]
fn a_single_word_goes_without_its_possessive_ending() {
    check("Deschanel's", KeywordStyle::Words, &["Deschanel"]);
}

#[test]
fn a_word_that_is_part_of_a_better_key_is_left_out() {
    check("quantum annealing", KeywordStyle::Auto, &["quantum annealing"]);
}

#[test]
fn white_space_within_a_phrase_becomes_one_space() {
    check("quantum\n\t annealing", KeywordStyle::Phrases, &["quantum annealing"]);
}

#[test]
fn stop_words_numbers_and_single_letters_give_no_key() {
    check("it was 1984 and he had a b c", KeywordStyle::Auto, &[]);
    check("", KeywordStyle::Auto, &[]);
}

#[test]
fn no_more_keys_than_asked_for_and_best_first() {
    let mut analyzer = Analyzer::new();
    let text =
        "Neural networks learn. Neural networks forget. Gradient descent, loss surfaces, weight decay.";
    let options = KeywordOptions { style: KeywordStyle::Phrases, top: 3 };
    let scores: Vec<f32> = analyzer.keywords(text, &options).map(|key| key.score).collect();
    assert_eq!(scores.len(), 3);
    assert!(scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
}
