//! The section `[file]` of a schema, which says how the data set's files are written.

use serde::Deserialize;
use toml::Spanned;

use super::compile::Refused;
use super::error::{FieldReason, Reason};
use super::kind::Kind;
use super::source::FieldSource;
use crate::codec::NumberForm;

/// How the files of a data set are written, according to its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// What a file holds. If it is not given, a file's name or an event decides.
    pub format: Option<FileFormat>,
    /// The byte between the cells of a CSV row.
    pub delimiter: u8,
    /// The byte around CSV cells that contain a delimiter or a line end. Inside a cell it is doubled.
    pub quote: Option<u8>,
    /// One of [`Dialect::ENCODINGS`]. If it is not given, the first bytes decide between UTF-8 and UTF-16.
    pub encoding: Option<&'static str>,
    /// Whether the first row of a CSV file names its columns.
    pub has_header: bool,
    /// How many lines to skip before a CSV file's first row.
    pub skip: u32,
    /// How a CSV file writes numbers, unless a field says otherwise.
    pub numbers: NumberForm,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Rows of cells.
    Csv,
    /// One JSON object a line, or one array of objects.
    Json,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            format: None,
            delimiter: b',',
            quote: Some(b'"'),
            encoding: None,
            has_header: true,
            skip: 0,
            numbers: NumberForm::default(),
        }
    }
}

impl Dialect {
    /// The encodings that a file may have, by their names in the WHATWG's Encoding Standard. `utf-16` stands
    /// for either byte order: the byte order mark or the first bytes decide.
    pub const ENCODINGS: [&'static str; 22] = [
        "utf-8",
        "utf-16",
        "utf-16le",
        "utf-16be",
        "windows-1250",
        "windows-1251",
        "windows-1252",
        "windows-1253",
        "windows-1254",
        "windows-1255",
        "windows-1256",
        "windows-1257",
        "windows-1258",
        "iso-8859-2",
        "iso-8859-15",
        "ibm866",
        "koi8-r",
        "macintosh",
        "shift_jis",
        "euc-kr",
        "gb18030",
        "big5",
    ];

    /// Whether the quotes of a row are where RFC 4180 has them: each opened quote is closed, and a delimiter
    /// or the end of the row follows. `row` is without its line end. A quote in a cell that does not begin
    /// with one is text, as in `5" pipe`.
    pub fn quotes_are_right(&self, row: &[u8]) -> bool {
        let Some(quote) = self.quote else { return true };
        let mut rest = row;
        loop {
            match rest.split_first() {
                Some((&first, inside)) if first == quote => match behind_quote(inside, quote) {
                    Some([]) => return true,
                    Some([next, cells @ ..]) if *next == self.delimiter => rest = cells,
                    Some(_) | None => return false,
                },
                _ => match memchr::memchr(self.delimiter, rest).and_then(|at| rest.get(at + 1..)) {
                    Some(cells) => rest = cells,
                    None => return true,
                },
            }
        }
    }
}

/// What follows the quote that closes a cell. Two quotes in a row don't close it.
fn behind_quote(mut inside: &[u8], quote: u8) -> Option<&[u8]> {
    loop {
        let behind = inside.get(memchr::memchr(quote, inside)? + 1..)?;
        match behind.split_first() {
            Some((&next, more)) if next == quote => inside = more,
            _ => return Some(behind),
        }
    }
}

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSection {
    format: Option<FileFormat>,
    delimiter: Option<Spanned<String>>,
    quote: Option<Spanned<String>>,
    encoding: Option<Spanned<String>>,
    header: Option<bool>,
    #[serde(default)]
    skip: u32,
    decimal: Option<Spanned<char>>,
    thousands: Option<Spanned<char>>,
}

/// The dialect that a section describes; the usual one if there is no section.
pub(super) fn dialect(section: Option<&FileSection>) -> Refused<Dialect> {
    let usual = Dialect::default();
    let Some(section) = section else { return Ok(usual) };
    let delimiter = match &section.delimiter {
        Some(text) => one_byte("delimiter", text)?,
        None => usual.delimiter,
    };
    let quote = match &section.quote {
        Some(text) if text.get_ref().is_empty() => None,
        Some(text) => Some(one_byte("quote", text)?),
        None => usual.quote,
    };
    if let (Some(text), true) = (&section.quote, quote == Some(delimiter)) {
        let expected = "a character other than the delimiter";
        return Err((text.span(), Reason::Bad { key: "quote", found: text.get_ref().clone(), expected }));
    }
    let encoding = section.encoding.as_ref().map(encoding).transpose()?;
    let (decimal, thousands) = (&section.decimal, &section.thousands);
    let numbers =
        number_form(decimal.as_ref().map(|c| *c.get_ref()), thousands.as_ref().map(|c| *c.get_ref()));
    let numbers = numbers.map_err(|(key, found, expected)| {
        let span = thousands.as_ref().or(decimal.as_ref()).map_or(0..0, Spanned::span);
        (span, Reason::Bad { key, found: found.to_string(), expected })
    })?;
    Ok(Dialect {
        format: section.format,
        delimiter,
        quote,
        encoding,
        has_header: section.header.unwrap_or(true),
        skip: section.skip,
        numbers,
    })
}

fn one_byte(key: &'static str, text: &Spanned<String>) -> Refused<u8> {
    match text.get_ref().as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\n' | b'\r') => {
            Ok(*byte)
        }
        _ => {
            let expected = "one ASCII character other than a letter, a digit or a line end";
            Err((text.span(), Reason::Bad { key, found: text.get_ref().clone(), expected }))
        }
    }
}

fn encoding(text: &Spanned<String>) -> Refused<&'static str> {
    let known = Dialect::ENCODINGS.into_iter().find(|known| known.eq_ignore_ascii_case(text.get_ref()));
    known.ok_or_else(|| {
        let expected = "an encoding listed in docs/schema.md, such as utf-8, utf-16 or windows-1252";
        (text.span(), Reason::Bad { key: "encoding", found: text.get_ref().clone(), expected })
    })
}

/// The form that two keys give, or the key that is wrong with its value and what was expected.
fn number_form(
    decimal: Option<char>,
    thousands: Option<char>,
) -> Result<NumberForm, (&'static str, char, &'static str)> {
    let form = NumberForm { decimal: decimal.unwrap_or('.'), thousands };
    if !matches!(form.decimal, '.' | ',') {
        return Err(("decimal", form.decimal, "`.` or `,`"));
    }
    match thousands {
        Some(sign) if sign == form.decimal || !matches!(sign, '.' | ',' | ' ' | '\'' | '_') => {
            Err(("thousands", sign, "one of `.`, `,`, ` `, `'` and `_` that is not `decimal`"))
        }
        _ => Ok(form),
    }
}

/// How a field's numbers are written in a file, as the field says or else the file; `None` for the stream's
/// form.
pub(super) fn numbers_of(
    field: &FieldSource,
    kind: &Kind,
    file: &Dialect,
) -> Result<Option<NumberForm>, FieldReason> {
    let own = number_form(field.decimal, field.thousands).map_err(|(key, found, expected)| {
        FieldReason::Value { key, found: found.to_string(), why: format!("is not {expected}") }
    })?;
    let says = field.decimal.is_some() || field.thousands.is_some();
    let form = if says { own } else { file.numbers };
    let is_number = matches!(kind, Kind::Integer(_) | Kind::Float(_));
    Ok(Some(form).filter(|form| is_number && *form != NumberForm::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_behind_a_closing_quote_and_an_open_one_are_wrong() {
        let comma = Dialect::default();
        for row in [
            "",
            "a,b",
            "\"a\",b",
            "a,\"b, \"\"c\"\"\"",
            "5\" pipe,x",
            "\"\",\"\"",
            "\"a\nb\"",
            "a,",
            "\"a\",",
        ] {
            assert!(comma.quotes_are_right(row.as_bytes()), "{row}");
        }
        for row in ["\"a\"b,c", "\"a\" ,c", "\"a", "a,\"", "a,\"b\"\"", "\"a \\\"b\\\" c\",d", "\"a\";b"] {
            assert!(!comma.quotes_are_right(row.as_bytes()), "{row}");
        }
        let other = Dialect { delimiter: b';', quote: Some(b'\''), ..Dialect::default() };
        assert!(other.quotes_are_right(b"'a;b';\"c") && !other.quotes_are_right(b"'a',b"));
        assert!(Dialect { quote: None, ..Dialect::default() }.quotes_are_right(b"\"a"));
    }
}
