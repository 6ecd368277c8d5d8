//! Made-up records of a schema, the same for the same seed.

use record_model::{RecordContext, Schema};

use super::{Next, Source, SourceError};

/// `count` records; a position is a record's index.
#[derive(Debug)]
pub struct MadeUpSource {
    schema: Schema,
    seed: u64,
    count: u64,
    next: u64,
    ingested_at_ms: i64,
}

impl MadeUpSource {
    /// Starts at the record of index `position`.
    pub fn new(schema: Schema, seed: u64, count: u64, ingested_at_ms: i64, position: u64) -> Self {
        Self { schema, seed, count, next: position, ingested_at_ms }
    }
}

impl Source for MadeUpSource {
    async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
        payload.clear();
        let position = self.next;
        if position >= self.count {
            return Ok(Next::End { position });
        }
        self.next += 1;
        let context = RecordContext {
            ingested_at_ms: self.ingested_at_ms,
            source: Some("made-up"),
            offset: Some(position),
            ..RecordContext::default()
        };
        self.schema.write_made_up(self.seed, position, &context, payload);
        Ok(Next::Record { position, next: self.next })
    }
}
