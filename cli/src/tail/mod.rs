//! `kinflow tail`: shows the records of streams, as they arrive or as they are stored.
//!
//! - `arguments` and `when`: what is read, from where to where.
//! - `sink`: which records are wanted, and where they go, which is `form`, `stats` and `save`. They are opened and
//!   filtered by `edge::read_stream`.

mod arguments;
mod form;
mod save;
mod sink;
mod stats;
pub(crate) mod when;

use std::error::Error;
use std::io;
use std::ops::ControlFlow;
use std::pin::pin;
use std::process::ExitCode;

use edge::aws::AwsSettings;
use edge::aws::kinesis_reader::StreamReader;
use edge::clock::now_ms;
use edge::read_stream::{Event, ReadError, ReadSettings, read_stream};
use edge::schema_source::load_schema;
use futures::stream::{Stream, StreamExt, select_all};
use record_model::Schema;
use serde_json::Value;
use tokio::time::Instant;

pub(crate) use arguments::Arguments;
use sink::Sink;
use when::Moment;

use crate::aws;

/// Reads until a bound is reached or Ctrl-C. The exit code is 1 if a record could not be decoded or was
/// refused.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tail(arguments))
}

async fn tail(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let aws = arguments.aws.settings().await?;
    let schema = match &arguments.schema {
        Some(name) => Some(load_schema(name, &aws).await?),
        None => None,
    };
    check_fields(arguments, schema.as_ref())?;
    let mut sink = Sink::new(arguments, schema)?;
    let mut events = pin!(events(arguments, &aws));
    let mut stop = pin!(tokio::signal::ctrl_c());
    loop {
        let next = tokio::select! {
            next = events.next() => next,
            _ = &mut stop => None,
        };
        let taken = match next {
            None => break,
            Some((stream, Ok(event))) => sink.take(stream, event),
            Some((stream, Err(error))) => Err(told(stream, &aws, error)),
        };
        match taken {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => break,
            // The reader of the output has seen enough.
            Err(error) if is_pipe(&*error) => return Ok(ExitCode::SUCCESS),
            Err(error) => {
                sink.finish().unwrap_or_else(|error| eprintln!("warning: {error}"));
                return Err(error);
            }
        }
    }
    let all_good = sink.all_good();
    match sink.finish() {
        Err(error) if !is_pipe(&*error) => Err(error),
        _ if all_good => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::FAILURE),
    }
}

/// What happens on all streams, with each stream's name, in the order of arrival.
fn events<'a>(
    arguments: &'a Arguments,
    aws: &AwsSettings,
) -> impl Stream<Item = (&'a str, Result<Event, ReadError>)> + use<'a> {
    let now_ms = now_ms();
    let settings = ReadSettings {
        from: arguments.from.from(now_ms),
        to_ms: arguments.to.as_ref().and_then(|to| Moment::end_ms(to, now_ms)),
        only_shard: arguments.shard.clone(),
        reads_per_s: arguments.reads,
        deadline: arguments.during.map(|during| Instant::now() + during),
        ..ReadSettings::default()
    };
    let reader = StreamReader::connect(aws);
    select_all(arguments.streams.iter().map(move |stream| {
        let events = read_stream(reader.clone(), stream, settings.clone());
        events.map(|event| (stream.as_str(), event)).boxed()
    }))
}

fn told(stream: &str, aws: &AwsSettings, error: ReadError) -> Box<dyn Error> {
    match error {
        ReadError::Service(error) => aws::advice(stream, aws, &error).into(),
        ReadError::Asked(error) => format!("stream {stream:?}: {error}").into(),
    }
}

fn is_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Refuses a field that the schema does not have. It is a slip of the pen, and no record would ever match.
fn check_fields(arguments: &Arguments, schema: Option<&Schema>) -> Result<(), String> {
    let Some(schema) = schema else { return Ok(()) };
    let known: Value = serde_json::from_str(&schema.json_schema()).unwrap_or_default();
    let Some(known) = known.get("properties").and_then(Value::as_object) else { return Ok(()) };
    let first = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
    let named = arguments.filter.iter().flat_map(|filter| filter.fields()).map(str::to_owned);
    let counted = arguments.stats.iter().filter(|name| !name.is_empty()).map(|name| first(name));
    match named.chain(counted).find(|name| !known.contains_key(name)) {
        Some(name) => {
            let known: Vec<&str> = known.keys().map(String::as_str).collect();
            Err(format!("schema {:?} has no field {name:?}; it has {}", schema.name(), known.join(", ")))
        }
        None => Ok(()),
    }
}
