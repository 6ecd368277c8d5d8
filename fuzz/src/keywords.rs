//! Any text: its keys consist of its own words, are no more than asked for, and are the same from an analyzer
//! that saw other texts.

use std::cell::RefCell;

use text::{Analyzer, KeywordOptions, KeywordStyle};

thread_local! {
    static WARM: RefCell<Analyzer> = RefCell::new(Analyzer::new());
}

fn keys(analyzer: &mut Analyzer, text: &str, options: &KeywordOptions) -> Vec<(String, f32)> {
    analyzer.keywords(text, options).map(|key| (key.term.to_owned(), key.score)).collect()
}

/// Checks the law on one input, and panics where it does not hold.
pub fn law(input: &[u8]) {
    let Some((kind, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let input = (*kind, text);
    let (top, text) = (usize::from(input.0 % 16), input.1);
    for style in [KeywordStyle::Phrases, KeywordStyle::Words, KeywordStyle::Auto] {
        let options = KeywordOptions { style, top };
        let found = WARM.with_borrow_mut(|warm| keys(warm, text, &options));
        assert_eq!(found, keys(&mut Analyzer::new(), text, &options));
        assert!(found.len() <= top);
        for (term, score) in &found {
            assert!(score.is_finite() && !term.is_empty(), "{term} {score}");
            assert!(term.split(' ').all(|word| !word.is_empty() && text.contains(word)), "{term}");
        }
        // Fewer keys are the first of more.
        let fewer = KeywordOptions { style, top: top / 2 };
        let first = keys(&mut Analyzer::new(), text, &fewer);
        assert!(style == KeywordStyle::Auto || found.starts_with(&first), "{first:?} of {found:?}");
    }
}
