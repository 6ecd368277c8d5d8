//! Columns that contain two words.

use super::{Context, Guess, Kind, Open};
use crate::column::{Values, bare};

/// Words for true and false, and whether a single one of them is enough evidence.
const WORDS: [(&str, &str, bool); 14] = [
    ("true", "false", true),
    ("t", "f", false),
    ("yes", "no", true),
    ("y", "n", false),
    ("ja", "nein", true),
    ("j", "n", false),
    ("wahr", "falsch", true),
    ("richtig", "falsch", true),
    ("oui", "non", true),
    ("vrai", "faux", true),
    ("si", "no", false),
    ("sí", "no", false),
    ("on", "off", false),
    ("1", "0", false),
];
/// Names of columns that count something, whose zeros and ones are numbers.
const COUNTS: [&str; 10] =
    ["count", "num", "number", "anzahl", "qty", "quantity", "menge", "n", "total", "anz"];
/// The most spellings of both words together.
const SPELLINGS: usize = 8;
/// In this many rows or fewer, zeros and ones prove nothing.
const FEW: usize = 10;

pub(super) fn guess(values: &Values<'_>, name: &str, context: &Context<'_>) -> Option<Guess> {
    if values.all.is_empty() {
        return None;
    }
    let counts = values.counts(SPELLINGS)?;
    let (yes, no) = WORDS.into_iter().find_map(|(yes, no, alone)| {
        let spelled = |word: &str| {
            let of_word = counts.iter().filter(|(text, _)| text.to_lowercase() == word);
            of_word.map(|(text, _)| (*text).to_owned()).collect::<Vec<_>>()
        };
        let (yes, no) = (spelled(yes), spelled(no));
        let others = counts.iter().filter(|(text, _)| !yes.iter().chain(&no).any(|word| word == text));
        let others: usize = others.map(|(_, count)| count).sum();
        let has_both = !yes.is_empty() && !no.is_empty();
        let is_one = alone && (!yes.is_empty() || !no.is_empty());
        ((has_both || is_one) && others <= values.allowed()).then_some((yes, no))
    })?;
    let is_digits = yes.iter().chain(&no).any(|word| word == "1" || word == "0");
    let mut guess = Guess::new(Kind::Boolean { yes: yes.clone(), no: no.clone() }, values);
    for cell in &values.all {
        if !yes.iter().chain(&no).any(|word| word == bare(&cell.text)) {
            guess.misfits.add(cell);
        }
    }
    if !is_digits {
        return Some(guess);
    }
    if !context.is_csv || values.all.len() < FEW {
        return None;
    }
    let counts_things = name.split('_').any(|part| COUNTS.contains(&part));
    let chosen = context.answer(name, 2).unwrap_or(usize::from(counts_things));
    let open = Open {
        text: "0 and 1 are the only values".to_owned(),
        readings: vec!["true and false".to_owned(), "numbers".to_owned()],
        chosen,
    };
    if chosen == 1 {
        guess.kind = Kind::Integer(record_model::NumberForm::default());
    }
    Some(Guess { open: Some(open), ..guess })
}
