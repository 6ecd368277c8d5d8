//! Detects how a CSV file is written: the delimiter, the quote, and how many lines precede the first row.

use std::collections::HashMap;

use record_model::Dialect;

use crate::csv_rows::{RawRow, raw_rows};
use crate::header::is_typed;

/// The possible delimiters, the commonest first.
const DELIMITERS: [u8; 7] = [b',', b';', b'\t', b'|', b'^', b'~', 0x1F];
/// The possible quotes.
const QUOTES: [Option<u8>; 3] = [Some(b'"'), Some(b'\''), None];
/// How much of the sample is looked at, in bytes and in rows.
const HEAD_BYTES: usize = 64 << 10;
const HEAD_ROWS: usize = 1_000;
/// The share of rows that must have the same width for a character to be the delimiter.
const LEAST_ALIKE: f64 = 0.7;
/// The most lines that are taken for a title before the first row.
const MOST_SKIPPED: usize = 50;

/// The dialect in which a text makes most sense: its rows have the same width, and its cells are values.
pub(crate) fn dialect(text: &[u8], is_whole: bool) -> Dialect {
    let head = head(text);
    let is_cut = head.len() < text.len() || !is_whole;
    match told(head) {
        Some((delimiter, rows)) => {
            let found = best(rows, &[delimiter], is_cut);
            let found = found.unwrap_or_else(|| Dialect { delimiter, ..Dialect::default() });
            Dialect { skip: found.skip + 1, ..found }
        }
        None => best(head, &DELIMITERS, is_cut).unwrap_or_else(|| one_column(head)),
    }
}

/// The delimiter that the first line names, as in `sep=;`, and the text after that line. Spreadsheets read such lines.
fn told(head: &[u8]) -> Option<(u8, &[u8])> {
    let [delimiter, rest @ ..] = head.strip_prefix(b"sep=")? else { return None };
    let below = rest.strip_prefix(b"\r\n").or(rest.strip_prefix(b"\n")).or(rest.strip_prefix(b"\r"))?;
    DELIMITERS.contains(delimiter).then_some((*delimiter, below))
}

/// The best of the dialects with one of these delimiters; `None` if rows of none have several cells.
fn best(head: &[u8], delimiters: &[u8], is_cut: bool) -> Option<Dialect> {
    let mut best: Option<(f64, Dialect)> = None;
    for quote in QUOTES {
        // An apostrophe is text in most files. It is a quote only if cells begin and end with one.
        if quote == Some(b'\'') && !has_apostrophes_around(head) {
            continue;
        }
        for delimiter in delimiters.iter().copied().filter(|delimiter| head.contains(delimiter)) {
            let dialect = Dialect { delimiter, quote, ..Dialect::default() };
            let Some((score, skip)) = score(head, &dialect, is_cut) else { continue };
            if best.as_ref().is_none_or(|(other, _)| score > other + 1e-9) {
                best = Some((score, Dialect { skip, ..dialect }));
            }
        }
    }
    best.map(|(_, dialect)| dialect)
}

/// Whole lines from the start.
fn head(text: &[u8]) -> &[u8] {
    match text.get(..HEAD_BYTES) {
        Some(head) => {
            let end =
                head.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(head.len(), |at| at + 1);
            head.get(..end).unwrap_or(head)
        }
        None => text,
    }
}

/// Whether many cells begin and end with an apostrophe.
fn has_apostrophes_around(head: &[u8]) -> bool {
    let around = head.windows(3).filter(|bytes| matches!(bytes, [b'\'', b',' | b';' | b'\t' | b'|', b'\'']));
    let lines = memchr::memchr_iter(b'\n', head).count();
    around.count() * 2 > lines
}

/// How well a dialect fits, and how many lines to skip; `None` if it does not fit.
fn score(head: &[u8], dialect: &Dialect, is_cut: bool) -> Option<(f64, u32)> {
    let mut rows: Vec<RawRow> = raw_rows(head, dialect).take(HEAD_ROWS).collect();
    if is_cut && rows.len() > 1 {
        rows.pop();
    }
    let width = commonest(rows.iter().map(|row| row.cells.len()))?;
    let first = rows.iter().position(|row| row.cells.len() == width)?;
    if width < 2 || first > MOST_SKIPPED {
        return None;
    }
    let skip = if first > 0 { rows.get(first)?.line.saturating_sub(1) } else { 0 };
    let rows = rows.get(first..)?;
    let count = rows.len();
    let alike = share(rows.iter().filter(|row| row.cells.len() == width).count(), count);
    if alike < LEAST_ALIKE {
        return None;
    }
    let bad = share(rows.iter().filter(|row| row.has_bad_quote).count(), count);
    let cells = || rows.iter().skip(1).flat_map(|row| row.cells.iter());
    let typed = share(cells().filter(|cell| cell.is_empty() || is_typed(cell)).count(), cells().count());
    if typed == 0.0 && is_prose(rows) {
        return None;
    }
    let begins = if first == 0 { 0.3 } else { 0.0 };
    // Rows with bad quotes look better when read without quotes. More than a few of them are needed to decide
    // for that.
    let unquoted = if dialect.quote.is_none() { 0.05 } else { 0.0 };
    // Quotes that are left around a cell were not recognised.
    let kept =
        cells().filter(|cell| cell.len() > 1 && cell.starts_with(b"\"") && cell.ends_with(b"\"")).count();
    let kept = share(kept, cells().count());
    #[expect(clippy::cast_precision_loss, reason = "at most ten")]
    let wide = width.min(10) as f64 * 0.01;
    let skip = u32::try_from(skip).ok()?;
    Some((alike + begins + 0.3 * typed + wide - bad - kept - unquoted, skip))
}

/// Whether a blank follows nearly every delimiter, as it follows the commas of sentences.
fn is_prose(rows: &[RawRow]) -> bool {
    let cells = || rows.iter().flat_map(|row| row.cells.iter().skip(1));
    cells().filter(|cell| cell.starts_with(b" ")).count() * 10 >= cells().count() * 9
}

fn commonest(widths: impl Iterator<Item = usize>) -> Option<usize> {
    let mut counts = HashMap::new();
    for width in widths {
        *counts.entry(width).or_insert(0_usize) += 1;
    }
    counts.into_iter().max_by_key(|&(width, count)| (count, width)).map(|(width, _)| width)
}

#[expect(clippy::cast_precision_loss, reason = "at most some thousand cells")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// One value a line: as CSV if quotes protect what would end a cell, otherwise with a delimiter that no text
/// contains.
fn one_column(head: &[u8]) -> Dialect {
    let comma = Dialect::default();
    let is_csv = raw_rows(head, &comma).all(|row| row.cells.len() == 1 && !row.has_bad_quote);
    if is_csv { comma } else { Dialect { delimiter: 0x1F, quote: None, ..comma } }
}
