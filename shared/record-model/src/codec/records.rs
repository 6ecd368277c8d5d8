//! Several records in one payload: rows separated by line ends, or JSON values one after another. Each may have a byte
//! order mark before it.

use super::document::utf8;
use super::error::{Problem, RecordError};
use super::json_scan::{NotJson, Scanner};
use super::json_text::write_compact;
use super::row::bare_row;
use crate::schema::{Form, Plan};

impl Plan {
    /// Splits a payload into its records, without the blanks between them. If the rest is not a record, it
    /// comes last as one piece, and the reader of records refuses it.
    pub(crate) fn records_in<'a>(&self, payload: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = std::str::from_utf8(payload).map_err(|_| payload);
        std::iter::from_fn(move || match rest {
            Err(whole) => std::mem::replace(&mut rest, Ok("")).err().filter(|_| !whole.is_empty()),
            Ok(text) => {
                let (record, after) = match self.form {
                    Form::Delimited => self.first_row(text)?,
                    Form::Json => first_value(text)?,
                };
                rest = Ok(after);
                Some(record.as_bytes())
            }
        })
    }

    fn first_row<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str)> {
        let rows = bare_row(text).trim_start_matches(['\n', '\r']);
        let end = self.row.end_of_row(rows).unwrap_or(rows.len());
        rows.split_at_checked(end).filter(|(row, _)| !row.is_empty())
    }
}

/// Checks that bytes are one JSON object. If the object spans several lines, or a byte order mark precedes
/// it, returns it again without the mark and the blanks between its parts.
pub fn object_on_one_line(json: &[u8]) -> Result<Option<Vec<u8>>, RecordError> {
    let text = utf8(json)?;
    let mut scanner = Scanner::behind_mark(text);
    let fail = |NotJson { at_byte, .. }| RecordError::of_record(Problem::NotJson).at_byte(at_byte);
    let is_object = scanner.peek() == Some(b'{');
    let object = scanner.text_of(Scanner::skip_value).map_err(fail)?;
    match scanner.peek() {
        _ if !is_object => Err(RecordError::of_record(Problem::NotJson).at_byte(0)),
        Some(_) if scanner.begins_object() => {
            Err(RecordError::of_record(Problem::SeveralRecords).at_byte(scanner.not_json().at_byte))
        }
        Some(_) => Err(fail(scanner.not_json())),
        None if object.contains(['\n', '\r']) || json.starts_with(b"\xEF\xBB\xBF") => {
            let mut one_line = Vec::with_capacity(object.len());
            write_compact(object, &mut one_line);
            Ok(Some(one_line))
        }
        None => Ok(None),
    }
}

/// The first JSON value and what follows it. Texts that were joined may each have a byte order mark.
fn first_value(text: &str) -> Option<(&str, &str)> {
    let mut scanner = Scanner::behind_mark(text.trim_start_matches([' ', '\t', '\n', '\r']));
    scanner.peek()?;
    let rest = scanner.rest();
    match scanner.text_of(Scanner::skip_value) {
        Ok(value) => Some((value, scanner.rest())),
        Err(_) => Some((rest, "")),
    }
}
