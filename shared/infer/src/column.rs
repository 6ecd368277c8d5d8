//! The values of a column: those that mean "no value", and examples of the others.

use std::collections::{HashMap, HashSet};

use crate::rows::{Cell, Column};

/// Words that mean "no value" in any column.
const NULLS: [&str; 10] =
    ["null", "n/a", "#n/a", "\\n", "(null)", "<null>", "nil", "#null!", "#wert!", "k.a."];
/// Words that mean "no value" if the other values are numbers or times.
const NULLS_AMONG_NUMBERS: [&str; 12] =
    ["-", "--", "---", "?", ".", "na", "nan", "none", "unknown", "unbekannt", "#div/0!", "inf"];

/// The values of one column, without those that mean "no value".
pub(crate) struct Values<'c> {
    /// The cells that have a value, including words that mean "no value" only among numbers.
    pub(crate) all: Vec<&'c Cell<'c>>,
    /// The words for "no value" that occur, each in its first spelling; the empty text is not included.
    pub(crate) nulls: Vec<String>,
    /// How many rows have no value.
    pub(crate) without: usize,
}

/// A text without the blanks around it, by the codecs' rule.
pub(crate) fn bare(text: &str) -> &str {
    let is_blank = |c: char| c.is_whitespace() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{B}');
    text.trim_matches(is_blank)
}

impl<'c> Values<'c> {
    /// The values of a column in this many rows. Among numbers, more words mean "no value".
    pub(crate) fn of(column: &'c Column<'c>, rows: usize, among_numbers: bool) -> Self {
        let (mut all, mut nulls, mut known) = (Vec::new(), Vec::new(), HashSet::new());
        for cell in &column.values {
            let text = bare(&cell.text);
            if text.is_empty() {
                continue;
            }
            if text.len() <= 9 && is_null(text, among_numbers) {
                if known.insert(text.to_ascii_lowercase()) {
                    nulls.push(text.to_owned());
                }
                continue;
            }
            all.push(cell);
        }
        let without = rows.saturating_sub(all.len());
        Self { all, nulls, without }
    }

    /// How often each value occurs; `None` if there are more than `most` different values.
    pub(crate) fn counts(&self, most: usize) -> Option<Vec<(&'c str, usize)>> {
        let (mut counts, mut order): (HashMap<&str, usize>, Vec<&str>) = (HashMap::new(), Vec::new());
        for cell in &self.all {
            let text = bare(&cell.text);
            *counts.entry(text).or_insert_with(|| {
                order.push(text);
                0
            }) += 1;
            if order.len() > most {
                return None;
            }
        }
        Some(order.into_iter().map(|text| (text, counts.get(text).copied().unwrap_or(0))).collect())
    }

    /// Whether all values differ.
    pub(crate) fn are_distinct(&self) -> bool {
        let mut known = HashSet::new();
        self.all.iter().all(|cell| known.insert(&*cell.text))
    }

    /// How many values may fail a type before the column is not of that type: one in fifty.
    pub(crate) fn allowed(&self) -> usize {
        self.all.len() / 50
    }
}

fn is_null(text: &str, among_numbers: bool) -> bool {
    let is = |word: &&str| word.eq_ignore_ascii_case(text);
    NULLS.iter().any(is) || (among_numbers && NULLS_AMONG_NUMBERS.iter().any(is))
}

/// The values that are not of a type: how many, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Misfits {
    pub(crate) count: usize,
    /// Line and text of each.
    pub(crate) first: Vec<(u64, String)>,
}

impl Misfits {
    pub(crate) fn add(&mut self, cell: &Cell<'_>) {
        const SHOWN: usize = 3;
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push((cell.line, cell.text.chars().take(40).collect()));
        }
    }
}
