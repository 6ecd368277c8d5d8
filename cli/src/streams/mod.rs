//! `kinflow streams`: creates, describes, changes and deletes streams, and waits until each change is done.

mod wait;

use std::error::Error;
use std::io::{self, BufRead, IsTerminal};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use edge::aws::AwsSettings;
use edge::aws::kinesis_reader::ReaderError;
use edge::aws::kinesis_streams::{Capacity, Described, Listed, Streams};
use serde_json::{Value, json};

pub(crate) use wait::{until_active, until_gone};

use crate::aws::{AwsArguments, advice};
use crate::output::{Output, say};
use crate::runtime;
use crate::shards::ruled;

const AFTER_HELP: &str = "\
Examples:
  kinflow streams create crime --shards 2 --if-absent
  kinflow streams list --endpoint-url http://127.0.0.1:4567
  kinflow streams retention crime 48
  kinflow streams record-size crime 10240
  kinflow streams delete crime --yes --region eu-west-1

Each command waits until the stream is ready again.
Exit codes: 0, done; 2, it could not be done.";

/// Creates, describes, changes and deletes streams.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Creates a stream
    Create {
        /// Its name
        stream: String,
        /// How many shards; each takes 1,000 records and 1 MiB a second
        #[arg(long, default_value_t = 1, conflicts_with = "on_demand")]
        shards: u32,
        /// Let the service decide the number of shards
        #[arg(long)]
        on_demand: bool,
        /// Do nothing if the stream exists
        #[arg(long)]
        if_absent: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Describes a stream and its present state
    Describe {
        /// Its name
        stream: String,
        #[command(flatten)]
        common: Common,
    },
    /// Lists all streams
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Deletes a stream with all its records
    Delete {
        /// Its name
        stream: String,
        /// Delete without asking
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Sets how long records are kept
    Retention {
        /// The stream's name
        stream: String,
        /// 24 to 8,760 hours; older records are gone at once
        #[arg(value_parser = clap::value_parser!(i32).range(24..=8_760))]
        hours: i32,
        #[command(flatten)]
        common: Common,
    },
    /// Sets the size limit of a record
    RecordSize {
        /// The stream's name
        stream: String,
        /// The limit in KiB, 1,024 to 10,240
        #[arg(value_parser = clap::value_parser!(i32).range(1_024..=10_240), value_name = "KIB")]
        kib: i32,
        #[command(flatten)]
        common: Common,
    },
}

/// The options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) aws: AwsArguments,
}

/// Does what is asked for, and waits until it is done.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    runtime::on_one_thread(act(&arguments.command))
}

async fn act(command: &Command) -> Result<ExitCode, Box<dyn Error>> {
    let aws = command.common().aws.settings().await?;
    let streams = Streams::connect(&aws);
    let failed = |stream: &str| {
        let (stream, aws) = (stream.to_owned(), aws.clone());
        move |error: ReaderError| advice(&stream, &aws, &error)
    };
    match command {
        Command::List { common } => {
            let found = streams.list().await.map_err(failed("*"))?;
            say(common.output, &list_text(&found), &Value::Array(found.iter().map(listed).collect()));
        }
        Command::Describe { stream, common } => {
            let found = streams.describe(stream).await.map_err(failed(stream))?;
            say(common.output, &describe_text(&found), &described(&found));
        }
        Command::Create { stream, shards, on_demand, if_absent, .. } => {
            let capacity = if *on_demand { Capacity::OnDemand } else { Capacity::Shards(*shards) };
            match streams.create(stream, capacity).await {
                Err(error) if *if_absent && is_there(&error) => {
                    eprintln!("stream {stream:?} exists already");
                }
                outcome => outcome.map_err(failed(stream))?,
            }
            until_active(&streams, stream).await.map_err(failed(stream))?;
        }
        Command::Delete { stream, yes, .. } => {
            streams.describe(stream).await.map_err(failed(stream))?;
            if !yes {
                confirm(stream, &aws)?;
            }
            streams.delete(stream).await.map_err(failed(stream))?;
            until_gone(&streams, stream).await.map_err(failed(stream))?;
        }
        Command::Retention { stream, hours, .. } => {
            retention(&streams, stream, *hours).await.map_err(failed(stream))?;
        }
        Command::RecordSize { stream, kib, .. } => {
            let found = streams.describe(stream).await.map_err(failed(stream))?;
            if found.max_record_kib != Some(*kib) {
                streams.set_record_size(&found.arn, *kib).await.map_err(failed(stream))?;
                until_active(&streams, stream).await.map_err(failed(stream))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Command {
    fn common(&self) -> &Common {
        let (Self::Create { common, .. }
        | Self::Describe { common, .. }
        | Self::List { common }
        | Self::Delete { common, .. }
        | Self::Retention { common, .. }
        | Self::RecordSize { common, .. }) = self;
        common
    }
}

async fn retention(streams: &Streams, stream: &str, hours: i32) -> Result<(), ReaderError> {
    let now = streams.describe(stream).await?.retention_hours;
    match hours.cmp(&now) {
        std::cmp::Ordering::Less => streams.decrease_retention(stream, hours).await?,
        std::cmp::Ordering::Greater => streams.increase_retention(stream, hours).await?,
        std::cmp::Ordering::Equal => {}
    }
    until_active(streams, stream).await
}

fn is_there(error: &ReaderError) -> bool {
    matches!(error, ReaderError::Failed { code, .. } if code == "ResourceInUseException")
}

/// Asks on the terminal. Without a terminal, nobody can be asked.
fn confirm(stream: &str, aws: &AwsSettings) -> Result<(), Box<dyn Error>> {
    if !io::stdin().is_terminal() {
        return Err(
            format!("stream {stream:?} would be deleted with all its records: confirm with --yes").into()
        );
    }
    let place = crate::aws::endpoint(aws);
    eprintln!(
        "stream {stream:?} at {place} will be deleted with all its records; type its name to continue:"
    );
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == stream { Ok(()) } else { Err("nothing was deleted".into()) }
}

fn list_text(streams: &[Listed]) -> String {
    let heading = ["stream", "status", "mode", "made"].map(str::to_owned).to_vec();
    let rows = streams.iter().map(|stream| {
        vec![stream.name.clone(), stream.status.clone(), stream.mode.clone(), time(stream.created_at_ms)]
    });
    ruled(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

fn describe_text(found: &Described) -> String {
    let size = found.max_record_kib.map_or("unknown".to_owned(), |kib| format!("{kib} KiB"));
    format!(
        "{}\n  arn          {}\n  status       {}\n  mode         {}\n  open shards  {}\n  retention    {} h\n  \
         record size  {size}\n  consumers    {}\n  encryption   {}\n  made         {}\n",
        found.listed.name,
        found.arn,
        found.listed.status,
        found.listed.mode,
        found.open_shards,
        found.retention_hours,
        found.consumers,
        found.encryption,
        time(found.listed.created_at_ms),
    )
}

fn listed(stream: &Listed) -> Value {
    let Listed { name, status, mode, created_at_ms } = stream;
    json!({"name": name, "status": status, "mode": mode, "createdAt": time(*created_at_ms)})
}

fn described(found: &Described) -> Value {
    let Listed { name, status, mode, created_at_ms } = &found.listed;
    json!({
        "name": name,
        "status": status,
        "mode": mode,
        "createdAt": time(*created_at_ms),
        "arn": found.arn,
        "openShards": found.open_shards,
        "retentionHours": found.retention_hours,
        "maxRecordKib": found.max_record_kib,
        "consumers": found.consumers,
        "encryption": found.encryption,
    })
}

fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default().to_string()
}
