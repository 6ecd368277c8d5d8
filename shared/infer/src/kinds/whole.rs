//! Columns of whole numbers that stand for times.

use super::{Context, Guess, Kind, Open};
use crate::column::{Values, bare};

/// Words in the names of columns that hold times.
const TIME_NAMES: [&str; 20] = [
    "time",
    "timestamp",
    "ts",
    "date",
    "datum",
    "zeit",
    "zeitstempel",
    "at",
    "epoch",
    "created",
    "updated",
    "when",
    "stamp",
    "day",
    "tag",
    "datetime",
    "modified",
    "seen",
    "unix",
    "uhrzeit",
];
/// The seconds since 1970 that are in the years 2001 to 2035.
const SECONDS: std::ops::Range<i64> = 978_307_200..2_082_758_400;
/// This few values prove nothing.
const FEW: usize = 3;

/// Whether a name is that of a time.
pub(super) fn is_time_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_part = |part: &str| TIME_NAMES.contains(&part);
    lower.split(['_', '-', '.']).any(is_part)
        || ["time", "date", "stamp", "zeit"].iter().any(|end| lower.ends_with(end))
}

/// Guesses seconds or milliseconds since 1970, or dates in eight digits.
pub(super) fn guess(values: &Values<'_>, name: &str, context: &Context<'_>) -> Option<Guess> {
    let numbers: Vec<i64> = values.all.iter().filter_map(|cell| bare(&cell.text).parse().ok()).collect();
    if numbers.len() + values.allowed() < values.all.len() || numbers.len() < FEW {
        return None;
    }
    let all = |is: &dyn Fn(i64) -> bool| numbers.iter().all(|&number| is(number));
    let (format, what) = if all(&|number| SECONDS.contains(&number)) {
        ("epoch_s", "seconds since 1970")
    } else if all(&|number| SECONDS.contains(&(number / 1000))) {
        ("epoch_ms", "milliseconds since 1970")
    } else if all(&is_date) {
        ("yyyyMMdd", "dates in eight digits")
    } else {
        return None;
    };
    let example = numbers.first()?;
    let is_named = is_time_name(name);
    let chosen = context.answer(name, 2).unwrap_or(usize::from(!is_named));
    let open = Open {
        text: format!("`{example}` is either one of {what} or a number"),
        readings: vec![what.to_owned(), "numbers".to_owned()],
        chosen,
    };
    if chosen == 1 {
        let guess = Guess::new(Kind::Integer(record_model::NumberForm::default()), values);
        return Some(Guess { open: Some(open), ..guess });
    }
    let kind = Kind::Time { formats: vec![format.to_owned()], has_clock: format != "yyyyMMdd" };
    let mut guess = Guess::new(kind, values).noting(what);
    for cell in values.all.iter().filter(|cell| bare(&cell.text).parse::<i64>().is_err()) {
        guess.misfits.add(cell);
    }
    Some(if is_named { guess } else { Guess { open: Some(open), ..guess } })
}

/// Whether a number can be `yyyyMMdd` in the years 1900 to 2099.
fn is_date(number: i64) -> bool {
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    (1900..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
}
