//! The source an event names, opened where the cursor says.

use std::sync::Arc;

use edge::sources::{
    CounterSource, CsvSource, JsonLinesSource, MadeUpSource, MaybeGzip, Next, ObjectBytes, Source, SourceError,
};
use edge::{Cursor, ObjectStore, StoreError};
use record_model::Schema;

use crate::event::{Event, Format, OnChange, SourceEvent};
use crate::handler::ProducerError;

/// Any source.
pub(crate) enum OpenedSource<S> {
    Csv(CsvSource<MaybeGzip<ObjectBytes<S>>>),
    JsonLines(JsonLinesSource<MaybeGzip<ObjectBytes<S>>>),
    MadeUp(MadeUpSource),
    Counter(CounterSource),
}

/// A source and the cursor it starts from.
pub(crate) struct Opened<S> {
    pub(crate) source: OpenedSource<S>,
    pub(crate) cursor: Cursor,
}

/// Opens the source of an event where the cursor stands, or at its start if it is another by now.
pub(crate) async fn open<S: ObjectStore + 'static>(
    event: &Event,
    schema: &Schema,
    cursor: &Cursor,
    now_ms: i64,
    open_bucket: impl Fn(&str) -> Result<S, StoreError>,
) -> Result<Opened<S>, ProducerError> {
    let (bucket, key, format) = match &event.source {
        SourceEvent::S3 { bucket, key, format } => (bucket, key, *format),
        SourceEvent::MadeUp { count, seed } => {
            let (from, until) = next_run(cursor, *count);
            let source = MadeUpSource::new(schema.clone(), *seed, until, now_ms, from);
            return Ok(Opened { source: OpenedSource::MadeUp(source), cursor: going_to(cursor, until) });
        }
        SourceEvent::Counter { count } => {
            let (from, until) = next_run(cursor, *count);
            let source = OpenedSource::Counter(CounterSource::new(until, from));
            return Ok(Opened { source, cursor: going_to(cursor, until) });
        }
    };
    let store = Arc::new(open_bucket(bucket)?);
    let object = ObjectBytes::open(store, bucket, key).await?;
    let version = object.etag().to_string();
    let cursor = same_version(cursor, &version, event.on_change)?;
    let position = cursor.resume.position;
    let bytes = MaybeGzip::new(object);
    let source = match format {
        Format::Csv => {
            let name = event.source.name();
            OpenedSource::Csv(CsvSource::new(bytes, schema.clone(), name, now_ms, position))
        }
        Format::JsonLines => OpenedSource::JsonLines(JsonLinesSource::new(bytes, schema.clone(), position)),
    };
    Ok(Opened { source, cursor })
}

/// From where to where: the rest of a run that was cut short, or the next one.
fn next_run(cursor: &Cursor, count: u64) -> (u64, u64) {
    let from = cursor.resume.position;
    let rest = cursor.until.filter(|_| !cursor.done);
    (from, rest.unwrap_or_else(|| from.saturating_add(count)))
}

fn going_to(cursor: &Cursor, until: u64) -> Cursor {
    Cursor { until: Some(until), ..cursor.clone() }
}

/// The cursor for this version of the source.
fn same_version(cursor: &Cursor, version: &str, on_change: OnChange) -> Result<Cursor, ProducerError> {
    let fresh = Cursor { source_version: Some(version.to_owned()), ..Cursor::default() };
    match &cursor.source_version {
        None => Ok(fresh),
        Some(known) if known == version => Ok(cursor.clone()),
        Some(_) if on_change == OnChange::Fail => Err(ProducerError::SourceReplaced),
        Some(_) => {
            tracing::warn!("the source was written anew, reading it from its start");
            Ok(fresh)
        }
    }
}

impl<S: ObjectStore + 'static> Source for OpenedSource<S> {
    async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
        match self {
            Self::Csv(source) => source.next(payload).await,
            Self::JsonLines(source) => source.next(payload).await,
            Self::MadeUp(source) => source.next(payload).await,
            Self::Counter(source) => source.next(payload).await,
        }
    }
}
