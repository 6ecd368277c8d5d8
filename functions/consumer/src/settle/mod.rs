//! What has to be in S3 before a batch's lines may be: pieces of messages, and copies of poison records.

mod chunks;
mod piece_place;
mod poison;
mod sweep;

use edge::lambda::events::KinesisRecord;
use edge::store::ObjectStore;
use futures::{StreamExt as _, stream};

use crate::delivery::DeliveryError;
use crate::enrich::Enricher;
use crate::read::{LineWriter, Lines, Opened, Outcome, Piece, Preparer, Stopped};

use chunks::{Chunks, Kept};
use poison::Quarantine;

pub(crate) use poison::{Poison, Reason};
pub(crate) use sweep::{Age, SweepRequest, Time};

/// Requests under way at once.
const MAX_REQUESTS: usize = 16;

/// Everything that settles the records of one batch.
pub(crate) struct Settling<'a, S, E: Enricher> {
    pub(crate) store: &'a S,
    pub(crate) data_set: &'a str,
    pub(crate) records: &'a [KinesisRecord<'a>],
    /// Writes the lines of messages that became whole.
    pub(crate) writer: &'a mut LineWriter<E>,
    pub(crate) preparer: Option<&'a mut Preparer<E>>,
}

/// What became of one piece.
enum Settled {
    /// The record's outcome and lines grow by these.
    Added(Outcome, Vec<u8>),
    /// The piece's message can't be opened in this attempt.
    Stopped(Stopped),
    /// S3 did not take what has to be there.
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
                match self.piece(record, &piece).await {
                    Settled::Added(outcome, added) => lines.add(index, &added, outcome),
                    Settled::Stopped(stopped) => {
                        lines.truncate(index);
                        lines.stopped = Some(stopped);
                        return Ok(());
                    }
                    Settled::Failed(error) => {
                        lines.truncate(index);
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    async fn piece(&mut self, record: &KinesisRecord<'_>, piece: &Piece) -> Settled {
        let here = record.position().of_sub(piece.sub_sequence_number);
        let chunks = Chunks { store: self.store, stream: record.stream };
        match chunks.keep(&piece.framed, &here, &record.partition_key).await {
            Ok(Kept::Waiting) => Settled::Added(Outcome::default(), Vec::new()),
            Ok(Kept::Whole(message)) => self.message(Opened::message(&message, record, &here)).await,
            Ok(Kept::Refused(reason)) => {
                let poison = Poison::part(here.sub_sequence_number, &piece.framed, reason);
                Settled::Added(Outcome::poisoned(poison), Vec::new())
            }
            Ok(Kept::Broken(pieces, reason)) => match self.quarantine().keep_pieces(&pieces, &reason).await {
                Ok(()) => Settled::Added(Outcome::default(), Vec::new()),
                Err(error) => Settled::Failed(error),
            },
            Err(error) => Settled::Failed(error.into()),
        }
    }

    /// Writes the lines of a message.
    async fn message(&mut self, message: Opened<'_>) -> Settled {
        if let Some(preparer) = &mut self.preparer {
            preparer.message(message).await;
        }
        let mut added = Vec::new();
        let mut outcome = match self.writer.open(message, &mut added) {
            Ok(outcome) => outcome,
            Err(stopped) => return Settled::Stopped(stopped),
        };
        // A message in a message would have no place of its own.
        for piece in outcome.pieces.drain(..) {
            let reason = Reason::new("chunk_depth", "a message holds a piece of another");
            outcome.poison.push(Poison::part(piece.sub_sequence_number, &piece.framed, reason));
        }
        Settled::Added(outcome, added)
    }

    async fn poison(&self, lines: &mut Lines) -> Result<(), DeliveryError> {
        let quarantine = self.quarantine();
        let copies =
            lines.records.iter().zip(self.records).enumerate().flat_map(|(index, (outcome, record))| {
                outcome.poison.iter().map(move |poison| async move {
                    let copied = quarantine.keep(poison, &record.position(), &record.partition_key).await;
                    copied.map_err(|error| (index, error))
                })
            });
        let results: Vec<_> = stream::iter(copies).buffered(MAX_REQUESTS).collect().await;
        match results.into_iter().find_map(Result::err) {
            None => Ok(()),
            Some((index, error)) => {
                lines.truncate(index);
                Err(error)
            }
        }
    }

    fn quarantine(&self) -> Quarantine<'_, S> {
        Quarantine { store: self.store, data_set: self.data_set }
    }
}
