//! The arguments of `kinflow tail`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use edge::read_stream::{Filter, READS_PER_S};

use super::form::Form;
use super::when::{Moment, duration};
use crate::aws::AwsArguments;

const AFTER_HELP: &str = "\
Examples:
  kinflow tail crime                                        what comes from now on
  kinflow tail crime --from start --to now -o json | jq .   all that is there
  kinflow tail crime --schema crime --where 'district == 3 and arrest' -n 10
  kinflow tail users --schema users --stats=age --for 30s   the running mean of a field
  kinflow tail crime --from 1h --schema crime --save slice.jsonl && kinflow put slice.jsonl --stream test
  kinflow tail crime --endpoint-url http://127.0.0.1:4567   the stream of `kinflow run`
  kinflow tail crime --resume alerts --where 'district == 3'  goes on where the last tail of this name ended
  kinflow tail crime --consumer debug                       by fan-out: takes no reads from the stream's other readers

Expressions: fields (a, user.name), numbers, 'texts', true, false, null; == != < <= > >=, ~ (contains);
and, or, not, parentheses. A missing field is null.

--resume keeps in NAME.tail.json how far each shard was shown, after the records were written out. A tail that was killed
shows its last records again and leaves none out. --consumer needs a name of its own for each reader at a time; AWS bills
a consumer by the hour and by what it reads, and a consumer that a killed tail left stays until it is deregistered.

Records are on standard output, notices on standard error. Control characters of records never reach a terminal.
Exit codes: 0, done; 1, a record could not be opened or was refused by the schema; 2, the stream could not be read.";

/// Which streams are read, from where to where, which records, and how they are shown.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The streams' names
    #[arg(required = true, value_name = "STREAM")]
    pub(super) streams: Vec<String>,
    /// Where to start: start, latest, 1h (ago), @2026-11-25T10:00 (UTC) or a sequence number; by default latest
    #[arg(long, value_parser = Moment::parse, value_name = "WHERE")]
    pub(super) from: Option<Moment>,
    /// Where to end: now, 10m (ago) or @2026-11-25T10:00
    #[arg(long, value_parser = Moment::parse_end, value_name = "WHEN")]
    pub(super) to: Option<Moment>,
    /// Read for this long, such as 30s
    #[arg(long = "for", value_parser = duration, value_name = "TIME")]
    pub(super) during: Option<Duration>,
    /// Stop after this many records
    #[arg(short = 'n', long)]
    pub(super) count: Option<u64>,
    /// Read only this shard, without its children
    #[arg(long, value_name = "ID")]
    pub(super) shard: Option<String>,
    /// Show only records with this partition key
    #[arg(long)]
    pub(super) key: Option<String>,
    /// Type or refuse records as the functions do, by the name of a built-in schema or a TOML file
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) schema: Option<String>,
    /// Show only records for which this holds, such as 'district == 3 and amount > 10'
    #[arg(long = "where", value_parser = Filter::parse, value_name = "EXPRESSION")]
    pub(super) filter: Option<Filter>,
    /// line, json, raw, fields:a,b, or a template: %t time, %k key, %v record, %s shard, %n number, %S stream
    #[arg(short, long, default_value = "line", value_parser = Form::parse, value_name = "FORM")]
    pub(super) output: Form,
    /// Show figures instead of records: counts, rate, skew and lag; --stats=FIELD adds that field's mean,
    /// least and greatest value
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "", value_name = "FIELD")]
    pub(super) stats: Option<String>,
    /// Write the records to a new file of JSON lines, which `put` and `run --input` accept
    #[arg(long, value_name = "FILE")]
    pub(super) save: Option<PathBuf>,
    /// Go on where the last tail of this name ended, and keep in NAME.tail.json how far this one comes; NAME may have
    /// folders. A new name begins at --from, and so does a stream that was created again
    #[arg(long, value_name = "NAME", value_parser = checkpoint_name, conflicts_with = "stats")]
    pub(super) resume: Option<PathBuf>,
    /// Have each shard's records pushed to this consumer (enhanced fan-out). A consumer that is registered is used; a new
    /// one is registered, and deregistered at the end
    #[arg(long, value_name = "NAME", conflicts_with = "reads")]
    pub(super) consumer: Option<String>,
    /// How often to read each shard in a second; a shard allows five reads to all its readers together
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=i64::from(READS_PER_S)))]
    pub(super) reads: u32,
    #[command(flatten)]
    pub(super) aws: AwsArguments,
}

/// A name, perhaps with the folder of its files.
fn checkpoint_name(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.file_name() {
        Some(name) if text.ends_with(&*name.to_string_lossy()) => Ok(path),
        _ => Err(format!("found {text:?}, expected a name such as alerts or state/alerts")),
    }
}
