//! CSV with a header, turned into payloads of the stream by schema.
//!
//! A row that is no CSV, or not of the schema, is bad, with its line and byte, and as long as it is on one line its
//! neighbours are not. Bad quotes over several lines may have swallowed rows, or be what is left of some, so a file is not
//! read on from there.

use record_model::{CsvColumns, RecordContext, RecordError, Schema};

use super::csv_rows::CsvRows;
use super::{ByteSource, Next, Source, SourceError};

/// Records of a CSV file.
pub struct CsvSource<B> {
    rows: CsvRows<B>,
    schema: Schema,
    name: String,
    ingested_at_ms: i64,
    header: Option<Header>,
    skip_to: u64,
}

struct Header {
    columns: CsvColumns,
    width: usize,
}

impl<B: ByteSource> CsvSource<B> {
    /// Starts at the record that begins at byte `position`, 0 for all; the header is read in any
    /// case. `name` and the time are for fields that a schema derives.
    pub fn new(bytes: B, schema: Schema, name: String, ingested_at_ms: i64, position: u64) -> Self {
        Self { rows: CsvRows::new(bytes), schema, name, ingested_at_ms, header: None, skip_to: position }
    }

    async fn read_header(&mut self) -> Result<Header, SourceError> {
        let raw = self.rows.next().await?.ok_or(SourceError::Empty)?;
        if self.rows.problem(&raw, None)?.is_some() {
            return Err(SourceError::Damaged { place: self.rows.place(&raw), what: "csv header" });
        }
        let columns = self.schema.csv_columns(self.rows.cells()).map_err(SourceError::Header)?;
        let width = self.rows.cells().len();
        if self.skip_to > self.rows.offset {
            self.rows.go_to(self.skip_to).await?;
        }
        Ok(Header { columns, width })
    }

    fn context(&self, position: u64) -> RecordContext<'_> {
        RecordContext {
            ingested_at_ms: self.ingested_at_ms,
            source: Some(&self.name),
            offset: Some(position),
            ..RecordContext::default()
        }
    }
}

impl<B: ByteSource> Source for CsvSource<B> {
    async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
        if self.header.is_none() {
            self.header = Some(self.read_header().await?);
        }
        payload.clear();
        let Some(raw) = self.rows.next().await? else {
            return Ok(Next::End { position: self.rows.offset });
        };
        let (position, next) = (raw.place.byte, self.rows.offset);
        let Some(Header { columns, width }) = &self.header else { return Err(SourceError::Empty) };
        let written = match self.rows.problem(&raw, Some(*width))? {
            Some(problem) => Err(RecordError::from(problem)),
            None => columns.write_payload(&self.schema, self.rows.cells(), &self.context(position), payload),
        };
        Ok(match written {
            Ok(()) => Next::Record { position, next },
            Err(error) => {
                payload.clear();
                payload.extend_from_slice(self.rows.found(&raw));
                Next::Bad { position, next, error: self.rows.place(&raw).of(error) }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::string_slice, reason = "a test")]

    use super::super::MAX_SOURCE_RECORD_BYTES;
    use super::super::bytes::Pieces;
    use super::*;

    async fn read(file: &str, size: usize, from: u64, seekable: bool) -> Vec<(u64, String)> {
        let schema = Schema::built_in("users").unwrap();
        let bytes = Pieces::new(file.as_bytes(), size, seekable);
        let mut source = CsvSource::new(bytes, schema, "test".into(), 0, from);
        let mut payload = Vec::new();
        let mut found = Vec::new();
        loop {
            let text = |payload: &[u8]| String::from_utf8(payload.to_vec()).unwrap();
            match source.next(&mut payload).await.unwrap() {
                Next::Record { position, .. } => found.push((position, text(&payload))),
                Next::Bad { position, error, .. } => {
                    found.push((position, format!("{}: {}", error.kind(), text(&payload).trim_end())));
                }
                Next::Wait { .. } | Next::End { .. } => return found,
            }
        }
    }

    const ROWS: [&str; 5] = [
        "first,last,age,gender",
        "Ada,\"Love, \"\"L\"\"\nlace\",36,female",
        "\"Alan\",Turing,41,male",
        "Bad,Age,old,male",
        "Zoë,Öst,7,other",
    ];

    #[tokio::test]
    async fn every_line_end_and_every_cut_into_pieces_gives_the_same_records() {
        let expected: Vec<String> =
            read(&ROWS.join("\n"), 1 << 20, 0, true).await.into_iter().map(|(_, text)| text).collect();
        assert_eq!(expected.len(), 4);
        assert!(expected[0].contains(r#"Love, \"L\"\nlace"#), "{}", expected[0]);
        assert_eq!(expected[2], "not_integer: Bad,Age,old,male");
        for line_end in ["\n", "\r\n", "\r"] {
            for (bom, last) in [("", ""), ("\u{feff}", line_end)] {
                let file = format!("{bom}{}{last}", ROWS.join(line_end));
                for size in [1, 2, 7, 64, 1 << 20] {
                    let found = read(&file, size, 0, true).await;
                    let found: Vec<String> = found.into_iter().map(|(_, text)| text).collect();
                    assert_eq!(found, expected, "line end {line_end:?}, pieces of {size}");
                }
            }
        }
    }

    #[tokio::test]
    async fn reading_from_a_position_gives_the_records_from_there_on() {
        for line_end in ["\n", "\r\n", "\r"] {
            let file = ROWS.join(line_end);
            let all = read(&file, 7, 0, true).await;
            for (at, (position, _)) in all.iter().enumerate() {
                for seekable in [true, false] {
                    let rest = read(&file, 7, *position, seekable).await;
                    assert_eq!(rest, all[at..], "{line_end:?} from {position}, seekable: {seekable}");
                }
            }
            assert_eq!(read(&file, 7, file.len() as u64, true).await, []);
        }
    }

    /// The error that a file ends in, and what was read before.
    async fn damage(file: &str, size: usize) -> (Vec<String>, String) {
        let schema = Schema::built_in("users").unwrap();
        let mut source =
            CsvSource::new(Pieces::new(file.as_bytes(), size, true), schema, "test".into(), 0, 0);
        let (mut found, mut payload) = (Vec::new(), Vec::new());
        loop {
            match source.next(&mut payload).await {
                Ok(Next::Record { .. }) => found.push(String::from_utf8(payload.clone()).unwrap()),
                Ok(Next::Bad { error, .. }) => found.push(error.to_string()),
                Ok(Next::Wait { .. } | Next::End { .. }) => return (found, String::new()),
                Err(error) => return (found, error.to_string()),
            }
        }
    }

    #[tokio::test]
    async fn a_row_that_is_no_csv_is_bad_and_its_neighbours_are_not() {
        let good = "Ada,Lovelace,36,female\n";
        for (bad, kind) in [
            ("\"Al\"an,Turing,41,male", "bad_quote"),
            ("\"Alan\" ,Turing,41,male", "bad_quote"),
            ("Alan,Turing,41", "too_few_fields"),
            ("Alan,Turing,41,male,", "too_many_fields"),
            ("Alan,\"Turing,41,male\"", "too_few_fields"),
            ("\"Al \\\"an\\\"\",Turing,41,male", "bad_quote"),
        ] {
            let file = format!("first,last,age,gender\n{good}\n\n{bad}\n{good}");
            for size in [1, 5, 1 << 20] {
                let found = read(&file, size, 0, true).await;
                let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
                assert_eq!(texts.len(), 3, "{texts:?}");
                assert_eq!((texts[0], texts[1]), (texts[2], &*format!("{kind}: {bad}")));
                let (told, end) = damage(&file, size).await;
                assert_eq!(end, "");
                assert!(told[1].starts_with("at line 5, byte 47 of the source: "), "{}", told[1]);
            }
        }
    }

    #[tokio::test]
    async fn bad_quotes_over_several_lines_end_the_reading_where_they_begin() {
        let good = "Ada,Lovelace,36,female\n";
        let (few, many) = (good.repeat(2), good.repeat(30));
        for bad in [
            format!("\"Alan,Turing,41,male\n{many}"),
            format!("\"Alan,Turing,41,male\n{few}Alan,\"Turing\",41,male\n{many}"),
            format!("Alan,\"Tur\ning\" x,41,male\n{many}"),
        ] {
            for size in [3, 1 << 20] {
                let (found, error) = damage(&format!("first,last,age,gender\n{few}{bad}"), size).await;
                assert_eq!(found.len(), 2);
                assert!(error.starts_with("record at line 4, byte 68 is damaged"), "{error}");
            }
        }
        let (found, error) = damage(&format!("first,last,age,gender\n{few}\"Alan,Turing"), 7).await;
        assert!(error.is_empty() && found[2].starts_with("at line 4, byte 68 of the source: "), "{found:?}");
        let (found, error) = damage("\"first,last\nAda,Lovelace\n", 7).await;
        assert!(found.is_empty() && error.contains("damaged"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn a_file_is_cut_into_the_records_that_a_strict_reader_finds(
            text in "([ab]{0,2}[,\"\n]){0,14}[ab]?", size in 1..9_usize,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let toml = "name = \"t\"\nform = \"json\"\n[[fields]]\nname = \"x\"\ntype = \"string\"\n\
                        [[fields]]\nname = \"y\"\ntype = \"string\"\n";
            let file = format!("x,y\n{text}");
            let found = runtime.block_on(async {
                let bytes = Pieces::new(file.as_bytes(), size, true);
                let mut source = CsvSource::new(bytes, Schema::parse(toml).unwrap(), "t".into(), 0, 0);
                let (mut found, mut payload) = (Vec::new(), Vec::new());
                loop {
                    match source.next(&mut payload).await {
                        Ok(Next::Record { .. }) => found.push(Some(payload.clone())),
                        Ok(Next::Bad { .. }) => found.push(None),
                        Ok(Next::Wait { .. } | Next::End { .. }) => return (found, true),
                        Err(_) => return (found, false),
                    }
                }
            });
            proptest::prop_assert_eq!(found, strictly(&text));
        }
    }

    /// The payloads of a text's rows of two cells, `None` for a bad one, and whether it could be read to its end: one
    /// byte after the other, by the letter of the rule.
    fn strictly(text: &str) -> (Vec<Option<Vec<u8>>>, bool) {
        let mut found = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('\n') {
                rest = after;
                continue;
            }
            let (mut cells, mut cell, mut bad) = (Vec::new(), String::new(), false);
            let (mut quoted, mut closed, mut at_start) = (false, false, true);
            let mut chars = rest.char_indices().peekable();
            let mut end = rest.len();
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' if quoted && chars.peek().is_some_and(|(_, next)| *next == '"') => {
                        chars.next();
                        cell.push('"');
                    }
                    '"' if quoted => (quoted, closed) = (false, true),
                    c if quoted => cell.push(c),
                    '"' if at_start => (quoted, at_start) = (true, false),
                    ',' => {
                        cells.push(std::mem::take(&mut cell));
                        (closed, at_start) = (false, true);
                    }
                    '\n' => {
                        end = at;
                        break;
                    }
                    c => {
                        bad |= closed;
                        at_start = false;
                        cell.push(c);
                    }
                }
            }
            cells.push(cell);
            bad |= quoted;
            let row = &rest[..end];
            if bad && row.trim_end_matches('\n').contains('\n') {
                return (found, false);
            }
            let member = |name: &str, cell: &String| {
                let is_null = cell.trim().is_empty();
                (!is_null).then(|| format!("\"{name}\":{}", serde_json::Value::from(cell.as_str())))
            };
            found.push(match &*cells {
                [x, y] if !bad => {
                    let members: Vec<String> = member("x", x).into_iter().chain(member("y", y)).collect();
                    Some(format!("{{{}}}", members.join(",")).into_bytes())
                }
                _ => None,
            });
            rest = &rest[end..];
        }
        (found, true)
    }

    #[tokio::test]
    async fn a_quote_left_open_is_told_and_not_read_for_ever() {
        let schema = Schema::built_in("users").unwrap();
        let file = format!("first,last,age,gender\n\"{}", "x".repeat(MAX_SOURCE_RECORD_BYTES + 1));
        let bytes = Pieces::new(file.as_bytes(), 1 << 20, true);
        let mut source = CsvSource::new(bytes, schema, "test".into(), 0, 0);
        let error = source.next(&mut Vec::new()).await.unwrap_err();
        assert!(matches!(error, SourceError::TooLong { at: 22 }), "{error}");
    }

    #[tokio::test]
    async fn a_file_without_a_header_of_the_schema_is_refused() {
        for (file, expected) in [("", "empty"), ("a,b\n1,2\n", "header")] {
            let schema = Schema::built_in("users").unwrap();
            let bytes = Pieces::new(file.as_bytes(), 100, true);
            let mut source = CsvSource::new(bytes, schema, "test".into(), 0, 0);
            let error = source.next(&mut Vec::new()).await.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
