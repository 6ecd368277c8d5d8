//! CSV with a header, turned into payloads of the stream by schema.

use bytes::{Buf, Bytes};
use csv::ByteRecord;
use csv_core::ReadRecordResult;
use record_model::{CsvColumns, RecordContext, Schema};

use super::{ByteSource, MAX_SOURCE_RECORD_BYTES, Next, Source, SourceError};

/// Records of a CSV file. LF, CRLF and a lone CR end a record; quoted fields may hold all of them.
pub struct CsvSource<B> {
    bytes: B,
    schema: Schema,
    name: String,
    ingested_at_ms: i64,
    columns: Option<CsvColumns>,
    reader: csv_core::Reader,
    piece: Bytes,
    /// Where `piece` starts in the file.
    offset: u64,
    skip_to: u64,
    fields: Vec<u8>,
    ends: Vec<usize>,
    record: ByteRecord,
}

impl<B: ByteSource> CsvSource<B> {
    /// Starts at the record that begins at byte `position`, 0 for all; the header is read in any
    /// case. `name` and the time are for fields that a schema derives.
    pub fn new(bytes: B, schema: Schema, name: String, ingested_at_ms: i64, position: u64) -> Self {
        Self {
            bytes,
            schema,
            name,
            ingested_at_ms,
            columns: None,
            reader: csv_core::Reader::new(),
            piece: Bytes::new(),
            offset: 0,
            skip_to: position,
            fields: vec![0; 1024],
            ends: vec![0; 32],
            record: ByteRecord::new(),
        }
    }

    /// Reads the next record; where it starts, or `None` at the end.
    async fn read_record(&mut self) -> Result<Option<u64>, SourceError> {
        let (mut fields_len, mut ends_len) = (0, 0);
        let mut at_end = false;
        let start = self.offset;
        loop {
            if self.piece.is_empty() && !at_end {
                let piece = self.bytes.next_piece().await?;
                at_end = piece.is_none();
                self.piece = piece.unwrap_or_default();
            }
            let fields = self.fields.get_mut(fields_len..).unwrap_or_default();
            let ends = self.ends.get_mut(ends_len..).unwrap_or_default();
            let (result, read, written, ended) = self.reader.read_record(&self.piece, fields, ends);
            self.piece.advance(read);
            self.offset += read as u64;
            fields_len += written;
            ends_len += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => double(&mut self.fields),
                ReadRecordResult::OutputEndsFull => double(&mut self.ends),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
            if fields_len + ends_len > MAX_SOURCE_RECORD_BYTES {
                return Err(SourceError::TooLong { at: start });
            }
        }
        self.record.clear();
        let mut field_start = 0;
        for &end in self.ends.get(..ends_len).unwrap_or_default() {
            self.record.push_field(self.fields.get(field_start..end).unwrap_or_default());
            field_start = end;
        }
        Ok(Some(start))
    }

    async fn read_header(&mut self) -> Result<CsvColumns, SourceError> {
        self.read_record().await?.ok_or(SourceError::Empty)?;
        let columns = self.schema.csv_columns(&self.record).map_err(SourceError::Header)?;
        if self.skip_to > self.offset {
            self.skip().await?;
        }
        Ok(columns)
    }

    async fn skip(&mut self) -> Result<(), SourceError> {
        if self.bytes.seek(self.skip_to)? {
            (self.piece, self.offset) = (Bytes::new(), self.skip_to);
            self.reader.reset();
            return Ok(());
        }
        while self.offset < self.skip_to && self.read_record().await?.is_some() {}
        Ok(())
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
        if self.columns.is_none() {
            self.columns = Some(self.read_header().await?);
        }
        payload.clear();
        let Some(position) = self.read_record().await? else {
            return Ok(Next::End { position: self.offset });
        };
        let Some(columns) = &self.columns else { return Err(SourceError::Empty) };
        match columns.write_payload(&self.schema, &self.record, &self.context(position), payload) {
            Ok(()) => Ok(Next::Record { position, next: self.offset }),
            Err(error) => {
                payload.clear();
                write_csv(&self.record, payload);
                Ok(Next::Bad { position, next: self.offset, error })
            }
        }
    }
}

fn double<T: Default + Clone>(buffer: &mut Vec<T>) {
    let doubled = buffer.len() * 2;
    buffer.resize(doubled, T::default());
}

/// A record that is no payload, as a line of CSV.
fn write_csv(record: &ByteRecord, out: &mut Vec<u8>) {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
    // Writing to memory can't fail.
    let _ = writer.write_byte_record(record);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in pieces of `size` bytes that can or can't be sought in.
    struct Pieces {
        file: Bytes,
        at: usize,
        size: usize,
        seekable: bool,
    }

    impl ByteSource for Pieces {
        async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
            let end = self.file.len().min(self.at + self.size);
            let piece = self.file.slice(self.at..end);
            self.at = end;
            Ok(Some(piece).filter(|piece| !piece.is_empty()))
        }

        fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
            if self.seekable {
                self.at = usize::try_from(offset).unwrap().min(self.file.len());
            }
            Ok(self.seekable)
        }
    }

    async fn read(file: &str, size: usize, from: u64, seekable: bool) -> Vec<(u64, String)> {
        let schema = Schema::built_in("users").unwrap();
        let bytes = Pieces { file: Bytes::copy_from_slice(file.as_bytes()), at: 0, size, seekable };
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

    #[tokio::test]
    async fn a_quote_left_open_is_told_and_not_read_for_ever() {
        let schema = Schema::built_in("users").unwrap();
        let file = format!("first,last,age,gender\n\"{}", "x".repeat(MAX_SOURCE_RECORD_BYTES + 1));
        let bytes = Pieces { file: file.into(), at: 0, size: 1 << 20, seekable: true };
        let mut source = CsvSource::new(bytes, schema, "test".into(), 0, 0);
        let error = source.next(&mut Vec::new()).await.unwrap_err();
        assert!(matches!(error, SourceError::TooLong { at: 22 }), "{error}");
    }

    #[tokio::test]
    async fn a_file_without_a_header_of_the_schema_is_refused() {
        for (file, expected) in [("", "empty"), ("a,b\n1,2\n", "header")] {
            let schema = Schema::built_in("users").unwrap();
            let bytes = Pieces { file: file.into(), at: 0, size: 100, seekable: true };
            let mut source = CsvSource::new(bytes, schema, "test".into(), 0, 0);
            let error = source.next(&mut Vec::new()).await.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
