//! The source an event names, opened where the cursor says.

use std::sync::Arc;

use bytes::Bytes;
use edge::aws::Secrets;
use edge::ingest::Cursor;
use edge::sources::{
    ByteSource, CounterSource, CsvSource, HttpApi, HttpApiSource, HttpBytes, HttpClient, JsonLinesSource,
    MadeUpSource, MaybeGzip, Next, ObjectBytes, Resume, Source, SourceError,
};
use edge::store::{ObjectStore, StoreError};
use record_model::Schema;

use crate::event::{Event, Format, OnChange, Secret, SourceEvent};
use crate::handler::ProducerError;

/// Any source.
pub(crate) enum OpenedSource<S> {
    Csv(Box<CsvSource<MaybeGzip<AnyBytes<S>>>>),
    JsonLines(Box<JsonLinesSource<MaybeGzip<AnyBytes<S>>>>),
    HttpApi(Box<HttpApiSource>),
    MadeUp(MadeUpSource),
    Counter(CounterSource),
}

/// A file anywhere.
pub(crate) enum AnyBytes<S> {
    Object(ObjectBytes<S>),
    Http(Box<HttpBytes>),
}

impl<S: ObjectStore + 'static> ByteSource for AnyBytes<S> {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        match self {
            Self::Object(bytes) => bytes.next_piece().await,
            Self::Http(bytes) => bytes.next_piece().await,
        }
    }

    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        match self {
            Self::Object(bytes) => bytes.seek(offset),
            Self::Http(bytes) => bytes.seek(offset),
        }
    }
}

/// A source and the cursor it starts from.
pub(crate) struct Opened<S> {
    pub(crate) source: OpenedSource<S>,
    pub(crate) cursor: Cursor,
}

/// What sources are opened with.
pub(crate) struct Means<'a, O> {
    pub(crate) schema: &'a Schema,
    pub(crate) now_ms: i64,
    pub(crate) open_bucket: &'a O,
    pub(crate) secrets: &'a Secrets,
}

/// Opens the source of an event where the cursor stands, or at its start if it is another by now.
pub(crate) async fn open<S, O>(
    event: &Event,
    cursor: &Cursor,
    means: &Means<'_, O>,
) -> Result<Opened<S>, ProducerError>
where
    S: ObjectStore + 'static,
    O: Fn(&str) -> Result<S, StoreError>,
{
    let schema = means.schema.clone();
    match &event.source {
        SourceEvent::S3 { bucket, key, format } => {
            let store = Arc::new((means.open_bucket)(bucket)?);
            let object = ObjectBytes::open(store, bucket, key).await?;
            let version = object.etag().to_string();
            let cursor = same_version(cursor, &version, event.on_change)?;
            let bytes = AnyBytes::Object(object);
            Ok(Opened { source: of_file(bytes, *format, event, means, &cursor), cursor })
        }
        SourceEvent::Http { url, format } => {
            let file = HttpBytes::open(HttpClient::new()?, url).await?;
            let version = file.version().unwrap_or("unknown").to_owned();
            let cursor = same_version(cursor, &version, event.on_change)?;
            let bytes = AnyBytes::Http(Box::new(file));
            Ok(Opened { source: of_file(bytes, *format, event, means, &cursor), cursor })
        }
        SourceEvent::HttpApi { api, bearer } => of_api(api.clone(), bearer.as_ref(), cursor, means).await,
        SourceEvent::Tweets { query, bearer, base_url } => {
            of_api(HttpApi::recent_search(base_url, query)?, Some(bearer), cursor, means).await
        }
        SourceEvent::MadeUp { count, seed } => {
            let (from, until) = next_run(cursor, *count);
            let source = OpenedSource::MadeUp(MadeUpSource::new(schema, *seed, until, means.now_ms, from));
            Ok(Opened { source, cursor: going_to(cursor, until) })
        }
        SourceEvent::Counter { count } => {
            let (from, until) = next_run(cursor, *count);
            let source = OpenedSource::Counter(CounterSource::new(until, from));
            Ok(Opened { source, cursor: going_to(cursor, until) })
        }
    }
}

fn of_file<S: ObjectStore + 'static, O>(
    bytes: AnyBytes<S>,
    format: Format,
    event: &Event,
    means: &Means<'_, O>,
    cursor: &Cursor,
) -> OpenedSource<S> {
    let (bytes, schema, position) = (MaybeGzip::new(bytes), means.schema.clone(), cursor.resume.position);
    match format {
        Format::Csv => {
            let name = event.source.name();
            OpenedSource::Csv(Box::new(CsvSource::new(bytes, schema, name, means.now_ms, position)))
        }
        Format::JsonLines => OpenedSource::JsonLines(Box::new(JsonLinesSource::new(bytes, schema, position))),
    }
}

async fn of_api<S, O>(
    api: HttpApi,
    bearer: Option<&Secret>,
    cursor: &Cursor,
    means: &Means<'_, O>,
) -> Result<Opened<S>, ProducerError> {
    let bearer = match bearer {
        Some(secret) => Some(means.secrets.get(&secret.name, secret.field.as_deref()).await?),
        None => None,
    };
    let (client, schema) = (HttpClient::new()?, means.schema.clone());
    let source = HttpApiSource::new(client, api, bearer.as_deref(), schema, &cursor.resume)?;
    Ok(Opened { source: OpenedSource::HttpApi(Box::new(source)), cursor: cursor.clone() })
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
            Self::HttpApi(source) => source.next(payload).await,
            Self::MadeUp(source) => source.next(payload).await,
            Self::Counter(source) => source.next(payload).await,
        }
    }

    fn resume_at(&self, position: u64) -> Resume {
        match self {
            Self::HttpApi(source) => source.resume_at(position),
            Self::Csv(source) => source.resume_at(position),
            Self::JsonLines(source) => source.resume_at(position),
            Self::MadeUp(source) => source.resume_at(position),
            Self::Counter(source) => source.resume_at(position),
        }
    }
}
