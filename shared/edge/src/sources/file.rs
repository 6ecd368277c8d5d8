//! A file of records, wherever its bytes come from: CSV or JSON lines, gzip or not.

use record_model::Schema;
use serde::Deserialize;

use super::{ByteSource, CsvSource, JsonLinesSource, MaybeGzip, Next, Source, SourceError};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Rows under a header.
    Csv,
    /// One JSON object on each line.
    JsonLines,
}

/// How the records of a file are read.
#[derive(Debug, Clone)]
pub struct FileForm {
    /// What the file holds.
    pub format: Format,
    /// The schema of its records.
    pub schema: Schema,
    /// The file's name, which a schema may take into a field.
    pub name: String,
    /// When the file is read, in milliseconds since the Unix epoch, which a schema may take into a field.
    pub ingested_at_ms: i64,
}

/// The records of a file. A position is a byte offset in the file, or in what its gzip holds.
pub enum FileSource<B> {
    /// Rows under a header.
    Csv(Box<CsvSource<MaybeGzip<B>>>),
    /// One JSON object on each line.
    JsonLines(Box<JsonLinesSource<MaybeGzip<B>>>),
}

impl<B: ByteSource> FileSource<B> {
    /// Reads `bytes` from `position` on. Nothing is read yet.
    pub fn new(bytes: B, form: FileForm, position: u64) -> Self {
        let FileForm { format, schema, name, ingested_at_ms } = form;
        let bytes = MaybeGzip::new(bytes);
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
