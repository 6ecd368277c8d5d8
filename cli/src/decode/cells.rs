//! Records that are lines, cells of a CSV column, or members of JSON lines, each in base64 or as it is.

use std::io::BufRead;

use base64_simd::STANDARD;
use serde_json::Value;

use super::input::Record;
use crate::items::{Item, ItemError, Items};

/// The first bytes of what a record may be wrapped in: gzip, zstd, an aggregate of the KPL.
const WRAPPINGS: [&[u8]; 3] = [b"\x1F\x8B", b"\x28\xB5\x2F\xFD", b"\xF3\x89\x9A\xC2"];

/// The records of an input, in their order.
pub(super) struct Records<R: BufRead> {
    items: Items<R>,
    field: Option<String>,
    is_over: bool,
}

impl<R: BufRead> Records<R> {
    pub(super) fn open(input: R, field: Option<&str>) -> Result<Self, ItemError> {
        let items = Items::open(input, field)?;
        let field = field.filter(|_| matches!(items, Items::Lines { .. })).map(str::to_owned);
        Ok(Self { items, field, is_over: false })
    }

    fn record(&self, Item { line, bytes, .. }: Item) -> Record {
        let Some(field) = &self.field else { return Record::bare(Ok(opened(bytes))) };
        let member = match serde_json::from_slice::<Value>(&bytes) {
            Ok(Value::Object(mut members)) => members.remove(field.as_str()),
            _ => None,
        };
        Record::bare(match member {
            Some(Value::String(text)) => Ok(opened(text.into_bytes())),
            Some(other) => Ok(other.to_string().into_bytes()),
            None => Err(format!("line {line} is no JSON object with a member {field:?}")),
        })
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<Record, ItemError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        match self.items.next() {
            Ok(item) => item.map(|item| Ok(self.record(item))),
            Err(error) if error.is_of_one_item() => Some(Ok(Record::bare(Err(error.to_string())))),
            Err(error) => {
                self.is_over = true;
                Some(Err(error))
            }
        }
    }
}

/// What base64 stands for, where that is text or one of the wrappings: else a word such as `data` would be taken for some.
fn opened(bytes: Vec<u8>) -> Vec<u8> {
    match STANDARD.decode_to_vec(bytes.trim_ascii()) {
        Ok(inside) if !inside.is_empty() && is_plausible(&inside) => inside,
        _ => bytes,
    }
}

fn is_plausible(inside: &[u8]) -> bool {
    let is_text = std::str::from_utf8(inside)
        .is_ok_and(|text| !text.contains(|c: char| c.is_control() && !c.is_whitespace()));
    is_text || WRAPPINGS.iter().any(|wrapping| inside.starts_with(wrapping))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(input: &[u8], field: Option<&str>) -> Vec<Result<String, String>> {
        let records = Records::open(input, field).unwrap().map(Result::unwrap);
        records.map(|record| record.data.map(|data| String::from_utf8_lossy(&data).into_owned())).collect()
    }

    #[test]
    fn a_line_a_cell_and_a_member_are_records_in_base64_or_as_they_are() {
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(
            data(b"\xEF\xBB\xBFeyJhIjoxfQ==\r\ndata\n{\"a\":1}\n", None),
            [ok("{\"a\":1}"), ok("data"), ok("{\"a\":1}")]
        );
        assert_eq!(data(b"n;Data\n1;eyJhIjoxfQ==\n2\n", Some("data"))[0], ok("{\"a\":1}"));
        assert!(data(b"n;Data\n1;x\n2\n", Some("data"))[1].is_err());
        let members = data(b"{\"data\":\"eyJhIjoxfQ==\"}\n{\"data\":{\"b\":2}}\n{}\n", Some("data"));
        assert_eq!(members[..2], [ok("{\"a\":1}"), ok("{\"b\":2}")]);
        assert_eq!(members[2], Err("line 3 is no JSON object with a member \"data\"".to_owned()));
    }
}
