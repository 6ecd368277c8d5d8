//! `kinflow event`: test events in every form that a function gets.

mod forms;
mod records;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use edge::clock::now_ms;
use edge::sources::SourceSpec;
use serde_json::{Value, json};

use forms::Envelope;

const AFTER_HELP: &str = "\
Examples:
  kinflow event kinesis --schema crime --count 5 --aggregate --gzip > event.json
  kinflow event kinesis --schema users --window --bad | kinflow decode -
  kinflow event firehose --schema crime --file examples/crime.csv
  kinflow event schedule --schema crime --source s3://bucket/crime.csv --format csv

The event is one line of JSON on standard output: feed it to `aws lambda invoke --payload` or `sam local invoke -e`.
Exit codes: 0, done; 2, it could not be made.";

/// Makes test events.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The event that a consumer gets
    Kinesis {
        #[command(flatten)]
        records: RecordArguments,
        /// Make the event of a tumbling window
        #[arg(long)]
        window: bool,
    },
    /// The event that a transform gets
    Firehose {
        #[command(flatten)]
        records: RecordArguments,
    },
    /// The event that a producer gets
    Schedule(ScheduleArguments),
}

/// Which records, and in which form.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct RecordArguments {
    /// The name of a built-in schema, or a TOML file
    #[arg(long, default_value = "crime", value_name = "NAME|FILE")]
    schema: String,
    /// How many records to make up, or the most to take from the file
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(..=10_000))]
    count: u64,
    /// The same seed makes up the same records, except for their times
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// CSV (.csv, .csv.gz) or JSON lines, instead of made-up records
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Add records that the schema refuses
    #[arg(long)]
    bad: bool,
    /// Compress each record
    #[arg(long, conflicts_with = "zstd")]
    gzip: bool,
    /// Compress each record with zstd instead
    #[arg(long)]
    zstd: bool,
    /// Put all records into KPL aggregates
    #[arg(long, conflicts_with = "chunks")]
    aggregate: bool,
    /// Cut each record into pieces of this many bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    chunks: Option<u32>,
    /// The stream that the event names
    #[arg(long, default_value = "crime")]
    stream: String,
}

#[derive(Debug, Args)]
struct ScheduleArguments {
    /// The name of a built-in schema, or `s3://bucket/key` of a TOML file
    #[arg(long, default_value = "crime")]
    schema: String,
    /// made-up, `s3://bucket/key` or `https://server/file`
    #[arg(long, default_value = "made-up")]
    source: String,
    /// csv or json-lines; by default the source's ending decides
    #[arg(long)]
    format: Option<String>,
    /// How many records to make up
    #[arg(long, default_value_t = 10)]
    count: u64,
}

/// Prints one event.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let event = match &arguments.command {
        Command::Kinesis { records, window } => {
            let envelope = Envelope::new(&records.stream, now_ms());
            envelope.kinesis(&records::make(records)?, *window)
        }
        Command::Firehose { records } => {
            let envelope = Envelope::new(&records.stream, now_ms());
            envelope.firehose(&records::make(records)?)
        }
        Command::Schedule(arguments) => schedule(arguments)?,
    };
    match io::stdout().write_all(format!("{event}\n").as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The event of a producer's schedule, in the form that the producer reads.
fn schedule(arguments: &ScheduleArguments) -> Result<Value, String> {
    let by_ending = || if records::is_csv(&arguments.source) { "csv" } else { "json-lines" }.to_owned();
    let format = arguments.format.clone().unwrap_or_else(by_ending);
    let source = match arguments.source.split_once("://") {
        None if arguments.source == "made-up" => {
            json!({"type": "made-up", "count": arguments.count, "seed": 7})
        }
        Some(("s3", place)) => {
            let (bucket, key) = place.split_once('/').ok_or("expected s3://bucket/key")?;
            json!({"type": "s3", "bucket": bucket, "key": key, "format": format})
        }
        Some(("http" | "https", _)) => json!({"type": "http", "url": arguments.source, "format": format}),
        _ => {
            return Err(format!(
                "source {:?}: expected made-up, s3://bucket/key or https://…",
                arguments.source
            ));
        }
    };
    serde_json::from_value::<SourceSpec>(source.clone())
        .map_err(|error| format!("source {:?}: {error}", arguments.source))?;
    Ok(json!({"schema": arguments.schema, "source": source}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(source: &str, format: Option<&str>) -> Result<Value, String> {
        schedule(&ScheduleArguments {
            schema: "crime".to_owned(),
            source: source.to_owned(),
            format: format.map(str::to_owned),
            count: 3,
        })
    }

    #[test]
    fn a_schedule_names_a_source_that_the_producer_knows() {
        assert_eq!(
            event("s3://b/rows.csv.gz", None).unwrap()["source"],
            json!({"type": "s3", "bucket": "b", "key": "rows.csv.gz", "format": "csv"})
        );
        assert_eq!(event("https://h/rows", None).unwrap()["source"]["format"], "json-lines");
        assert_eq!(event("made-up", None).unwrap()["source"]["count"], 3);
        assert!(event("s3://b", None).is_err() && event("ftp://b/c", None).is_err());
        assert!(event("https://h/rows", Some("xml")).unwrap_err().contains("xml"));
    }
}
