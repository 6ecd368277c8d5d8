//! Reads records from a log: single lines, or a line that matches a pattern with all lines after it that do not. The
//! named groups of another pattern make each record JSON by the schema.

use std::sync::Arc;
use std::time::Duration;

use csv::ByteRecord;
use edge::sources::{ByteSource, MAX_SOURCE_RECORD_BYTES, Next, Source, SourceError};
use record_model::{CsvColumns, Problem, RecordContext, RecordError, Schema};
use regex_lite::Regex;

/// How lines of a log become records.
#[derive(Clone)]
pub(super) struct LogForm {
    begin: Option<Regex>,
    fields: Option<Arc<Fields>>,
    /// How long a record of several lines waits for its next line.
    wait: Duration,
}

/// The named groups of a pattern, as columns of the schema.
struct Fields {
    pattern: Regex,
    groups: Vec<String>,
    columns: CsvColumns,
    schema: Schema,
}

impl LogForm {
    /// Makes a form. It is an error if no named group of the pattern is a field of the schema.
    pub(super) fn new(
        pattern: Option<Regex>,
        begin: Option<Regex>,
        wait: Duration,
        schema: &Schema,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let fields = pattern.map(|pattern| Fields::of(pattern, schema)).transpose()?.map(Arc::new);
        Ok(Self { begin, fields, wait })
    }

    /// How long the last record of a log may wait for its next line.
    pub(super) fn wait(&self) -> Duration {
        if self.begin.is_some() { self.wait } else { Duration::ZERO }
    }
}

impl Fields {
    fn of(pattern: Regex, schema: &Schema) -> Result<Self, Box<dyn std::error::Error>> {
        let groups: Vec<String> = pattern.capture_names().flatten().map(str::to_owned).collect();
        if groups.is_empty() {
            return Err("the pattern has no named groups, expected such as (?<level>[A-Z]+)".into());
        }
        let header: ByteRecord = groups.iter().map(String::as_bytes).collect();
        let columns = schema.csv_columns(&header)?;
        Ok(Self { pattern, groups, columns, schema: schema.clone() })
    }

    fn write(
        &self,
        record: &[u8],
        context: &RecordContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let text = std::str::from_utf8(record).map_err(|_| Problem::NotUtf8)?;
        let expected = self.groups.len();
        let found = self.pattern.captures(text).ok_or(Problem::TooFewFields { found: 0, expected })?;
        let group = |name: &String| found.name(name).map_or(&b""[..], |group| group.as_str().as_bytes());
        let cells: ByteRecord = self.groups.iter().map(group).collect();
        self.columns.write_payload(&self.schema, &cells, context, out)
    }
}

/// Reads the records of a growing log.
pub(super) struct LogLines<B> {
    bytes: B,
    form: LogForm,
    name: String,
    ingested_at_ms: i64,
    buffer: Vec<u8>,
    /// The byte in the file at which `buffer` begins.
    begins_at: u64,
    /// Where in `buffer` the open record begins, and where its last complete line ends.
    record: usize,
    whole: usize,
    is_over: bool,
}

impl<B: ByteSource> LogLines<B> {
    /// Reads from `position` on, which must be the beginning of a record.
    pub(super) fn new(
        mut bytes: B,
        form: LogForm,
        (name, ingested_at_ms): (String, i64),
        position: u64,
    ) -> Result<Self, SourceError> {
        bytes.seek(position)?;
        let (buffer, begins_at) = (Vec::new(), position);
        Ok(Self { bytes, form, name, ingested_at_ms, buffer, begins_at, record: 0, whole: 0, is_over: false })
    }

    /// Returns where the open record ends, if what was read shows it.
    fn end(&mut self) -> Option<usize> {
        loop {
            let rest = self.buffer.get(self.whole..).unwrap_or_default();
            let line = rest.get(..=memchr::memchr(b'\n', rest)?).unwrap_or_default();
            let end = self.whole + line.len();
            let Some(begin) = &self.form.begin else {
                self.whole = end;
                return Some(end);
            };
            let is_first = self.whole == self.record;
            let begins = std::str::from_utf8(line.trim_ascii_end()).is_ok_and(|line| begin.is_match(line));
            if begins && !is_first {
                return Some(self.whole);
            }
            self.whole = end;
        }
    }

    /// Reads more bytes. Returns `false` at the end of the log, or if nothing came in time and a record is complete.
    async fn read_on(&mut self) -> Result<bool, SourceError> {
        let has_record = self.form.begin.is_some() && self.whole > self.record;
        let piece = if has_record {
            match tokio::time::timeout(self.form.wait, self.bytes.next_piece()).await {
                Ok(piece) => piece?,
                Err(_) => return Ok(false),
            }
        } else {
            self.bytes.next_piece().await?
        };
        let Some(piece) = piece else {
            self.is_over = true;
            self.whole = self.buffer.len();
            return Ok(false);
        };
        // Bytes of records that were returned are dropped before more are added.
        self.buffer.drain(..self.record);
        self.begins_at += self.record as u64;
        self.whole -= self.record;
        self.record = 0;
        self.buffer.extend_from_slice(&piece);
        Ok(true)
    }

    /// Takes the record that ends at `end`, unless it is blank. The next record begins there.
    fn take(&mut self, end: usize, payload: &mut Vec<u8>) -> Option<Next> {
        let position = self.begins_at + self.record as u64;
        let next = self.begins_at + end as u64;
        let record = self.buffer.get(self.record..end).unwrap_or_default().trim_ascii_end();
        (self.record, self.whole) = (end, end.max(self.whole));
        if record.is_empty() {
            return None;
        }
        let context = RecordContext {
            ingested_at_ms: self.ingested_at_ms,
            source: Some(&self.name),
            offset: Some(position),
            ..RecordContext::default()
        };
        payload.clear();
        let written = if let Some(fields) = &self.form.fields {
            fields.write(record, &context, payload)
        } else {
            payload.extend_from_slice(record);
            Ok(())
        };
        Some(match written {
            Ok(()) => Next::Record { position, next },
            Err(error) => {
                payload.clear();
                payload.extend_from_slice(record);
                Next::Bad { position, next, error }
            }
        })
    }
}

impl<B: ByteSource> Source for LogLines<B> {
    async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
        loop {
            if let Some(end) = self.end() {
                if let Some(next) = self.take(end, payload) {
                    return Ok(next);
                }
                continue;
            }
            if self.buffer.len() - self.record > MAX_SOURCE_RECORD_BYTES {
                return Err(SourceError::TooLong { at: self.begins_at + self.record as u64 });
            }
            if !self.is_over && self.read_on().await? {
                continue;
            }
            let end = self.whole;
            if end > self.record
                && let Some(next) = self.take(end, payload)
            {
                return Ok(next);
            }
            if self.is_over {
                return Ok(Next::End { position: self.begins_at + self.buffer.len() as u64 });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    /// A text in pieces.
    struct Pieces(Vec<Bytes>);

    impl ByteSource for Pieces {
        async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
            Ok(if self.0.is_empty() { None } else { Some(self.0.remove(0)) })
        }
    }

    fn read(text: &str, size: usize, form: LogForm) -> Vec<(u64, u64, String)> {
        let pieces = text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut lines = LogLines::new(Pieces(pieces), form, ("f".to_owned(), 0), 0).unwrap();
            let (mut found, mut payload) = (Vec::new(), Vec::new());
            loop {
                match lines.next(&mut payload).await.unwrap() {
                    Next::Record { position, next } => {
                        found.push((position, next, String::from_utf8(payload.clone()).unwrap()));
                    }
                    Next::Bad { position, next, error } => {
                        found.push((position, next, format!("bad: {error}")));
                    }
                    Next::End { .. } | Next::Wait { .. } => return found,
                }
            }
        })
    }

    fn form(pattern: Option<&str>, begin: Option<&str>) -> LogForm {
        let schema = Schema::parse(
            "name = \"log\"\nform = \"json\"\n[[fields]]\nname = \"level\"\ntype = \"string\"\n[[fields]]\nname = \"ms\"\n\
             type = \"integer\"\n",
        );
        let regex = |text: &str| Regex::new(text).unwrap();
        LogForm::new(pattern.map(regex), begin.map(regex), Duration::from_secs(9), &schema.unwrap()).unwrap()
    }

    #[test]
    fn a_record_is_a_line_and_those_behind_it_that_begin_none() {
        let text = "A one\n  more\n\n  and more\nA two\r\nA three\n";
        for size in [1, 3, 100] {
            let found = read(text, size, form(None, Some("^A ")));
            let records: Vec<&str> = found.iter().map(|(_, _, record)| record.as_str()).collect();
            assert_eq!(records, ["A one\n  more\n\n  and more", "A two", "A three"], "{size}");
        }
    }

    #[test]
    fn a_line_becomes_json_by_the_schema_and_one_that_is_not_like_the_pattern_is_bad() {
        let found = read("INFO 12\n?\nWARN x\n", 4, form(Some(r"^(?<level>\w+) (?<ms>\w+)$"), None));
        let records: Vec<&str> = found.iter().map(|(_, _, record)| record.as_str()).collect();
        assert_eq!(records[0], r#"{"level":"INFO","ms":12}"#);
        assert!(records[1].starts_with("bad: ") && records[2].starts_with("bad: "), "{records:?}");
    }

    proptest! {
        #[test]
        fn places_follow_each_other_and_every_byte_but_blank_lines_is_in_a_record(
            text in "([AB x]{0,6}\n){0,12}[AB]{0,3}",
            size in 1_usize..9,
            has_begin: bool,
        ) {
            let found = read(&text, size, form(None, has_begin.then_some("^A")));
            let part = |from: u64, to: u64| {
                text.get(usize::try_from(from).unwrap()..usize::try_from(to).unwrap()).unwrap()
            };
            let mut at = 0;
            for (position, next, record) in &found {
                prop_assert!(*position >= at && next > position);
                prop_assert_eq!(part(*position, *next).trim_end(), record.as_str());
                prop_assert!(part(at, *position).trim().is_empty());
                at = *next;
            }
            prop_assert!(part(at, text.len() as u64).trim().is_empty());
        }
    }
}
