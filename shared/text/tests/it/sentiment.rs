//! What people get: label and score, the same for every way of writing a text.
#![allow(missing_docs)]

use text::{Analyzer, Label, Sentiment};

fn sentiment(text: &str) -> Sentiment {
    Analyzer::new().sentiment(text)
}

#[track_caller]
fn check(text: &str, expected: Label) {
    let sentiment = sentiment(text);
    assert_eq!(sentiment.label, expected, "{text:?}: {sentiment:?}");
}

#[test]
fn plain_praise_and_blame_are_told_apart() {
    check("I love this phone, the screen is great!", Label::Positive);
    check("What a terrible, boring movie.", Label::Negative);
    check("not good at all, I want my money back", Label::Negative);
    check("😍😍😍 best day ever", Label::Positive);
}

#[test]
fn a_text_without_words_is_neutral_and_rated_zero() {
    for text in ["", "   ", "\n"] {
        let sentiment = sentiment(text);
        assert_eq!(
            (sentiment.label, sentiment.score, sentiment.compound),
            (Label::Neutral, 0.0, 0.0),
            "{text:?}"
        );
    }
}

#[test]
fn a_word_vader_does_not_know_is_rated_like_those_it_looks_like() {
    for (text, sign) in [
        ("a prosperously run shop", 1.0),
        ("it ended victoriously", 1.0),
        ("he was corrupting them", -1.0),
        ("they are betrayers", -1.0),
        ("the deceivers have come", -1.0),
    ] {
        let Sentiment { score, compound, .. } = sentiment(text);
        assert!(compound == 0.0 && score * sign > 0.05, "{text:?}: {score}");
    }
}

#[test]
fn the_exact_compound_is_carried_beside_the_score() {
    let text = "VADER is smart, handsome, and funny.";
    let vader = Analyzer::new().vader(text);
    let sentiment = sentiment(text);
    assert_eq!(
        (sentiment.compound, sentiment.positive, sentiment.neutral, sentiment.negative),
        (vader.compound, vader.positive, vader.neutral, vader.negative)
    );
}

#[test]
fn quotes_entities_names_and_addresses_are_written_one_way() {
    let plain = sentiment("@anna it's salt & pepper http://t.co/abc in 2024").score;
    for same in [
        "@bob it’s salt & pepper http://t.co/abc in 2024",
        "@anna it's salt & pepper https://t.co/xyz in 2025",
    ] {
        assert!((sentiment(same).score - plain).abs() < 0.05, "{same:?}");
    }
}

#[test]
fn an_analyzer_remembers_nothing_of_the_text_before() {
    let mut analyzer = Analyzer::new();
    let first = analyzer.sentiment("fine but dull");
    let _ = analyzer.sentiment("a wonderful 💖 and LONG text, but not so good!!! ".repeat(50).as_str());
    assert_eq!(analyzer.sentiment("fine but dull"), first);
}
