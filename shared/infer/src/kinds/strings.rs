//! Columns of texts.

use super::{Guess, Kind};
use crate::column::{Values, bare};
use crate::times::Shape;

/// The most values of an enum, how often each must occur, and the longest value.
const MAX_VALUES: usize = 20;
const LEAST_OFTEN: usize = 5;
const MAX_BYTES: usize = 40;

/// Says what is seen in a column of texts. It refuses no value.
pub(super) fn guess(values: &Values<'_>) -> Guess {
    let trim = values.all.iter().any(|cell| bare(&cell.text).len() != cell.text.len());
    let mut guess = Guess::new(Kind::Text { trim }, values);
    if values.all.is_empty() {
        return guess.noting("no value in the sample, so nothing is known about its type");
    }
    if values.all.iter().any(|cell| cell.is_boolean) {
        return guess;
    }
    if let Some(counts) = values.counts(MAX_VALUES) {
        let is_often = counts.iter().all(|(text, count)| *count >= LEAST_OFTEN && text.len() <= MAX_BYTES);
        let is_number = |text: &str| text.parse::<f64>().is_ok();
        let is_alike = counts.iter().any(|(text, _)| is_number(text)) || counts.len() < 2;
        let mut words: Vec<&str> = counts.iter().map(|(text, _)| *text).collect();
        words.sort_unstable();
        if is_often && !is_alike {
            guess.kind = Kind::Enum(words.into_iter().map(str::to_owned).collect());
            return guess;
        }
        return guess.noting(format!("{} different values", words.len()));
    }
    if values.are_distinct() {
        guess = guess.noting("no two values are alike");
    }
    let times = values.all.iter().take(20).filter(|cell| {
        let text = bare(&cell.text);
        text.len() < 20 && Shape::of(text).is_some_and(|shape| shape.has_clock())
    });
    if times.count() * 2 > values.all.len().min(20) {
        guess = guess.noting("times in a form that the type timestamp does not have");
    }
    guess
}
