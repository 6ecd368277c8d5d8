//! Columns of numbers, in whatever form they are written.

use record_model::NumberForm;

use super::{Context, Guess, Kind, Open, Probes, whole};
use crate::column::{Misfits, Values, bare};

/// How many values are looked at before a column is tried as numbers at all.
const FIRST: usize = 50;
/// The largest whole number that every JSON reader holds exactly.
const MAX_EXACT: i64 = 1 << 53;

const fn form(decimal: char, thousands: Option<char>) -> NumberForm {
    NumberForm { decimal, thousands }
}

/// How many values are numbers in a form, and how many of these are whole.
struct Count {
    form: NumberForm,
    numbers: usize,
    whole: usize,
}

pub(super) fn guess(
    values: &Values<'_>,
    name: &str,
    context: &Context<'_>,
    probes: &mut Probes,
) -> Option<Guess> {
    let begins = |text: &str| bare(text).starts_with(|c: char| c.is_ascii_digit() || "+-.,".contains(c));
    let first = values.all.iter().take(FIRST);
    if values.all.is_empty() || first.clone().filter(|cell| begins(&cell.text)).count() * 2 < first.count() {
        return None;
    }
    let counts: Vec<Count> =
        candidates(values, context).into_iter().map(|form| count(form, values, probes)).collect();
    let most = counts.iter().map(|count| count.numbers).max()?;
    if most == 0 || most + values.allowed() < values.all.len() {
        return None;
    }
    if let Some(why) = reads_as_text(values) {
        return Some(text(values, why));
    }
    let best: Vec<&Count> = counts.iter().filter(|count| count.numbers == most).collect();
    let (chosen, open) = choose(&best, values, name, context)?;
    let is_whole = chosen.whole == chosen.numbers;
    let is_plain = is_whole && chosen.form == NumberForm::default();
    let time = if is_plain { whole::guess(values, name, context) } else { None };
    let is_time = time.as_ref().is_some_and(|guess| matches!(guess.kind, Kind::Time { .. }));
    if is_whole && !is_time && values.all.iter().all(|cell| cell.is_string) {
        return Some(text(
            values,
            "kept as text: the digits are JSON strings, and others may begin with 0".to_owned(),
        ));
    }
    if time.is_some() {
        return time;
    }
    let kind = if is_whole { Kind::Integer(chosen.form) } else { Kind::Float(chosen.form) };
    let mut guess = Guess { open, misfits: misfits(chosen, values, probes), ..Guess::new(kind, values) };
    guess.notes.extend(range(chosen.form, values));
    Some(guess)
}

/// Numbers that are texts all the same.
fn text(values: &Values<'_>, why: String) -> Guess {
    let all = Values { all: values.all.clone(), nulls: Vec::new(), without: values.without };
    Guess::new(Kind::Text { trim: has_blanks(values) }, &all).noting(why)
}

/// The forms that the characters in the values allow, the likeliest first.
fn candidates(values: &Values<'_>, context: &Context<'_>) -> Vec<NumberForm> {
    let plain = form('.', None);
    let has = |signs: &[char]| values.all.iter().any(|cell| bare(&cell.text).contains(signs));
    if !context.is_csv {
        return vec![plain];
    }
    let (comma, point) = (has(&[',']), has(&['.']));
    let space = has(&[' ', '\u{A0}', '\u{202F}', '\u{2009}']);
    let mut forms = Vec::new();
    forms.extend(context.numbers.filter(|_| comma || point));
    if point && context.numbers.is_some_and(|form| form.decimal == ',') {
        forms.push(form(',', Some('.')));
    }
    forms.push(plain);
    if comma && context.comma_between {
        forms.push(form('.', Some(',')));
    }
    if comma {
        forms.push(form(',', None));
    }
    if point {
        forms.push(form(',', Some('.')));
    }
    if comma && !context.comma_between {
        forms.push(form('.', Some(',')));
    }
    if space {
        forms.push(form(if comma { ',' } else { '.' }, Some(' ')));
    }
    if has(&['\'', '\u{2019}']) {
        forms.push(form('.', Some('\'')));
    }
    let mut known = Vec::new();
    forms.retain(|form| {
        let is_new = !known.contains(form);
        known.push(*form);
        is_new
    });
    forms
}

fn count(form: NumberForm, values: &Values<'_>, probes: &mut Probes) -> Count {
    let (mut numbers, mut whole) = (0, 0);
    for cell in &values.all {
        let Some(plain) = form.plain(bare(&cell.text)) else { continue };
        if probes.integer.takes(&plain) {
            whole += 1;
            numbers += 1;
        } else if probes.float.takes(&plain) {
            numbers += 1;
        }
    }
    Count { form, numbers, whole }
}

/// Why numbers are kept as text: what reading them as numbers would lose.
fn reads_as_text(values: &Values<'_>) -> Option<String> {
    let line =
        |is: &dyn Fn(&str) -> bool| values.all.iter().find(|cell| is(bare(&cell.text))).map(|cell| cell.line);
    let is_padded = |text: &str| matches!(text.as_bytes(), [b'0', b'0'..=b'9', ..]);
    if let Some(line) = line(&is_padded) {
        return Some(format!(
            "kept as text: some numbers begin with 0, which an integer would lose (line {line})"
        ));
    }
    let is_phone = |text: &str| text.starts_with('+') && text.bytes().filter(u8::is_ascii_digit).count() >= 7;
    if let Some(line) = line(&is_phone) {
        return Some(format!(
            "kept as text: some numbers begin with `+`, as telephone numbers do (line {line})"
        ));
    }
    let is_large = |text: &str| {
        let digits = text.trim_start_matches('-');
        let is_whole = digits.len() > 15 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_whole && text.parse::<i64>().map_or(true, |number| number.abs() > MAX_EXACT)
    };
    line(&is_large).map(|line| {
        format!("kept as text: some numbers are over 2^53, which JSON readers round (line {line})")
    })
}

fn has_blanks(values: &Values<'_>) -> bool {
    values.all.iter().any(|cell| bare(&cell.text).len() != cell.text.len())
}

/// Chooses among the forms that fit equally well, and makes a question if another form gives other numbers.
fn choose<'c>(
    best: &[&'c Count],
    values: &Values<'_>,
    name: &str,
    context: &Context<'_>,
) -> Option<(&'c Count, Option<Open>)> {
    let first = *best.first()?;
    let differing = |other: &Count| {
        values.all.iter().find_map(|cell| {
            let text = bare(&cell.text);
            let (one, two) = (first.form.plain(text)?, other.form.plain(text)?);
            let is_other = one.parse::<f64>().ok() != two.parse::<f64>().ok();
            is_other.then(|| (text.to_owned(), one.into_owned(), two.into_owned()))
        })
    };
    let other = best.iter().skip(1).find_map(|other| differing(other).map(|differs| (*other, differs)));
    let Some((other, (text, one, two))) = other else { return Some((first, None)) };
    let chosen = context.answer(name, 2).unwrap_or(0);
    let open = Open {
        text: format!("`{text}` is either the number {one} or {two}"),
        readings: vec![one, two],
        chosen,
    };
    Some((if chosen == 0 { first } else { other }, Some(open)))
}

fn misfits(chosen: &Count, values: &Values<'_>, probes: &mut Probes) -> Misfits {
    let mut misfits = Misfits::default();
    if chosen.numbers < values.all.len() {
        for cell in &values.all {
            let plain = chosen.form.plain(bare(&cell.text));
            if !plain.is_some_and(|plain| probes.float.takes(&plain)) {
                misfits.add(cell);
            }
        }
    }
    misfits
}

/// The least and the greatest value.
fn range(form: NumberForm, values: &Values<'_>) -> Option<String> {
    let numbers = values.all.iter().filter_map(|cell| form.plain(bare(&cell.text))?.parse::<f64>().ok());
    let (least, greatest) = numbers
        .filter(|number| number.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), number| {
            (least.min(number), greatest.max(number))
        });
    (least <= greatest).then(|| format!("{least} to {greatest} in the sample"))
}
