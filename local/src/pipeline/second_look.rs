//! Checks what kinflow's own consumer wrote: every record of a run is in a line, in quarantine or given up,
//! exactly once.
//!
//! The template says which functions are kinflow's consumers. For any other function, only the balance is
//! known.

use record_model::{Content, Decoder, Limits};
use template::Role;

use crate::aws::stream::{PageLimit, SourceRecord, StreamSource};
use crate::error::RunError;
use crate::pipeline::id_hash::{IdHash, id};
use crate::pipeline::machine::Machine;
use crate::pipeline::messages::{Messages, Piece, Place};
use crate::pipeline::report::{DataSetReport, MAX_NAMED, Report};
use crate::pipeline::takers::{MappingAtWork, Takers};
use crate::pipeline::written::{self, Written};

/// The most bytes to which one record may decompress in this check.
const MAX_RECORD_BYTES: usize = 64 << 20;
/// How much of a shard is read at a time.
const PAGE: PageLimit = PageLimit { records: 10_000, bytes: 8 << 20 };

/// Looks for the records that each consumer of the stream took in this run.
pub(crate) async fn look(
    (machine, takers): (&Machine, &Takers),
    stream: &str,
    row: &mut DataSetReport,
    report: &mut Report,
) -> Result<(), RunError> {
    let consumers = takers.mappings.iter().filter(|at_work| {
        let function = machine.functions.get(at_work.function());
        let role = function.and_then(|function| function.definition().role);
        at_work.mapping.settings.stream == stream && role == Some(Role::Consumer)
    });
    for consumer in consumers {
        let written = written::by_consumer(machine, consumer).await?;
        row.quarantined += written.quarantined;
        row.objects += written.objects;
        let mut look = Look::new(stream, consumer, &written, row, report);
        look.at_every_shard(takers).await?;
        look.at_messages();
    }
    Ok(())
}

/// The records of one consumer that are looked for.
struct Look<'a> {
    stream: &'a str,
    consumer: &'a MappingAtWork,
    written: &'a Written,
    row: &'a mut DataSetReport,
    report: &'a mut Report,
    messages: Messages,
    decoder: Decoder,
}

impl<'a> Look<'a> {
    fn new(
        stream: &'a str,
        consumer: &'a MappingAtWork,
        written: &'a Written,
        row: &'a mut DataSetReport,
        report: &'a mut Report,
    ) -> Self {
        let limits = Limits { record_bytes_out: MAX_RECORD_BYTES, ..Limits::default() };
        let (messages, decoder) = (Messages::default(), Decoder::new(limits));
        Self { stream, consumer, written, row, report, messages, decoder }
    }

    /// Reads from where the consumer was when the run began to where it is now.
    async fn at_every_shard(&mut self, takers: &Takers) -> Result<(), RunError> {
        let source: &dyn StreamSource = &*self.consumer.source;
        for shard in source.shards().await? {
            let mut after = takers.began_at(self.consumer.name(), &shard.id);
            let Some(last) = source.place(&shard.id)?.after else { continue };
            while after.as_deref() != Some(&*last) {
                let page = source.read(&shard.id, after.as_deref(), PAGE).await?;
                let Some(end) = page.records.last() else { break };
                after = Some(end.sequence_number.clone());
                let passed = page.records.iter().take_while(|record| is_at_or_before(record, &last));
                for record in passed {
                    self.at_record(&shard.id, record);
                }
                if page.records.iter().any(|record| record.sequence_number == last) {
                    break;
                }
            }
        }
        Ok(())
    }

    fn at_record(&mut self, shard: &str, record: &SourceRecord) {
        self.decoder.start_batch();
        let mut subs = Vec::new();
        let whole = self.decoder.decode(&record.data, &mut |user_record| {
            let piece = match &user_record.content {
                Ok(Content::Chunk(chunk)) => Some(Piece::of(chunk)),
                _ => None,
            };
            subs.push((user_record.sub_sequence_number, piece));
        });
        if whole.is_err() {
            subs = vec![(None, None)];
        }
        let number = &record.sequence_number;
        for (sub, piece) in subs {
            let position = IdHash::of_record(self.stream, shard, number, sub);
            self.row.enriched += u64::from(self.written.lines_of(position));
            if let Some(piece) = piece {
                let place = Place { shard_id: shard.to_owned(), sequence_number: number.clone(), sub };
                self.messages.add(piece, place);
            } else {
                let times = self.written.times(self.stream, shard, number, sub);
                let name = || id(self.stream, shard, number, sub);
                note(self.report, times, || format!("{} by {}", name(), self.consumer.name()));
            }
        }
    }

    /// Checks pieces of messages separately, since they have no lines of their own.
    fn at_messages(self) {
        let Self { stream, consumer, written, report, messages, .. } = self;
        messages.look_for(stream, written, |times, name| {
            note(report, times, || format!("{name} by {}", consumer.name()));
        });
    }
}

/// Compares sequence numbers of one shard: the longer one is later, and at equal length the digits decide.
fn is_at_or_before(record: &SourceRecord, last: &str) -> bool {
    let number = record.sequence_number.as_str();
    (number.len(), number) <= (last.len(), last)
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
