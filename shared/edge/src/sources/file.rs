//! A file of records, wherever its bytes come from: CSV or JSON, compressed or not.

use record_model::{FileFormat, Schema};
use serde::Deserialize;

use super::{ByteSource, CsvSource, JsonLinesSource, MaybeGzip, MaybeZstd, Next, Source, SourceError};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// CSV rows, under a header unless the schema says that there is none.
    Csv,
    /// JSON objects, one on each line or all in one array.
    JsonLines,
}

/// How the records of a file are read.
#[derive(Debug, Clone)]
pub struct FileForm {
    /// What the file holds, if the schema's `[file]` does not say.
    pub format: Format,
    /// The schema of its records.
    pub schema: Schema,
    /// The file's name, which a schema may store in a field.
    pub name: String,
    /// When the file is read, in milliseconds since the Unix epoch. A schema may store it in a field.
    pub ingested_at_ms: i64,
}

/// Bytes that may be gzip or zstd.
pub type MaybePacked<B> = MaybeZstd<MaybeGzip<B>>;

/// The records of a file. A position is a byte offset in the file, or in its decompressed content.
pub enum FileSource<B> {
    /// CSV rows, under a header unless the schema says that there is none.
    Csv(Box<CsvSource<MaybePacked<B>>>),
    /// JSON objects, one on each line or all in one array.
    JsonLines(Box<JsonLinesSource<MaybePacked<B>>>),
}

impl<B: ByteSource> FileSource<B> {
    /// Makes a source that begins at `position` of `bytes`. Nothing is read yet.
    pub fn new(bytes: B, form: FileForm, position: u64) -> Self {
        let FileForm { format, schema, name, ingested_at_ms } = form;
        let bytes = MaybeZstd::new(MaybeGzip::new(bytes));
        let format = match schema.file().format {
            Some(FileFormat::Csv) => Format::Csv,
            Some(FileFormat::Json) => Format::JsonLines,
            None => format,
        };
        match format {
            Format::Csv => Self::Csv(Box::new(CsvSource::new(bytes, schema, name, ingested_at_ms, position))),
            Format::JsonLines => Self::JsonLines(Box::new(JsonLinesSource::new(bytes, schema, position))),
        }
    }
}

impl<B: ByteSource> Source for FileSource<B> {
    async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
        match self {
            Self::Csv(rows) => rows.next(payload).await,
            Self::JsonLines(lines) => lines.next(payload).await,
        }
    }
}
