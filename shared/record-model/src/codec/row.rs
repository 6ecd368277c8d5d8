//! Delimited rows: how they are cut into fields.

use std::borrow::Cow;

use memchr::memmem;

use super::error::Problem;
use super::json_scan::BYTE_ORDER_MARK;
use super::words;

/// How the rows of a data set are delimited. A value that contains the delimiter is quoted or escaped;
/// without quote or escape it can't be written.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowForm {
    pub(crate) delimiter: String,
    pub(crate) guard: Guard,
}

/// What keeps a delimiter inside a value from ending the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Guard {
    #[default]
    None,
    /// A quote stands around the value, and is doubled inside it.
    Quote(char),
    /// An escape stands before the character, and `n` and `r` after it stand for line ends.
    Escape(char),
}

/// The fields of one row, cut when asked for.
#[derive(Debug)]
pub(crate) struct Pieces<'a, 'f> {
    form: &'f RowForm,
    rest: Option<&'a str>,
}

/// A row without a byte order mark before it and without line ends after it.
pub(crate) fn bare_row(payload: &str) -> &str {
    let row = payload.strip_prefix(BYTE_ORDER_MARK).unwrap_or(payload);
    row.trim_end_matches(['\n', '\r'])
}

impl RowForm {
    pub(crate) fn pieces<'a>(&self, row: &'a str) -> Pieces<'a, '_> {
        Pieces { form: self, rest: Some(row) }
    }
}

impl<'a> Pieces<'a, '_> {
    /// The next field, if it can be used as it stands in the row; `None` after the last field, and if a quote
    /// or an escape must be resolved.
    #[inline]
    pub(crate) fn next_plain(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let (piece, rest) = self.cut(rest);
        match self.form.guard {
            Guard::Quote(quote) if piece.starts_with(quote) => return None,
            // A delimiter after an escape does not count, so only the text up to the first is searched: the
            // time for a row stays linear.
            Guard::Escape(escape) if piece.contains(escape) => return None,
            _ => {}
        }
        self.rest = rest;
        Some(piece)
    }

    /// The next field; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Cow<'a, str>>, Problem> {
        if let Some(piece) = self.next_plain() {
            return Ok(Some(Cow::Borrowed(piece)));
        }
        match (self.rest, self.form.guard) {
            (Some(rest), Guard::Quote(quote)) => {
                self.quoted(rest.strip_prefix(quote).unwrap_or(rest), quote).map(Some)
            }
            (Some(rest), Guard::Escape(escape)) => self.escaped(rest, escape).map(Some),
            (Some(_), Guard::None) | (None, _) => Ok(None),
        }
    }

    /// How many fields are left.
    pub(crate) fn count(mut self) -> usize {
        let mut count = 0;
        while let Ok(Some(_)) = self.next() {
            count += 1;
        }
        count
    }

    #[inline]
    pub(super) fn cut<'t>(&self, text: &'t str) -> (&'t str, Option<&'t str>) {
        let delimiter = self.form.delimiter.as_bytes();
        let at = match delimiter {
            [byte] => find(*byte, text.as_bytes()),
            _ => memmem::find(text.as_bytes(), delimiter),
        };
        match at.and_then(|at| text.split_at_checked(at)) {
            Some((piece, tail)) => (piece, tail.get(delimiter.len()..)),
            None => (text, None),
        }
    }

    /// Reads from after the opening quote to after the closing quote and its delimiter.
    fn quoted(&mut self, inside: &'a str, quote: char) -> Result<Cow<'a, str>, Problem> {
        let mut value = Cow::Borrowed("");
        let mut rest = inside;
        loop {
            let (part, after) = rest.split_once(quote).ok_or(Problem::BadQuote)?;
            if value.is_empty() {
                value = Cow::Borrowed(part);
            } else {
                value.to_mut().push_str(part);
            }
            match after.strip_prefix(quote) {
                Some(after) => {
                    value.to_mut().push(quote);
                    rest = after;
                }
                None if after.is_empty() => {
                    self.rest = None;
                    return Ok(value);
                }
                None => {
                    self.rest = Some(after.strip_prefix(&self.form.delimiter).ok_or(Problem::BadQuote)?);
                    return Ok(value);
                }
            }
        }
    }

    fn escaped(&mut self, rest: &'a str, escape: char) -> Result<Cow<'a, str>, Problem> {
        let mut value = String::new();
        let mut chars = rest.chars();
        loop {
            let text = chars.as_str();
            if let Some(after) = text.strip_prefix(&self.form.delimiter) {
                self.rest = Some(after);
                break;
            }
            match chars.next() {
                Some(c) if c == escape => value.push(match chars.next().ok_or(Problem::BadQuote)? {
                    'n' => '\n',
                    'r' => '\r',
                    c => c,
                }),
                Some(c) => value.push(c),
                None => {
                    self.rest = None;
                    break;
                }
            }
        }
        Ok(Cow::Owned(value))
    }
}

/// Searches word by word: most fields end within a few machine words, where a call of `memchr` costs more
/// than it saves.
#[inline]
fn find(byte: u8, text: &[u8]) -> Option<usize> {
    let mut skipped = 0;
    for word in text.as_chunks::<8>().0.iter().take(4) {
        let found = words::equal(u64::from_le_bytes(*word), byte);
        if found != 0 {
            return Some(skipped + words::first(found));
        }
        skipped += word.len();
    }
    memchr::memchr(byte, text.get(skipped..)?).map(|found| skipped + found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(delimiter: &str, guard: Guard) -> RowForm {
        RowForm { delimiter: delimiter.to_owned(), guard }
    }

    fn cut(form: &RowForm, row: &str) -> Result<Vec<String>, Problem> {
        let mut pieces = form.pieces(row);
        let mut found = Vec::new();
        while let Some(piece) = pieces.next()? {
            found.push(piece.into_owned());
        }
        Ok(found)
    }

    #[test]
    fn a_row_has_one_field_more_than_delimiters() {
        assert_eq!(cut(&form("|", Guard::None), "a||b|").unwrap(), ["a", "", "b", ""]);
        assert_eq!(cut(&form("::", Guard::None), "a:b::c").unwrap(), ["a:b", "c"]);
        assert_eq!(cut(&form("|", Guard::None), "").unwrap(), [""]);
    }

    #[test]
    fn quotes_hold_delimiters_and_double_themselves() {
        let form = form(",", Guard::Quote('"'));
        assert_eq!(cut(&form, r#""a,b","say ""hi""",5" pipe"#).unwrap(), ["a,b", "say \"hi\"", "5\" pipe"]);
        assert_eq!(cut(&form, r#""open,b"#), Err(Problem::BadQuote));
        assert_eq!(cut(&form, r#""a"b,c"#), Err(Problem::BadQuote));
    }

    #[test]
    fn escapes_hold_delimiters_and_line_ends() {
        let form = form("|", Guard::Escape('\\'));
        assert_eq!(cut(&form, r"a\|b|c\\|d\n").unwrap(), ["a|b", "c\\", "d\n"]);
        assert_eq!(cut(&form, "a\\"), Err(Problem::BadQuote));
    }

    #[test]
    fn line_ends_behind_a_row_and_a_mark_before_it_are_no_part_of_it() {
        for row in ["a|b", "a|b\n", "a|b\r\n", "a|b\r", "a|b\n\n", "\u{FEFF}a|b\n"] {
            assert_eq!(bare_row(row), "a|b");
        }
    }

    proptest! {
        #[test]
        fn a_byte_is_found_where_it_first_stands(
            text in prop::collection::vec(prop::sample::select(vec![b'{', b'|', b'}', 0xFC, 0, 0xFF]), 0..90),
            byte in prop::sample::select(vec![b'|', 0, 0xFF]),
        ) {
            prop_assert_eq!(find(byte, &text), text.iter().position(|&other| other == byte));
        }

        #[test]
        fn what_is_written_is_cut_the_same(
            values in prop::collection::vec("[a|:\"\\\\\n\ré ]{0,6}", 1..6),
            delimiter in prop::sample::select(vec!["|", ":", "::", "|:|"]),
            guard in prop::sample::select(vec![Guard::None, Guard::Quote('"'), Guard::Escape('\\')]),
        ) {
            let form = form(delimiter, guard);
            let values: Vec<String> = match guard {
                Guard::None => values.into_iter().map(|value| value.replace(['|', ':', '\n', '\r'], "")).collect(),
                _ => values,
            };
            let mut row = Vec::new();
            for (index, value) in values.iter().enumerate() {
                if index > 0 { row.extend_from_slice(delimiter.as_bytes()); }
                let start = row.len();
                row.extend_from_slice(value.as_bytes());
                form.guard_from(start, &mut row).unwrap();
                let mut written = Vec::new();
                form.write(value, &mut written).unwrap();
                prop_assert_eq!(&row[start..], written);
            }
            let row = std::str::from_utf8(&row).unwrap();
            prop_assert_eq!(form.end_of_row(row), None);
            // Behind another row it begins where that one ends.
            let two = format!("{row}\n{row}");
            prop_assert_eq!(form.end_of_row(&two), Some(row.len()));
            prop_assert_eq!(cut(&form, bare_row(row)).unwrap(), values);
        }
    }
}
