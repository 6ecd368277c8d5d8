//! JSON lines: one object a line, as it is or as a row of the schema.

use bytes::{Buf, Bytes};
use record_model::{RecordError, Schema};

use super::{ByteSource, MAX_SOURCE_RECORD_BYTES, Next, Source, SourceError};

/// Lines of a file. LF, CR and CRLF end a line, blank lines and a byte order mark are passed over.
///
/// Where the data set travels as JSON a line is the payload, unread; where it travels as rows a line
/// is a document with the schema's fields.
pub struct JsonLinesSource<B> {
    bytes: B,
    schema: Schema,
    piece: Bytes,
    /// Where `piece` starts in the file.
    offset: u64,
    skip_to: u64,
}

impl<B: ByteSource> JsonLinesSource<B> {
    /// Starts at the line that begins at byte `position`, 0 for all.
    pub fn new(bytes: B, schema: Schema, position: u64) -> Self {
        Self { bytes, schema, piece: Bytes::new(), offset: 0, skip_to: position }
    }

    /// Reads a line into `line`; its start, or `None` at the end.
    async fn read_line(&mut self, line: &mut Vec<u8>) -> Result<Option<u64>, SourceError> {
        let mut start = self.offset;
        loop {
            if self.piece.is_empty() {
                match self.bytes.next_piece().await? {
                    Some(piece) => self.piece = piece,
                    None if line.is_empty() => return Ok(None),
                    None => return Ok(Some(start)),
                }
            }
            let end = memchr::memchr2(b'\n', b'\r', &self.piece);
            let taken = end.unwrap_or(self.piece.len());
            line.extend_from_slice(&self.piece.split_to(taken));
            self.offset += taken as u64;
            if line.len() > MAX_SOURCE_RECORD_BYTES {
                return Err(SourceError::TooLong { at: start });
            }
            if end.is_some() {
                self.piece.advance(1);
                self.offset += 1;
                if !line.is_empty() {
                    return Ok(Some(start));
                }
                start = self.offset;
            }
        }
    }

    async fn go_to_start(&mut self) -> Result<(), SourceError> {
        let target = std::mem::take(&mut self.skip_to);
        // The first piece tells a gzip file, which can't be sought in.
        self.piece = self.bytes.next_piece().await?.unwrap_or_default();
        if self.bytes.seek(target)? {
            (self.piece, self.offset) = (Bytes::new(), target);
            return Ok(());
        }
        while self.offset < target {
            let wanted = usize::try_from(target - self.offset).unwrap_or(usize::MAX);
            let skipped = wanted.min(self.piece.len());
            self.piece.advance(skipped);
            self.offset += skipped as u64;
            if self.piece.is_empty() {
                let Some(piece) = self.bytes.next_piece().await? else { return Ok(()) };
                self.piece = piece;
            }
        }
        Ok(())
    }
}

impl<B: ByteSource> Source for JsonLinesSource<B> {
    async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
        if self.skip_to > 0 {
            self.go_to_start().await?;
        }
        payload.clear();
        let Some(position) = self.read_line(payload).await? else {
            return Ok(Next::End { position: self.offset });
        };
        if position == 0 && payload.starts_with(b"\xEF\xBB\xBF") {
            payload.drain(..3);
        }
        match payload_of(&self.schema, payload) {
            Ok(()) => Ok(Next::Record { position, next: self.offset }),
            Err(error) => Ok(Next::Bad { position, next: self.offset, error }),
        }
    }
}

/// Makes of a JSON document the payload its data set travels as.
pub(super) fn payload_of(schema: &Schema, document: &mut Vec<u8>) -> Result<(), RecordError> {
    if schema.is_json() {
        return Ok(());
    }
    let mut row = Vec::with_capacity(document.len());
    schema.write_payload(document, &mut row)?;
    *document = row;
    Ok(())
}
