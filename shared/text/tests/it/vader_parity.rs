//! Our VADER against an independent implementation of it.
#![allow(missing_docs, clippy::float_cmp, clippy::indexing_slicing)]

use text::Analyzer;
use vader_parity::SentimentIntensityAnalyzer;

struct Both {
    ours: Analyzer,
    oracle: SentimentIntensityAnalyzer,
}

impl Both {
    fn new() -> Self {
        Self { ours: Analyzer::new(), oracle: SentimentIntensityAnalyzer::new() }
    }

    #[track_caller]
    fn check(&mut self, text: &str) {
        let ours = self.ours.vader(text);
        let oracle = self.oracle.polarity_scores(text);
        let ours = [ours.compound, ours.positive, ours.neutral, ours.negative];
        assert_eq!(ours, [oracle.compound, oracle.pos, oracle.neu, oracle.neg], "{text:?}");
    }
}

/// A small xorshift generator: the texts are the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const RULE_WORDS: &str = "no or nor kind of least at very never so this without doubt but the shit bomb bad ass \
    badass bus stop yeah right kiss death to die for beating heart just enough sort good great terrible hate love \
    not isn't don't wasn't VERY REALLY GOOD BAD NO NOT really slightly kinda sort-of hardly happy LOL lol :) :( :D \
    8-) ;-) meeting noon is word N'T couldn'tve uh-uh despite 😀 💖 😭 💔 ‼ © liKe KIND But BUT NEVER SO ÉTÉ été ǅ Σ";
const JOINTS: [&str; 12] = [" ", " ", " ", " ", " ", "\n", "  ", ", ", "! ", "? ", "", "\u{a0}"];

#[test]
fn a_hundred_thousand_made_up_texts_score_as_the_oracle_does() {
    let mut both = Both::new();
    let mut dice = Dice(20_261_120);
    let rule_words: Vec<&str> = RULE_WORDS.split_whitespace().collect();
    let lexicon = include_str!("../../data/vader/vader_lexicon.txt");
    let lexicon: Vec<&str> = lexicon.lines().filter_map(|line| line.split('\t').next()).collect();
    for _ in 0..100_000 {
        let mut text = String::new();
        for _ in 0..dice.below(24) {
            match dice.below(8) {
                0 | 1 => text.push_str(dice.pick(&lexicon)),
                2 => text.push_str(&dice.pick(&lexicon).to_uppercase()),
                3 => text.extend(u32::try_from(dice.below(0x11_0000)).ok().and_then(char::from_u32)),
                4 => text.extend(u32::try_from(dice.below(0x80)).ok().and_then(char::from_u32)),
                _ => text.push_str(dice.pick(&rule_words)),
            }
            text.push_str(dice.pick(&JOINTS));
        }
        both.check(&text);
    }
}

#[test]
fn code_points_have_the_oracles_case_and_white_space() {
    let mut both = Both::new();
    // The planes from 4 on hold no letter and no white space but for tags: a hundredth of their points stands for all.
    let rest = ('\u{40000}'..=char::MAX).step_by(101).chain('\u{E0000}'..='\u{E01FF}');
    for point in ('\0'..'\u{40000}').chain(rest) {
        both.check(&format!("GOOD {point}"));
        both.check(&format!("good {point}A bad{point}good"));
    }
}

#[test]
fn long_texts_with_but_balance_as_python_does() {
    let mut both = Both::new();
    let mut dice = Dice(7);
    let words =
        ["good", "bad", "very good", "GREAT", "slightly bad", "hate", "but", "word", "not good", "fine"];
    for length in [60, 70, 100, 300, 1_000] {
        for _ in 0..50 {
            let text: Vec<&str> = (0..length).map(|_| dice.pick(&words)).collect();
            both.check(&text.join(" "));
        }
    }
}

#[test]
fn every_rated_text_scores_as_the_oracle_does() {
    let Some(folder) = test_support::data("sentiment") else { return };
    let mut both = Both::new();
    let mut texts = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tsv") {
            for line in std::fs::read_to_string(&path).unwrap().lines().skip(1) {
                both.check(line.splitn(3, '\t').nth(2).unwrap());
                texts += 1;
            }
        }
    }
    assert!(texts > 10_000, "{texts} texts");
}
