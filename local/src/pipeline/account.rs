//! The report of a run: the balance of its streams, what became of each data set, and a look into what was written.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::pipeline::balance::Balance;
use crate::pipeline::ledger::Counts;
use crate::pipeline::machine::Machine;
use crate::pipeline::refused;
use crate::pipeline::report::{DataSetReport, Report};
use crate::pipeline::second_look;
use crate::pipeline::source::{SourceTallies, SourceTally};
use crate::pipeline::takers::Takers;

/// Folders of a bucket with the objects of a data set.
const PREFIXES: [&str; 6] = ["typed", "enriched", "windows", "raw", "failed", "quarantine"];

/// Makes the report of a run whose workers have stopped, or are stopped with what they had in hand.
pub(crate) async fn account(
    machine: &Machine,
    takers: &Takers,
    tallies: &SourceTallies,
    took: Duration,
) -> Report {
    let mut report = Report { seconds: took.as_secs_f64(), ..Report::default() };
    let (counts, after, deleted) =
        (machine.ledger.counts(), machine.streams.counts(), machine.streams.deleted());
    let (topology, before) = (&machine.topology, &*takers.before);
    Balance { topology, before, after: &after, deleted: &deleted, counts: &counts }.check(&mut report);
    let looked = machine.delivered.look(machine, &mut report).await;
    unchecked("what was delivered", looked, &mut report);
    let mut data_sets = BTreeMap::new();
    for stream in &machine.topology.streams {
        let name = machine.data_set_of(&stream.name);
        let row: &mut DataSetReport = data_sets.entry(name.clone()).or_default();
        row.name = name;
        row.on_stream += counts.streams.get(stream.name.as_str()).map_or(0, |put| put.user_records);
        taken(machine, &stream.name, &counts, row);
        let looked = second_look::look((machine, takers), &stream.name, row, &mut report).await;
        unchecked(&format!("what was taken of stream {}", stream.name), looked, &mut report);
    }
    for (name, row) in &mut data_sets {
        produced(name, &tallies.of(name), row, &mut report);
        if row.quarantined > 0 {
            let reasons = refused::reasons(machine, name).await;
            refusals(name, row, reasons.as_deref().unwrap_or_default(), &mut report);
            unchecked(&format!("the quarantine of {name}"), reasons.map(drop), &mut report);
        }
        row.folders = folders(machine, name);
    }
    report.began_at_ms = machine.started_at_ms;
    report.timeline = machine.slots.timeline(topology, |stream| machine.data_set_of(stream));
    report.data_sets = data_sets.into_values().filter(had_records).collect();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let records = report.data_sets.iter().map(|row| row.on_stream).sum::<u64>() as f64;
    report.records_per_s = records / report.seconds.max(0.001);
    report
}

/// If something can't be checked, that is a problem of its own, and the rest of the report stands.
fn unchecked(what: &str, looked: Result<(), impl Error>, report: &mut Report) {
    if let Err(error) = looked {
        report.problems.push(format!("{what} can't be checked: {}", edge::logging::chain(&error)));
    }
}

/// Whether any record was read, put or written, in this run or by the rest of an earlier one.
fn had_records(row: &DataSetReport) -> bool {
    let written = [
        row.enriched,
        row.typed,
        row.raw,
        row.indexed,
        row.dropped,
        row.failed,
        row.quarantined,
        row.given_up,
    ];
    row.read > 0 || row.on_stream > 0 || written.iter().any(|records| *records > 0)
}

/// What the takers of a stream say that they did.
fn taken(machine: &Machine, stream: &str, counts: &Counts, row: &mut DataSetReport) {
    for ((_, of_stream), taken) in &counts.mappings {
        if &**of_stream == stream {
            row.given_up += taken.given_up;
        }
    }
    for delivery in machine.topology.deliveries.iter().filter(|delivery| delivery.stream == stream) {
        let Some(delivered) = counts.deliveries.get(delivery.name.as_str()) else { continue };
        let written = if delivery.processing.is_some() { &mut row.typed } else { &mut row.raw };
        *written += delivered.delivered;
        row.indexed += delivered.indexed;
        row.dropped += delivered.dropped;
        row.failed += delivered.failed;
        row.objects += delivered.objects;
    }
}

/// Compares what the producers of a data set answered with what its stream took.
fn produced(name: &str, tally: &SourceTally, row: &mut DataSetReport, report: &mut Report) {
    (row.read, row.put) = (tally.read, tally.put);
    row.quarantined += tally.quarantined;
    report.problems.extend(tally.problems.iter().cloned());
    if row.on_stream < row.put {
        report.problems.push(format!(
            "{name}: producers put {} records, and its stream took {}",
            row.put, row.on_stream
        ));
    } else if row.on_stream > row.put && row.put > 0 {
        report.notes.push(format!(
            "{name}: {} records more are on its stream than the producers of this run put",
            row.on_stream - row.put
        ));
    }
}

/// If all records of a data set were put aside, that is a problem. If only some were, it is a note.
fn refusals(name: &str, row: &DataSetReport, reasons: &str, report: &mut Report) {
    let of = row.read.max(row.on_stream);
    let (told, how_many) = if row.quarantined >= of {
        (&mut report.problems, format!("all {}", row.quarantined))
    } else {
        (&mut report.notes, format!("{} of {of}", row.quarantined))
    };
    told.push(format!("{name}: {how_many} records were refused and put aside:{reasons}"));
}

/// The existing folders with objects of a data set.
fn folders(machine: &Machine, data_set: &str) -> Vec<PathBuf> {
    let buckets = machine.topology.buckets.iter().map(|bucket| Path::new("s3").join(bucket));
    let candidates = buckets.flat_map(|bucket| PREFIXES.map(|prefix| bucket.join(prefix).join(data_set)));
    candidates.map(|folder| machine.folder.path().join(folder)).filter(|folder| folder.is_dir()).collect()
}
