//! A warm analyzer allocates nothing.
#![allow(missing_docs, clippy::indexing_slicing)]

use allocation_counter::measure;
use text::{Analyzer, KeywordOptions, KeywordStyle, language};

/// What tweets are made of: words VADER rates and turns round, names, addresses, tags, emoji, odd quotes.
const PIECES: [&str; 32] = [
    "I",
    "love",
    "hate",
    "the",
    "new",
    "phone",
    "don’t",
    "not",
    "GREAT",
    "but",
    "very",
    "bad",
    "@anna",
    "#rustlang",
    "http://t.co/abc",
    "2024",
    "😀",
    "💖!",
    ":)",
    "soooo",
    "coffee",
    "machine,",
    "wasn't",
    "&amp;",
    "Berlin",
    "streams",
    "ugh...",
    "\"quoted\"",
    "naïve",
    "state-of-the-art",
    "really?!",
    "monday",
];

/// A few hundred texts, the same on every run.
fn made_up_tweets() -> Vec<String> {
    let mut dice = 20_261_120_u64;
    let mut below = |limit: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 11) as usize % limit
    };
    let mut tweet = || {
        let words: Vec<&str> = (0..=below(30)).map(|_| PIECES[below(PIECES.len())]).collect();
        words.join(" ")
    };
    (0..400).map(|_| tweet()).collect()
}

fn allocations(tweets: &[String], mut analyse: impl FnMut(&str)) -> u64 {
    let mut pass = || {
        for tweet in tweets {
            analyse(tweet);
        }
    };
    pass();
    measure(pass).count_total
}

#[test]
fn a_second_pass_over_tweets_allocates_nothing() {
    let tweets = made_up_tweets();
    let mut analyzer = Analyzer::new();
    assert_eq!(
        allocations(&tweets, |tweet| assert!(analyzer.sentiment(tweet).score.abs() <= 1.0)),
        0,
        "sentiment"
    );
    for style in [KeywordStyle::Phrases, KeywordStyle::Words, KeywordStyle::Auto] {
        let options = KeywordOptions { style, top: 10 };
        let count = allocations(&tweets, |tweet| {
            assert!(analyzer.keywords(tweet, &options).all(|key| key.score > 0.0));
        });
        assert_eq!(count, 0, "{options:?}");
    }
    assert_eq!(
        allocations(&tweets, |tweet| assert!(!language(tweet, None).code().is_empty())),
        0,
        "language"
    );
}

#[test]
fn the_count_sees_allocations() {
    assert_eq!(allocations(&made_up_tweets(), |tweet| drop(tweet.to_owned())), 400);
}
