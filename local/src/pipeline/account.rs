//! The report of a run: the balance of its streams, what became of each data set, and a look into what was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::RunError;
use crate::pipeline::balance::Balance;
use crate::pipeline::ledger::Counts;
use crate::pipeline::machine::Machine;
use crate::pipeline::report::{DataSetReport, Report};
use crate::pipeline::second_look;
use crate::pipeline::source::{SourceTallies, SourceTally};
use crate::pipeline::takers::Takers;

/// Folders of a bucket with the objects of a data set.
const PREFIXES: [&str; 6] = ["typed", "enriched", "windows", "raw", "failed", "quarantine"];

/// The report of a run whose workers have stopped, or are stopped with what they had in hand.
pub(crate) async fn account(
    machine: &Machine,
    takers: &Takers,
    tallies: &SourceTallies,
    took: Duration,
) -> Result<Report, RunError> {
    let mut report = Report { seconds: took.as_secs_f64(), ..Report::default() };
    let (counts, after) = (machine.ledger.counts(), machine.streams.counts());
    let balance =
        Balance { topology: &machine.topology, before: &takers.before, after: &after, counts: &counts };
    balance.check(&mut report);
    let mut data_sets = BTreeMap::new();
    for stream in &machine.topology.streams {
        let name = machine.data_set_of(&stream.name);
        let row: &mut DataSetReport = data_sets.entry(name.clone()).or_default();
        row.name = name;
        row.on_stream += counts.streams.get(stream.name.as_str()).map_or(0, |put| put.user_records);
        taken(machine, &stream.name, &counts, row);
        second_look::look((machine, takers), &stream.name, row, &mut report).await?;
    }
    for (name, row) in &mut data_sets {
        produced(name, &tallies.of(name), row, &mut report);
        row.folders = folders(machine, name);
    }
    report.data_sets = data_sets.into_values().filter(|row| row.read > 0 || row.on_stream > 0).collect();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let records = report.data_sets.iter().map(|row| row.on_stream).sum::<u64>() as f64;
    report.records_per_s = records / report.seconds.max(0.001);
    Ok(report)
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
        row.dropped += delivered.dropped;
        row.failed += delivered.failed;
        row.objects += delivered.objects;
    }
}

/// What the producers of a data set answered, against what its stream took.
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
    if row.quarantined > 0 && row.quarantined >= row.read.max(row.on_stream) {
        report.problems.push(format!("{name}: all {} records were refused and put aside", row.quarantined));
    }
}

/// The folders with objects of a data set that are there.
fn folders(machine: &Machine, data_set: &str) -> Vec<PathBuf> {
    let buckets = machine.topology.buckets.iter().map(|bucket| Path::new("s3").join(bucket));
    let candidates = buckets.flat_map(|bucket| PREFIXES.map(|prefix| bucket.join(prefix).join(data_set)));
    candidates.map(|folder| machine.folder.path().join(folder)).filter(|folder| folder.is_dir()).collect()
}
