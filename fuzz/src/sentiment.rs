//! Any text, with any language that it names: its scores are in their range, and are the same from an
//! analyzer that saw other texts.

use std::cell::RefCell;

use text::{Analyzer, Label, language};

thread_local! {
    static WARM: RefCell<Analyzer> = RefCell::new(Analyzer::new());
}

/// Checks the law on one input, and panics where it does not hold.
pub fn law(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let (named, text) = input.split_once('\n').map_or((None, input), |(named, text)| (Some(named), text));
    let code = language(text, named).code().to_owned();
    assert!((2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase()), "{code}");
    assert_eq!(language(text, Some(&code)).code(), code);
    let sentiment = WARM.with_borrow_mut(|warm| warm.sentiment(text));
    assert_eq!(sentiment, Analyzer::new().sentiment(text));
    let vader = WARM.with_borrow_mut(|warm| warm.vader(text));
    assert_eq!(
        (vader.compound, vader.positive, vader.neutral, vader.negative),
        (sentiment.compound, sentiment.positive, sentiment.neutral, sentiment.negative)
    );
    for signed in [sentiment.score, sentiment.compound] {
        assert!((-1.0..=1.0).contains(&signed), "{sentiment:?}");
    }
    let shares = [sentiment.positive, sentiment.neutral, sentiment.negative];
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{sentiment:?}");
    let sum: f64 = shares.iter().sum();
    assert!(sum == 0.0 || (sum - 1.0).abs() < 0.002, "{sentiment:?}");
    assert!(vader.label() != Label::Positive || vader.compound >= 0.05);
}
