//! What must be in S3 before the lines of a batch are: pieces of messages, and copies of poison records.

mod chunks;
mod piece_place;
mod poison;
mod sweep;
mod verdicts;

use std::future::ready;
use std::pin::pin;

use edge::lambda::events::KinesisRecord;
use edge::store::ObjectStore;
use futures::{StreamExt as _, stream};
use record_model::layout::{MessageFolder, Position};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use crate::delivery::DeliveryError;
use crate::enrich::Enricher;
use crate::read::{Lines, Opened, Outcome, Piece, Preparer, Stopped, Workers};

use chunks::{Chunks, Kept};
use poison::Quarantine;

pub(crate) use poison::{Poison, Reason};
pub(crate) use sweep::{Age, SweepRequest};
pub(crate) use verdicts::Verdicts;

/// How many requests may be under way at once.
const MAX_REQUESTS: usize = 16;

/// Everything that is needed to settle the records of one batch.
pub(crate) struct Settling<'a, S, E: Enricher> {
    pub(crate) store: &'a S,
    pub(crate) data_set: &'a str,
    pub(crate) records: &'a [KinesisRecord<'a>],
    /// These write the lines of completed messages.
    pub(crate) workers: &'a mut Workers<E>,
    pub(crate) preparer: Option<&'a mut Preparer<E>>,
    /// No record but the first is settled after this.
    pub(crate) until: Instant,
}

/// What happened to one piece.
enum Settled {
    /// The record's outcome and lines grow by these.
    Added(Outcome, Vec<u8>),
    /// The piece's message can't be opened in this attempt.
    Stopped(Stopped),
    /// S3 did not accept an object that must be there.
    Failed(DeliveryError),
}

impl<S: ObjectStore, E: Enricher> Settling<'_, S, E> {
    /// Settles records in order. `lines` forgets the first record that can't be settled and all after it, and the error
    /// is returned.
    pub(crate) async fn settle(mut self, lines: &mut Lines) -> Option<DeliveryError> {
        let pieces = self.pieces(lines).await.err();
        let poison = self.poison(lines).await.err();
        poison.or(pieces)
    }

    async fn pieces(&mut self, lines: &mut Lines) -> Result<(), DeliveryError> {
        for (index, record) in self.records.iter().enumerate() {
            let pieces = lines.records.get_mut(index).map(|outcome| std::mem::take(&mut outcome.pieces));
            for piece in pieces.unwrap_or_default() {
                let taken = lines.bytes_of_record(index);
                let settled = if index == 0 {
                    self.piece(record, &piece, taken).await
                } else {
                    let in_time = timeout_at(self.until, self.piece(record, &piece, taken)).await;
                    in_time.unwrap_or(Settled::Stopped(Stopped::Deadline))
                };
                let stopped = match settled {
                    Settled::Added(outcome, added) if index == 0 || self.fits(lines, &outcome, &added) => {
                        lines.add(index, &added, outcome);
                        continue;
                    }
                    Settled::Added(..) => Stopped::BatchBytes,
                    Settled::Stopped(stopped) => stopped,
                    Settled::Failed(error) => {
                        lines.truncate(index);
                        return Err(error);
                    }
                };
                lines.stop_at(index, stopped);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether the batch still keeps its share of memory with what was added.
    fn fits(&self, lines: &Lines, outcome: &Outcome, added: &[u8]) -> bool {
        let more = added.len() + outcome.held_bytes();
        more == 0 || lines.all_bytes() + more <= self.workers.batch_bytes()
    }

    /// Settles one piece of a record that takes `taken` bytes so far.
    async fn piece(&mut self, record: &KinesisRecord<'_>, piece: &Piece, taken: usize) -> Settled {
        let here = record.position().of_sub(piece.sub_sequence_number);
        let message_bytes = self.workers.budget().message_bytes();
        let chunks = Chunks { store: self.store, stream: record.stream, message_bytes };
        match chunks.keep(&piece.framed, &here, &record.partition_key).await {
            Ok(Kept::Waiting) => Settled::Added(Outcome::default(), Vec::new()),
            Ok(Kept::Whole(message)) => self.message(&message, record, &here, taken).await,
            Ok(Kept::Refused(reason)) => {
                let poison = Poison::part(here.sub_sequence_number, &piece.framed, reason);
                Settled::Added(Outcome::poisoned(poison), Vec::new())
            }
            Ok(Kept::Broken(message, reason)) => {
                let folder = MessageFolder { stream: record.stream, message };
                match chunks.put_aside(&folder, self.quarantine(), &reason).await {
                    Ok(copies) => Settled::Added(Outcome::quarantined(copies), Vec::new()),
                    Err(error) => Settled::Failed(error),
                }
            }
            Err(error) => Settled::Failed(error.into()),
        }
    }

    /// Writes the lines of a message. If they are more than the record may have beside the `taken` bytes, the
    /// message goes to quarantine at once.
    async fn message(
        &mut self,
        message: &[u8],
        record: &KinesisRecord<'_>,
        here: &Position<'_>,
        taken: usize,
    ) -> Settled {
        let opened = Opened::message(message, record, here);
        if let Some(preparer) = &mut self.preparer {
            preparer.message(opened).await;
        }
        let budget = *self.workers.budget();
        let mut added = Vec::new();
        let mut outcome = match self.workers.open(opened, &mut added) {
            Ok(outcome) => outcome,
            Err(stopped) => return Settled::Stopped(stopped),
        };
        // A message inside a message would have no place of its own.
        for piece in outcome.pieces.drain(..) {
            let reason = Reason::new("chunk_depth", "a message contains a piece of another message");
            outcome.poison.push(Poison::part(piece.sub_sequence_number, &piece.framed, reason));
        }
        if taken + added.len() + outcome.held_bytes() <= budget.lines_bytes {
            return Settled::Added(outcome, added);
        }
        let poison = Poison::part(here.sub_sequence_number, message, Reason::line_bytes(&budget));
        match self.quarantine().keep(&poison, &record.position(), &record.partition_key).await {
            Ok(()) => Settled::Added(Outcome::quarantined(1), Vec::new()),
            Err(error) => Settled::Failed(error),
        }
    }

    async fn poison(&self, lines: &mut Lines) -> Result<(), DeliveryError> {
        let quarantine = self.quarantine();
        let all = lines.records.iter().zip(self.records).enumerate();
        let copies = all.flat_map(|(index, (outcome, record))| {
            outcome.poison.iter().map(move |poison| async move {
                let position = record.position();
                let kept = quarantine.keep(poison, &position, &record.partition_key);
                // The first record of a batch waits for as long as there is time, so that each attempt makes
                // progress.
                let kept = if index == 0 { Ok(kept.await) } else { timeout_at(self.until, kept).await };
                (index, kept)
            })
        });
        let undone = |(index, kept): (usize, Result<Result<(), DeliveryError>, Elapsed>)| {
            ready(kept.map_or(Some((index, None)), |kept| kept.err().map(|error| (index, Some(error)))))
        };
        let first = pin!(stream::iter(copies).buffered(MAX_REQUESTS).filter_map(undone)).next().await;
        match first {
            None => Ok(()),
            Some((index, None)) => {
                lines.stop_at(index, Stopped::Deadline);
                Ok(())
            }
            Some((index, Some(error))) => {
                lines.truncate(index);
                Err(error)
            }
        }
    }

    fn quarantine(&self) -> Quarantine<'_, S> {
        Quarantine { store: self.store, data_set: self.data_set }
    }
}
