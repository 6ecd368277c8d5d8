//! Inputs that break text tools: no panic, no slow case, the same answer every time.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::fmt::Write as _;
use std::time::Duration;

use test_support::processor_time_of;
use text::{Analyzer, KeywordOptions, KeywordStyle, language};

const MEGABYTE: usize = 1_000_000;

/// Everything there is to compute for a text.
fn analyse(analyzer: &mut Analyzer, text: &str, top: usize) -> Vec<(String, f32)> {
    let sentiment = analyzer.sentiment(text);
    assert!((-1.0..=1.0).contains(&sentiment.score), "{}", sentiment.score);
    assert!((-1.0..=1.0).contains(&sentiment.compound), "{}", sentiment.compound);
    let mut all = Vec::new();
    for style in [KeywordStyle::Phrases, KeywordStyle::Words, KeywordStyle::Auto] {
        let keys = analyzer.keywords(text, &KeywordOptions { style, top });
        assert!(keys.len() <= top);
        all.extend(keys.map(|key| (key.term.to_owned(), key.score)));
    }
    assert!(all.iter().all(|(term, score)| !term.is_empty() && score.is_finite()), "{all:?}");
    assert!(!language(text, None).code().is_empty());
    all
}

fn odd_megabytes() -> Vec<(&'static str, String)> {
    let fill = |piece: &str| piece.repeat(MEGABYTE / piece.len());
    let mut distinct = String::new();
    for number in 0..150_000 {
        write!(distinct, "w{number:x} ").unwrap();
    }
    let mut opposed: String =
        (0..100_000).map(|number| if number % 3 == 0 { "good " } else { "VERY bad " }).collect();
    opposed.push_str("but good");
    vec![
        ("one token", fill("a")),
        ("one token of emoji", fill("😀")),
        ("emoji and spaces", fill("😭 ")),
        ("dots", fill(".")),
        ("signs", fill("!?")),
        ("no spaces", fill("word,")),
        ("hyphens", fill("a-")),
        ("spaces", fill(" ")),
        ("lines", fill("\n ")),
        ("mentions", fill("@")),
        ("hashtags", fill("#a")),
        ("addresses", fill("http://")),
        ("entities", fill("&amp;")),
        ("ampersands", fill("&")),
        ("zeros", fill("\0")),
        ("marks", fill("\u{301}")),
        ("Chinese", fill("中文")),
        ("rated words", fill("good ")),
        ("negations", fill("not ")),
        ("capitals", fill("ß İ ")),
        ("distinct words", distinct),
        ("before a but", opposed),
        ("after a but", format!("but {}", fill("good bad GREAT "))),
        ("phrases", fill("deep neural network model ")),
    ]
}

/// Sentiment and keywords together. The least of a few runs is what the text takes; the rest is the machine's.
fn time_of(analyzer: &mut Analyzer, text: &str) -> Duration {
    processor_time_of(|| {
        let _ = analyzer.sentiment(text);
        let _ = analyzer.keywords(text, &KeywordOptions::default()).len();
    })
}

#[test]
fn a_megabyte_of_anything_takes_less_than_half_a_second() {
    let limit = Duration::from_millis(500);
    let mut analyzer = Analyzer::new();
    for (name, text) in odd_megabytes() {
        let took = (0..3).map(|_| time_of(&mut analyzer, &text)).min().unwrap();
        assert!(took < limit, "{name} took {took:?}");
        assert!(analyse(&mut analyzer, &text, 10).len() <= 30);
    }
}

/// Pieces that meet the code's branches more often than random characters do.
const PIECES: [&str; 40] = [
    "good",
    "BAD",
    "not",
    "but",
    "n't",
    "the",
    "deep learning",
    "State-of-the-art",
    "U.S.",
    "3.5",
    "#tag",
    "@name",
    "http://t.co/x",
    "&amp;",
    "&#039;",
    "&",
    "’s",
    "'s",
    "“",
    "…",
    "😀",
    "👨‍👩‍👧",
    "\u{301}",
    "\u{200d}",
    "\0",
    "\n",
    "\n\n",
    "\t",
    "!",
    "???",
    ":)",
    "-",
    "--",
    "_",
    ".",
    ",",
    "中文",
    "ß",
    "İ",
    "Ⅷ",
];

#[test]
fn no_text_makes_it_panic_and_each_gives_the_same_answer_twice() {
    let cases = std::env::var("KINFLOW_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(20_000);
    let (mut warm, mut seed) = (Analyzer::new(), 88_172_645_463_325_252_u64);
    let mut below = |limit: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) % limit
    };
    for case in 0..cases {
        let mut text = String::new();
        for _ in 0..below(16) {
            match below(4) {
                0 => text.extend(u32::try_from(below(0x11_0000)).ok().and_then(char::from_u32)),
                1 => text.extend(u32::try_from(below(0x80)).ok().and_then(char::from_u32)),
                _ => text.push_str(PIECES[usize::try_from(below(40)).unwrap()]),
            }
            if below(3) > 0 {
                text.push(' ');
            }
        }
        let first = analyse(&mut warm, &text, 5);
        if case % 100 == 0 {
            assert_eq!(first, analyse(&mut Analyzer::new(), &text, 5), "{text:?}");
        }
    }
}

#[test]
fn keys_are_bounded_however_long_a_word_or_a_run_is() {
    let mut analyzer = Analyzer::new();
    let text = format!("{} database engine {}", "x".repeat(41), "storage layer index table row ".repeat(20));
    for key in analyzer.keywords(&text, &KeywordOptions { style: KeywordStyle::Phrases, top: 100 }) {
        assert!(key.term.split(' ').count() <= 5, "{}", key.term);
        assert!(key.term.split(' ').all(|word| word.chars().count() <= 40), "{}", key.term);
    }
}
