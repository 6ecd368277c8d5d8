//! A warm analyzer allocates nothing, and a cold one takes memory for the window of a text, however long the text is.
#![allow(missing_docs, clippy::format_collect, clippy::indexing_slicing)]

use allocation_counter::measure;
use text::{Analyzer, KeywordOptions, KeywordStyle, WINDOW_BYTES, language, window};

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

/// Texts that make the most of each byte: words of emoji, tokens, rated words, distinct words, phrases.
fn greedy_texts(bytes: usize) -> Vec<(&'static str, String)> {
    let fill = |piece: &str| piece.repeat(bytes / piece.len());
    let distinct: String = (0..bytes / 6).map(|number| format!("w{number:x} ")).collect();
    let pieces = [
        ("emoji", "😭"),
        ("signs of three bytes and four words", "⤴"),
        ("short words", "a "),
        ("rated words", "ok "),
        ("rated words around a but", "ok no but "),
        ("phrases", "deep neural network model "),
        ("hashtags", "#a"),
        ("one token", "x"),
        ("one token of capitals beyond ASCII", "İ"),
    ];
    let filled = pieces.into_iter().map(|(name, piece)| (name, fill(piece)));
    filled.chain([("distinct words", distinct)]).collect()
}

#[test]
fn the_longest_text_takes_a_few_dozen_megabytes_and_they_are_given_back() {
    const MOST_BYTES: u64 = 24 << 20;
    const KEPT_BYTES: i64 = 1 << 20;
    for (name, text) in greedy_texts(16 << 20) {
        let mut analyzer = Analyzer::new();
        let sentiment = measure(|| assert!(analyzer.sentiment(&text).score.abs() <= 1.0));
        let keywords = measure(|| assert!(analyzer.keywords(&text, &KeywordOptions::default()).len() <= 10));
        let vader = measure(|| assert!(analyzer.vader(&text).compound.abs() <= 1.0));
        for (what, taken) in [("sentiment", sentiment), ("keywords", keywords), ("vader", vader)] {
            assert!(taken.bytes_max < MOST_BYTES, "{what} of {name}: {taken:?}");
            assert!(taken.bytes_current < KEPT_BYTES, "{what} of {name}: {taken:?}");
        }
    }
}

#[test]
fn a_long_text_says_what_its_window_says() {
    for (name, text) in greedy_texts(2 * WINDOW_BYTES) {
        let (mut whole, mut cut) = (Analyzer::new(), Analyzer::new());
        let seen = window(&text);
        assert!(
            text.starts_with(seen) && seen.len() <= WINDOW_BYTES && seen.len() > WINDOW_BYTES - 4,
            "{name}"
        );
        assert_eq!(whole.sentiment(&text), cut.sentiment(seen), "{name}");
        assert_eq!(whole.vader(&text), cut.vader(seen), "{name}");
        let options = KeywordOptions::default();
        assert!(whole.keywords(&text, &options).eq(cut.keywords(seen, &options)), "{name}");
    }
}
