//! Finds out whether the first row of a CSV file names its columns.

use crate::csv_rows::RawRow;

/// How many rows the first one is compared with.
const COMPARED: usize = 1_000;
/// The longest name of a column, in characters and in words.
const NAME_CHARACTERS: usize = 60;
const NAME_WORDS: usize = 6;

/// Whether the first row differs from those below it, or looks like names if nothing else decides.
pub(crate) fn has(rows: &[RawRow]) -> bool {
    let Some((first, below)) = rows.split_first() else { return false };
    let below = below.get(..below.len().min(COMPARED)).unwrap_or_default();
    let mut votes = 0_i64;
    for (at, name) in first.cells.iter().enumerate() {
        let cells = || below.iter().filter_map(|row| row.cells.get(at)).filter(|cell| !cell.is_empty());
        let (count, typed) = (cells().count(), cells().filter(|cell| is_typed(cell)).count());
        if count > 0 && typed * 10 >= count * 9 {
            votes += if is_typed(name) { -1 } else { i64::from(!name.is_empty()) };
        } else if !name.is_empty() && cells().any(|cell| cell == name) {
            votes -= 1;
        }
    }
    match votes {
        0 => are_names(first),
        votes => votes > 0,
    }
}

/// Whether every cell could be the name of a column, and all cells differ.
fn are_names(row: &RawRow) -> bool {
    let words = if row.cells.len() == 1 { 2 } else { NAME_WORDS };
    let is_name = |cell: &[u8]| {
        let text = String::from_utf8_lossy(cell);
        let text = text.trim();
        text.is_empty()
            || (text.chars().count() <= NAME_CHARACTERS
                && text.split_whitespace().count() <= words
                && !text.ends_with(['.', '!', '?', ','])
                && !text.contains(['@', '#', '/'])
                && text.chars().any(char::is_alphabetic)
                && !is_typed(cell))
    };
    row.cells.iter().any(|cell| !cell.is_empty()) && row.cells.iter().all(is_name)
}

/// Whether a cell looks like a number or a time: it has digits, and only characters with which these are
/// written.
pub(crate) fn is_typed(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    let is_part = |byte: &u8| byte.is_ascii_digit() || b" .,:/-+'TZeEAPMapm%".contains(byte);
    let has_digit = cell.iter().any(u8::is_ascii_digit);
    has_digit && cell.len() <= 40 && cell.iter().all(is_part)
}
