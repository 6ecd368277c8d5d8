//! `kinflow tail`: shows the records of streams, as they arrive or as they are stored.
//!
//! - `arguments` and `when`: what is read, from where to where.
//! - `streams`: the streams, of which each is polled or pushed; `checkpoint`: how far they were shown.
//! - `sink`: which records are wanted, and where they go, which is `form`, `stats` and `save`. They are opened and
//!   filtered by `edge::read_stream`.

mod arguments;
mod checkpoint;
mod form;
mod save;
mod sink;
mod stats;
mod streams;
pub(crate) mod when;

use std::error::Error;
use std::io;
use std::ops::ControlFlow;
use std::pin::pin;
use std::process::ExitCode;

use edge::schema_source::load_schema;
use futures::stream::StreamExt;
use record_model::Schema;
use serde_json::Value;

pub(crate) use arguments::Arguments;
use sink::Sink;
use streams::Tailed;

use crate::put::signals::Signals;
use crate::runtime;

/// Reads until a bound is reached or Ctrl-C. The exit code is 1 if a record could not be decoded or was
/// refused.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    runtime::on_one_thread(tail(arguments))
}

async fn tail(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut signals = Signals::listen()?;
    let aws = arguments.aws.settings().await?;
    let schema = match &arguments.schema {
        Some(name) => Some(load_schema(name, &aws).await?),
        None => None,
    };
    check_fields(arguments, schema.as_ref())?;
    let mut sink = Sink::new(arguments, schema)?;
    let mut streams = Tailed::new(arguments, &aws);
    let shown = match streams.prepare(arguments).await {
        Ok(checkpoint) => {
            sink.keep(checkpoint);
            show(&streams, &mut sink, &mut signals).await
        }
        Err(error) => Err(error),
    };
    let all_good = sink.all_good();
    let finished = sink.finish();
    tokio::select! {
        () = streams.close() => {}
        code = signals.next() => std::process::exit(code),
    }
    match (shown, finished) {
        // The reader of the output has seen enough.
        (Err(error), _) if is_pipe(&*error) => Ok(ExitCode::SUCCESS),
        (Err(error), finished) => {
            finished.unwrap_or_else(|error| eprintln!("warning: {error}"));
            Err(error)
        }
        (Ok(()), Err(error)) if !is_pipe(&*error) => Err(error),
        (Ok(()), _) if all_good => Ok(ExitCode::SUCCESS),
        (Ok(()), _) => Ok(ExitCode::FAILURE),
    }
}

/// Shows what comes, until enough was shown or a signal comes.
async fn show(
    streams: &Tailed<'_>,
    sink: &mut Sink<'_>,
    signals: &mut Signals,
) -> Result<(), Box<dyn Error>> {
    let mut events = pin!(streams.events());
    let mut stop = pin!(signals.next());
    loop {
        let next = tokio::select! {
            next = events.next() => next,
            _ = &mut stop => None,
        };
        let Some((stream, event)) = next else { return Ok(()) };
        let event = event.map_err(|error| streams.told(stream, error))?;
        if sink.take(stream, event)? == ControlFlow::Break(()) {
            return Ok(());
        }
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
