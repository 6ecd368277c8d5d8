//! Columns of dates and times.

use std::collections::HashMap;

use super::{Context, Guess, Kind, Open, Probes};
use crate::column::{Misfits, Values, bare};
use crate::probe::Probe;
use crate::rows::Cell;
use crate::times::{Order, Shape, Sign};

/// The most shapes in one column. Fractions of a second have one for each number of digits.
const MAX_SHAPES: usize = 12;

/// Texts of one shape.
struct Group<'c> {
    shape: Shape,
    cells: Vec<&'c Cell<'c>>,
}

/// Groups with their format in one order of day and month, and how many texts that format accepts.
struct Reading {
    order: Order,
    formats: Vec<String>,
    probes: Vec<Probe>,
    fits: usize,
}

pub(super) fn guess(
    values: &Values<'_>,
    name: &str,
    context: &Context<'_>,
    probes: &mut Probes,
) -> Option<Guess> {
    let groups = groups(values)?;
    let has_clock = groups.iter().any(|group| group.shape.has_clock());
    let mut read = |order| reading(order, &groups, has_clock, probes);
    let (day, month) = (read(Order::DayFirst), read(Order::MonthFirst));
    let between = groups.iter().find_map(|group| group.shape.open_order());
    let needed = values.all.len().checked_sub(values.allowed()).filter(|&needed| needed > 0)?;
    let fits = day.fits.max(month.fits);
    if fits < needed || fits == 0 {
        return None;
    }
    let is_open = between.is_some() && day.fits == month.fits && day.formats != month.formats;
    let (mut chosen, open) = if is_open {
        let (order, open) = choose(between.unwrap_or('/'), &groups, name, context);
        (if order == Order::DayFirst { day } else { month }, open)
    } else {
        (if day.fits >= month.fits { day } else { month }, None)
    };
    let kind = Kind::Time { formats: chosen.formats.clone(), has_clock };
    let mut guess = Guess { open, ..Guess::new(kind, values) };
    guess.order = (between.is_some() && !is_open).then_some(chosen.order);
    guess.misfits = misfits(values, &mut chosen);
    if has_clock && groups.iter().any(|group| !group.shape.has_offset()) {
        let zone = context.options.zone.as_deref().unwrap_or("UTC");
        guess.notes.push(format!("the times name no zone, so {zone} is assumed (`zone`)"));
    }
    Some(guess)
}

/// The values by shape, the commonest first; `None` if there are too many shapes, or too few values have one.
fn groups<'c>(values: &Values<'c>) -> Option<Vec<Group<'c>>> {
    let mut groups: HashMap<Vec<Sign>, Group<'c>> = HashMap::new();
    let (mut without, allowed) = (0, values.allowed());
    for &cell in &values.all {
        match Shape::of(bare(&cell.text)) {
            Some(shape) => match groups.get_mut(&shape.signs) {
                Some(group) => {
                    for (single, more) in group.shape.single.iter_mut().zip(shape.single) {
                        *single |= more;
                    }
                    group.cells.push(cell);
                }
                None => {
                    groups.insert(shape.signs.clone(), Group { shape, cells: vec![cell] });
                }
            },
            None => without += 1,
        }
        if without > allowed {
            return None;
        }
    }
    let mut groups: Vec<Group<'_>> = groups.into_values().collect();
    groups.sort_by_key(|group| {
        (std::cmp::Reverse(group.cells.len()), group.cells.first().map(|cell| cell.line))
    });
    groups.truncate(MAX_SHAPES);
    (!groups.is_empty()).then_some(groups)
}

/// The formats of all groups in one order.
fn reading(order: Order, groups: &[Group<'_>], has_clock: bool, probes: &mut Probes) -> Reading {
    let mut found = Reading { order, formats: Vec::new(), probes: Vec::new(), fits: 0 };
    for group in groups {
        let texts = || group.cells.iter().map(|cell| bare(&cell.text));
        if group.shape.is_iso() && has_clock && texts().all(|text| probes.iso8601.takes(text)) {
            found.fits += group.cells.len();
            found.add("iso8601");
            continue;
        }
        let Some(pattern) = group.shape.pattern(order) else { continue };
        let keys = format!("type = \"timestamp\"\nformats = [\"{pattern}\"]\noutput_format = \"iso8601\"");
        let Some(mut probe) = Probe::new(&keys) else { continue };
        let fits = texts().filter(|text| probe.takes(text)).count();
        if fits > 0 {
            found.fits += fits;
            found.add(&pattern);
        }
    }
    found
}

impl Reading {
    fn add(&mut self, format: &str) {
        if !self.formats.iter().any(|known| known == format) {
            self.formats.push(format.to_owned());
            let keys = format!("type = \"timestamp\"\nformats = [\"{format}\"]\noutput_format = \"iso8601\"");
            self.probes.extend(Probe::new(&keys));
        }
    }
}

/// Chooses the order of day and month where every value can be read both ways, and makes the question.
fn choose(between: char, groups: &[Group<'_>], name: &str, context: &Context<'_>) -> (Order, Option<Open>) {
    // Nobody writes the month first in a date with points.
    if between == '.' {
        return (Order::DayFirst, None);
    }
    let has_half_days = groups.iter().any(|group| group.shape.signs.contains(&Sign::HalfDay));
    let likely = match context.order {
        Some(order) => order,
        None if has_half_days || (between == '/' && context.comma_between && context.numbers.is_none()) => {
            Order::MonthFirst
        }
        None => Order::DayFirst,
    };
    let answer = context.answer(name, 2).unwrap_or(usize::from(likely == Order::MonthFirst));
    let example = groups.first().and_then(|group| group.cells.first()).map_or("", |cell| bare(&cell.text));
    let open = Open {
        text: format!("`{example}` has either the day or the month first"),
        readings: vec!["day first".to_owned(), "month first".to_owned()],
        chosen: answer,
    };
    (if answer == 0 { Order::DayFirst } else { Order::MonthFirst }, Some(open))
}

fn misfits(values: &Values<'_>, chosen: &mut Reading) -> Misfits {
    let mut misfits = Misfits::default();
    if chosen.fits < values.all.len() {
        for cell in &values.all {
            let text = bare(&cell.text);
            if !chosen.probes.iter_mut().any(|probe| probe.takes(text)) {
                misfits.add(cell);
            }
        }
    }
    misfits
}
