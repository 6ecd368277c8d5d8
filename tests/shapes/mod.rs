//! Tables of many shapes, made up after public ones, each through what a run does with a file: a schema is inferred, the
//! file is read by it, and each record is typed. Every row comes out exactly, or is named with its line and the reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

mod layouts;
mod objects;
mod values;

use edge::sources::{FileForm, FileSource, Format, Next, ReadBytes, Source as _};
use infer::{Finding, Options, Sample, infer};
use record_model::RecordContext;
use serde_json::{Value, json};

/// A file as it is on the disk, and what comes of it.
struct Table<'t> {
    file: &'t [u8],
    rows: Vec<Value>,
    /// Lines that are not typed, with the reasons.
    refused: &'t [(u64, &'t str)],
}

impl Table<'_> {
    /// Checks every row, and answers what was found.
    #[track_caller]
    fn check(self) -> Finding {
        let found = infer(Sample { bytes: &unpacked(self.file), is_whole: true }, &options()).unwrap();
        let refused: Vec<(u64, &str)> = found.refused.iter().map(|row| (row.line, &*row.reason)).collect();
        assert_eq!(refused, self.refused, "{}", found.toml);
        let (rows, bad) = read(self.file, &found);
        assert_eq!(rows, self.rows, "{}", found.toml);
        assert_eq!(bad, self.refused.len(), "the file is read otherwise than its sample: {}", found.toml);
        found
    }
}

/// Checks a table of which every row is typed.
#[track_caller]
fn check(text: &str, rows: Vec<Value>) -> Finding {
    Table { file: text.as_bytes(), rows, refused: &[] }.check()
}

/// Rows of these fields: each is a list of values in the order of the names.
fn rows(names: &[&str], values: &[Value]) -> Vec<Value> {
    let row = |values: &Value| {
        let cells = names.iter().zip(values.as_array().unwrap());
        Value::Object(cells.map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    };
    values.iter().map(row).collect()
}

fn options() -> Options {
    Options { name: "shape".to_owned(), ..Options::default() }
}

fn unpacked(file: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match file {
        [0x1F, 0x8B, ..] => {
            std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(file), &mut bytes).unwrap();
        }
        [0x28, 0xB5, 0x2F, 0xFD, ..] => bytes = zstd::decode_all(file).unwrap(),
        plain => bytes.extend_from_slice(plain),
    }
    bytes
}

/// The typed documents of the file, and how many records are none.
fn read(file: &[u8], found: &Finding) -> (Vec<Value>, usize) {
    let (schema, context) = (&found.schema, RecordContext::default());
    let form =
        FileForm { format: Format::Csv, schema: schema.clone(), name: "shape".to_owned(), ingested_at_ms: 0 };
    let mut source = FileSource::new(ReadBytes::new(std::io::Cursor::new(file.to_vec())), form, 0);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut rows, mut bad, mut payload) = (Vec::new(), 0, Vec::new());
    loop {
        match runtime.block_on(source.next(&mut payload)).unwrap() {
            Next::Record { .. } => {
                let mut document = Vec::new();
                match schema.write_typed_json(&payload, &context, &mut document) {
                    Ok(_) => rows.push(serde_json::from_slice(&document).unwrap()),
                    Err(_) => bad += 1,
                }
            }
            Next::Bad { .. } => bad += 1,
            Next::End { .. } | Next::Wait { .. } => return (rows, bad),
        }
    }
}

/// Text in UTF-16 behind its byte order mark.
fn utf16(text: &str, bytes: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// A number as JSON writes it.
fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}
