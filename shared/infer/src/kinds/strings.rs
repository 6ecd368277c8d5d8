//! Columns of texts.

use super::{Guess, Kind};
use crate::column::{Values, bare};
use crate::times::Shape;

/// The most values of an enum, how often each must occur, and the longest value.
const MAX_VALUES: usize = 20;
const LEAST_OFTEN: usize = 5;
const MAX_BYTES: usize = 40;

/// How many values are looked at for a remark.
const LOOKED_AT: usize = 20;

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
    if let Some(remark) = remark(values) {
        guess = guess.noting(remark);
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

/// What most values are that look like something a type has, and why they are texts all the same.
fn remark(values: &Values<'_>) -> Option<&'static str> {
    let first = || values.all.iter().take(LOOKED_AT).map(|cell| bare(&cell.text));
    let most = |is: fn(&str) -> bool| first().filter(|text| is(text)).count() * 10 > first().count() * 9;
    if most(is_number_beside_a_sign) {
        Some("numbers beside a sign such as `%`, `$` or `€`, which the type float does not have")
    } else if most(is_place) {
        Some("a latitude and a longitude in one value: two columns of floats make a `geo_point`")
    } else {
        None
    }
}

fn is_number_beside_a_sign(text: &str) -> bool {
    let is_sign = |c: char| "%‰$€£¥₹".contains(c);
    let number: String = text.chars().filter(|c| !is_sign(*c)).collect();
    let is_part = |c: char| c.is_ascii_digit() || c.is_whitespace() || ".,'+-()".contains(c);
    number.len() < text.len() && number.contains(|c: char| c.is_ascii_digit()) && number.chars().all(is_part)
}

fn is_place(text: &str) -> bool {
    let Some((latitude, longitude)) = text.split_once(',') else { return false };
    let within = |part: &str, bound: f64| {
        part.contains('.') && part.trim().parse::<f64>().is_ok_and(|number| number.abs() <= bound)
    };
    within(latitude, 90.0) && within(longitude, 180.0)
}
