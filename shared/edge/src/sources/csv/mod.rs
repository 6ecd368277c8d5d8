//! CSV files, whose rows a schema turns into payloads of the stream.
//!
//! A row is bad if it is not valid CSV or does not fit the schema. The error gives its line and byte, and as
//! long as the row is on one line, its neighbours are not affected. Wrong quotes over several lines may have
//! swallowed rows, or may be the rest of some, so nothing after them is read.

#[cfg(test)]
mod letter_of_the_rule;
mod rows;
#[cfg(test)]
mod tests;

use record_model::{CsvColumns, RecordContext, RecordError, Schema};

use self::rows::{CsvRows, Raw};
use super::{ByteSource, Next, Source, SourceError};

/// Records of a CSV file.
pub struct CsvSource<B> {
    rows: CsvRows<B>,
    schema: Schema,
    name: String,
    ingested_at_ms: i64,
    header: Option<Header>,
    /// The first row of a file without a header. It was read early, to count its cells.
    seen: Option<Raw>,
    skip_to: u64,
}

struct Header {
    columns: CsvColumns,
    width: usize,
}

impl<B: ByteSource> CsvSource<B> {
    /// Starts at the record that begins at byte `position`; 0 means all records. The header is always read.
    /// `name` and the time are for fields that a schema derives.
    pub fn new(bytes: B, schema: Schema, name: String, ingested_at_ms: i64, position: u64) -> Self {
        let rows = CsvRows::new(bytes, schema.file());
        Self { rows, schema, name, ingested_at_ms, header: None, seen: None, skip_to: position }
    }

    /// Finds the columns by the header, or by the first row if the file has no header.
    async fn read_header(&mut self) -> Result<Header, SourceError> {
        let file = self.schema.file();
        if file.skip > 0 {
            self.rows.skip_lines().await?;
        }
        let has_header = file.has_header;
        let raw = self.rows.next().await?.ok_or(SourceError::Empty)?;
        if has_header && self.rows.problem(&raw, None)?.is_some() {
            return Err(SourceError::Damaged { place: self.rows.place(&raw), what: "csv header" });
        }
        let first_row = self.rows.cells().record();
        let columns = self
            .schema
            .csv_columns(&first_row)
            .map_err(|source| SourceError::Header { file: self.name.clone(), source })?;
        let width = first_row.len();
        if self.skip_to > self.rows.offset {
            self.rows.go_to(self.skip_to).await?;
        } else if !has_header && self.skip_to <= raw.place.byte {
            self.seen = Some(raw);
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
        let next = match self.seen.take() {
            Some(seen) => Some(seen),
            None => self.rows.next().await?,
        };
        let Some(raw) = next else {
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
