//! The last look: every record put on every stream is looked for in what was written.

use std::collections::BTreeMap;
use std::time::Duration;

use record_model::{Content, Decoder, Limits};

use crate::aws::event_source::Mapping;
use crate::aws::firehose::user_records_in;
use crate::aws::stream::read_through;
use crate::error::RunError;
use crate::pipeline::machine::Machine;
use crate::pipeline::messages::{Messages, Piece, Place};
use crate::pipeline::position::{Position, id};
use crate::pipeline::report::{DataSetReport, MAX_NAMED, Report};
use crate::pipeline::source::SourceTallies;
use crate::pipeline::written::{self, Written};

/// Bytes one record may open to while it is checked.
const MAX_RECORD_BYTES: usize = 64 << 20;

/// The report of a run whose workers have stopped.
pub(crate) async fn account(
    machine: &Machine,
    tallies: &SourceTallies,
    took: Duration,
) -> Result<Report, RunError> {
    let mut report = Report { seconds: took.as_secs_f64(), ..Report::default() };
    let mut data_sets = BTreeMap::new();
    for stream in &machine.topology.streams {
        let data_set = machine.data_set_of(&stream.name);
        let counts = data_sets
            .entry(data_set.clone())
            .or_insert_with(|| DataSetReport { name: data_set, ..DataSetReport::default() });
        check_stream(machine, &stream.name, counts, &mut report).await?;
    }
    for (data_set, counts) in &mut data_sets {
        let tally = tallies.of(data_set);
        (counts.read, counts.put) = (tally.read, tally.put);
        counts.quarantined += tally.quarantined;
        report.problems.extend(tally.problems);
        if counts.on_stream < counts.put {
            let problem = format!(
                "{data_set}: producers put {} records, {} are on the stream",
                counts.put, counts.on_stream
            );
            report.problems.push(problem);
        }
    }
    report.data_sets =
        data_sets.into_values().filter(|counts| counts.read > 0 || counts.on_stream > 0).collect();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let records = report.data_sets.iter().map(|counts| counts.on_stream).sum::<u64>() as f64;
    report.records_per_s = records / report.seconds.max(0.001);
    Ok(report)
}

/// What has to have every record of one stream.
struct Takers<'a> {
    mappings: Vec<(&'a Mapping, Written)>,
    /// The delivery streams, with how many user records of each have ended.
    deliveries: Vec<(&'a str, u64)>,
}

async fn check_stream(
    machine: &Machine,
    stream: &str,
    counts: &mut DataSetReport,
    report: &mut Report,
) -> Result<(), RunError> {
    let takers = takers(machine, stream, counts, report).await?;
    let mut messages = Messages::default();
    let mut user_records = 0;
    let mut decoder = Decoder::new(Limits { record_bytes_out: MAX_RECORD_BYTES, ..Limits::default() });
    let read = read_through(&machine.reader, stream, |shard_id, record| {
        user_records += user_records_in(&record.data);
        decoder.start_batch();
        let mut subs = Vec::new();
        let whole = decoder.decode(&record.data, &mut |user_record| {
            let piece = match &user_record.content {
                Ok(Content::Chunk(chunk)) => Some(Piece::of(chunk)),
                _ => None,
            };
            subs.push((user_record.sub_sequence_number, piece));
        });
        if whole.is_err() {
            subs = vec![(None, None)];
        }
        for (sub, piece) in subs {
            counts.on_stream += 1;
            let (sequence_number, is_chunk) = (&record.sequence_number, piece.is_some());
            if let Some(piece) = piece {
                let (shard_id, sequence_number) = (shard_id.to_owned(), sequence_number.clone());
                messages.add(piece, Place { shard_id, sequence_number, sub });
            }
            takers.look_for(&Looked { stream, shard_id, sequence_number, sub, is_chunk }, counts, report);
        }
    });
    read.await.map_err(|source| RunError::Stream { stream: stream.to_owned(), source })?;
    for (delivery, ended) in takers.deliveries {
        compare(report, delivery, user_records, ended);
    }
    for (mapping, written) in &takers.mappings {
        let by = |name: String| format!("{name} by {}", mapping.settings.function);
        messages.look_for(stream, written, |times, name| note(report, times, || by(name)));
    }
    Ok(())
}

async fn takers<'a>(
    machine: &'a Machine,
    stream: &str,
    counts: &mut DataSetReport,
    report: &mut Report,
) -> Result<Takers<'a>, RunError> {
    let mut mappings = Vec::new();
    for mapping in machine.mappings.iter().filter(|mapping| mapping.settings.stream == stream) {
        let written = written::by_consumer(machine, mapping).await?;
        counts.quarantined += written.quarantined;
        counts.given_up += mapping.tally().given_up;
        lost_windows(mapping, report);
        counts.objects += written.objects;
        mappings.push((&**mapping, written));
    }
    let mut deliveries = Vec::new();
    let told = machine.ledger.counts().deliveries;
    for delivery in machine.topology.deliveries.iter().filter(|delivery| delivery.stream == stream) {
        let tally = told.get(delivery.name.as_str()).cloned().unwrap_or_default();
        let written = if delivery.processing.is_some() { &mut counts.typed } else { &mut counts.raw };
        *written += tally.delivered;
        counts.dropped += tally.dropped;
        counts.failed += tally.failed;
        counts.objects += tally.objects;
        deliveries.push((delivery.name.as_str(), tally.delivered + tally.dropped + tally.failed));
    }
    Ok(Takers { mappings, deliveries })
}

fn lost_windows(mapping: &Mapping, report: &mut Report) {
    let lost = mapping.tally().windows_lost;
    if lost > 0 {
        report.problems.push(format!("{}: {lost} windows could not be closed", mapping.settings.function));
    }
}

/// A user record that was read from its stream again.
struct Looked<'a> {
    stream: &'a str,
    shard_id: &'a str,
    sequence_number: &'a str,
    sub: Option<u64>,
    /// A piece of a message has no line of its own: [`Messages`] look for it.
    is_chunk: bool,
}

impl Takers<'_> {
    fn look_for(&self, record: &Looked<'_>, counts: &mut DataSetReport, report: &mut Report) {
        let Looked { stream, shard_id, sequence_number, sub, is_chunk } = *record;
        let position = Position::of_record(stream, shard_id, sequence_number, sub);
        let id = || id(stream, shard_id, sequence_number, sub);
        for (mapping, written) in &self.mappings {
            counts.enriched += u64::from(written.lines_of(position));
            if !is_chunk {
                let times = written.times(stream, shard_id, sequence_number, sub);
                note(report, times, || format!("{} by {}", id(), mapping.settings.function));
            }
        }
    }
}

/// Notes a delivery stream of which more or fewer user records ended than its stream has.
fn compare(report: &mut Report, delivery: &str, on_stream: u64, ended: u64) {
    report.missing_records += on_stream.saturating_sub(ended);
    report.doubled_records += ended.saturating_sub(on_stream);
    let names = if ended < on_stream { &mut report.missing } else { &mut report.doubled };
    if ended != on_stream && names.len() < MAX_NAMED {
        names.push(format!("{} of {on_stream} records by {delivery}", on_stream.abs_diff(ended)));
    }
}

fn note(report: &mut Report, times: u32, name: impl FnOnce() -> String) {
    let (records, names) = match times {
        0 => (&mut report.missing_records, &mut report.missing),
        1 => return,
        _ => (&mut report.doubled_records, &mut report.doubled),
    };
    *records += 1;
    if names.len() < MAX_NAMED {
        names.push(name());
    }
}
