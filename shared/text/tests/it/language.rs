//! Which texts are scored.
#![allow(missing_docs)]

use text::language;

#[track_caller]
fn check(text: &str, named: Option<&str>, expected: &str) {
    let language = language(text, named);
    assert_eq!(language.code(), expected, "{text:?} named {named:?}");
    assert_eq!(language.is_english(), expected == "en");
}

#[test]
fn the_language_a_record_names_decides() {
    check("no me gusta", Some("en"), "en");
    check("I like it", Some("de"), "de");
    check("I like it", Some("en-GB"), "en");
    check("I like it", Some("PT_br"), "pt");
}

#[test]
fn a_name_for_no_language_leaves_it_to_the_text() {
    for none in ["und", "zxx", "qme", "", "english", "1"] {
        check("I like it", Some(none), "en");
        check("das ist nicht gut für mich", Some(none), "de");
    }
}

#[test]
fn letters_and_small_words_show_a_language() {
    check("la casa es muy grande pero no me gusta", None, "es");
    check("je ne suis pas avec vous", None, "fr");
    check("это очень хорошо", None, "ru");
    check("これはペンです", None, "ja");
    check("정말 좋아요", None, "ko");
}

#[test]
fn english_with_a_foreign_word_in_it_stays_english() {
    check("We had a café au lait in the old town and it was très bien", None, "en");
    check("I watched the new Almodóvar movie", None, "en");
}

#[test]
fn a_text_with_nothing_against_english_is_english() {
    check("", None, "en");
    check("😀😀", None, "en");
    check("lol", None, "en");
}
