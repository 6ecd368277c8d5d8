//! The records of an event: made up or from a file, with bad ones if asked for, and their wrappings.

use std::error::Error;
use std::fs;
use std::path::Path;

use edge::aws::AwsSettings;
use edge::clock::now_ms;
use edge::schema_source::load_schema;
use edge::sources::{FileForm, FileSource, Format, Next, ReadBytes, Source as _};
use record_model::chunk::{OVERHEAD_BYTES, split};
use record_model::compress::{Gzip, Zstd};
use record_model::kpl::{Aggregator, Draft};
use record_model::{RecordContext, Schema, made_up};

use super::RecordArguments;

/// The largest Kinesis record in an event, since an event has at most 6 MiB.
const MAX_RECORD_BYTES: usize = 1 << 20;

/// A Kinesis record.
pub(super) struct Record {
    pub(super) key: String,
    pub(super) data: Vec<u8>,
}

pub(super) fn make(arguments: &RecordArguments) -> Result<Vec<Record>, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let schema = runtime.block_on(load_schema(&arguments.schema, &AwsSettings::default()))?;
    let mut payloads = match &arguments.file {
        Some(path) => runtime.block_on(of_file(path, &schema, arguments.count))?,
        None => made_up(&schema, arguments),
    };
    if arguments.bad {
        payloads.extend(
            made_up::bad_payloads(&schema, arguments.seed, &now()).into_iter().map(|bad| bad.payload),
        );
    }
    let payloads = compressed(payloads, arguments)?;
    let keyed = |(index, data)| Record { key: format!("key-{index}"), data };
    let records: Vec<Record> = payloads.into_iter().enumerate().map(keyed).collect();
    if arguments.aggregate {
        return aggregated(&records);
    }
    match arguments.chunks {
        Some(bytes) => in_chunks(&records, usize::try_from(bytes)?, arguments.seed),
        None => Ok(records),
    }
}

fn now() -> RecordContext<'static> {
    RecordContext { ingested_at_ms: now_ms(), ..RecordContext::default() }
}

fn made_up(schema: &Schema, arguments: &RecordArguments) -> Vec<Vec<u8>> {
    let row = |index| {
        let mut row = Vec::new();
        made_up::write(schema, arguments.seed, index, &now(), &mut row);
        row
    };
    (0..arguments.count).map(row).collect()
}

/// Whether a name is that of a CSV file.
pub(super) fn is_csv(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    Path::new(name.strip_suffix(".gz").unwrap_or(&name)).extension().is_some_and(|ending| ending == "csv")
}

async fn of_file(path: &Path, schema: &Schema, count: u64) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let name = path.display().to_string();
    let file = fs::File::open(path).map_err(|error| format!("{name}: {error}"))?;
    let format = if is_csv(&name) { Format::Csv } else { Format::JsonLines };
    let form = FileForm { format, schema: schema.clone(), name, ingested_at_ms: now_ms() };
    let mut source = FileSource::new(ReadBytes::new(file), form, 0);
    let (mut payloads, mut payload) = (Vec::new(), Vec::new());
    while (payloads.len() as u64) < count {
        match source.next(&mut payload).await? {
            Next::Record { .. } | Next::Bad { .. } => payloads.push(payload.clone()),
            _ => break,
        }
    }
    Ok(payloads)
}

fn compressed(payloads: Vec<Vec<u8>>, arguments: &RecordArguments) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let (mut gzip, mut zstd) = (Gzip::new(6), Zstd::new(3));
    let mut all = Vec::with_capacity(payloads.len());
    for payload in payloads {
        let mut out = Vec::new();
        if arguments.gzip {
            gzip.write(&payload, None, &mut out)?;
        } else if arguments.zstd {
            zstd.write(&payload, None, &mut out)?;
        } else {
            out = payload;
        }
        all.push(out);
    }
    Ok(all)
}

/// The fewest aggregates that hold the records.
fn aggregated(records: &[Record]) -> Result<Vec<Record>, Box<dyn Error>> {
    let (mut aggregator, mut all) = (Aggregator::new(MAX_RECORD_BYTES), Vec::new());
    let mut close = |aggregator: &mut Aggregator| {
        let whole = std::mem::replace(aggregator, Aggregator::new(MAX_RECORD_BYTES)).finish();
        all.extend(whole.map(|whole| Record { key: "aggregate".to_owned(), data: whole.data }));
    };
    for Record { key, data } in records {
        let draft = Draft { partition_key: key, explicit_hash_key: None, data };
        if !aggregator.push(&draft) {
            close(&mut aggregator);
            if !aggregator.push(&draft) {
                return Err(format!("a record of {} bytes is too large for an aggregate", data.len()).into());
            }
        }
    }
    close(&mut aggregator);
    Ok(all)
}

fn in_chunks(records: &[Record], bytes: usize, seed: u64) -> Result<Vec<Record>, Box<dyn Error>> {
    let mut all = Vec::new();
    for (id, Record { key, data }) in (u128::from(seed)..).zip(records) {
        for chunk in split(data, id, OVERHEAD_BYTES + bytes)? {
            let mut framed = Vec::new();
            chunk.write(&mut framed);
            all.push(Record { key: key.clone(), data: framed });
        }
    }
    Ok(all)
}
