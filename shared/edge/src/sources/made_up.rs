//! Made-up records of a schema, which are the same for the same seed.

use record_model::{RecordContext, Schema, made_up};
use serde::Deserialize;

use super::{Access, Found, Next, OpenError, Source, SourceError};

/// `count` records. A position is the index of a record.
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
        made_up::write(&self.schema, self.seed, position, &context, payload);
        Ok(Next::Record { position, next: self.next })
    }
}

/// `count` made-up records in each run, and never the same ones twice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeUpSpec {
    /// How many records one run gives.
    pub count: u64,
    /// The same seed gives the same records.
    #[serde(default)]
    pub seed: u64,
}

impl MadeUpSpec {
    pub(super) fn name(&self) -> String {
        format!("made-up:{}", self.seed)
    }

    #[allow(clippy::unused_async, reason = "every source is found by the same call")]
    pub(super) async fn find<O>(&self, access: &Access<'_, O>) -> Result<Found<MadeUpSource>, OpenError> {
        let (seed, now_ms, schema) = (self.seed, access.now_ms, access.schema.clone());
        let found = Found::new(move |start| {
            Ok(MadeUpSource::new(schema, seed, start.until, now_ms, start.resume.position))
        });
        Ok(Found { records_per_run: Some(self.count), ..found })
    }
}
