//! What has to be in S3 before a batch's lines may be: pieces of messages, and copies of poison records.

mod chunks;
mod piece_place;
mod poison;
mod sweep;

use edge::lambda::events::KinesisRecord;
use edge::store::{ObjectStore, StoreError};
use futures::{StreamExt as _, stream};

use crate::delivery::Position;
use crate::enrich::Enricher;
use crate::read::{LineWriter, Lines, Opened, Outcome, Preparer, Stopped};

use chunks::{Chunks, Kept};
use poison::quarantine_pieces;

pub(crate) use poison::{Poison, Reason};
pub(crate) use sweep::{Age, SweepRequest, Time};

/// Requests under way at once.
const MAX_REQUESTS: usize = 16;

/// Settles records in order. At the first that can't be, it and all after it are forgotten, and the error is given.
pub(crate) async fn settle<S: ObjectStore, E: Enricher>(
    store: &S,
    data_set: &str,
    records: &[KinesisRecord<'_>],
    writer: &mut LineWriter<E>,
    preparer: Option<&mut Preparer<E>>,
    lines: &mut Lines,
) -> Option<StoreError> {
    let pieces = settle_pieces(store, data_set, records, writer, preparer, lines).await.err();
    let poison = settle_poison(store, data_set, records, lines).await.err();
    poison.or(pieces)
}

async fn settle_pieces<S: ObjectStore, E: Enricher>(
    store: &S,
    data_set: &str,
    records: &[KinesisRecord<'_>],
    writer: &mut LineWriter<E>,
    mut preparer: Option<&mut Preparer<E>>,
    lines: &mut Lines,
) -> Result<(), StoreError> {
    for (index, record) in records.iter().enumerate() {
        let pieces = lines.records.get_mut(index).map(|outcome| std::mem::take(&mut outcome.pieces));
        for piece in pieces.unwrap_or_default() {
            let here = Position::of(record).of_sub(piece.sub_sequence_number);
            let chunks = Chunks { store, stream: record.stream };
            let mut added = Vec::new();
            let settled = match chunks.keep(&piece.framed, &here, &record.partition_key).await {
                Ok(Kept::Waiting) => Ok(Ok(Outcome::default())),
                Ok(Kept::Whole(message)) => {
                    let opened = Opened::message(&message, record, &here);
                    if let Some(preparer) = &mut preparer {
                        preparer.message(opened).await;
                    }
                    Ok(open_message(opened, writer, &mut added))
                }
                Ok(Kept::Refused(reason)) => Ok(Ok(refused(&here, &piece.framed, reason))),
                Ok(Kept::Broken(pieces, reason)) => quarantine_pieces(store, data_set, &pieces, &reason)
                    .await
                    .map(|()| Ok(Outcome::default())),
                Err(error) => Err(error),
            };
            match settled {
                Ok(Ok(outcome)) => lines.add(index, &added, outcome),
                Ok(Err(stopped)) => {
                    lines.truncate(index);
                    lines.stopped = Some(stopped);
                    return Ok(());
                }
                Err(error) => {
                    lines.truncate(index);
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// Appends the lines of a message.
fn open_message<E: Enricher>(
    opened: Opened<'_>,
    writer: &mut LineWriter<E>,
    added: &mut Vec<u8>,
) -> Result<Outcome, Stopped> {
    let mut outcome = writer.open(opened, added)?;
    // A message in a message would have no place of its own.
    for piece in outcome.pieces.drain(..) {
        let reason = Reason::new("chunk_depth", "a message holds a piece of another");
        outcome.poison.push(Poison::part(piece.sub_sequence_number, &piece.framed, reason));
    }
    Ok(outcome)
}

fn refused(here: &Position<'_>, framed: &[u8], reason: Reason) -> Outcome {
    Outcome { poison: vec![Poison::part(here.sub_sequence_number, framed, reason)], ..Outcome::default() }
}

async fn settle_poison<S: ObjectStore>(
    store: &S,
    data_set: &str,
    records: &[KinesisRecord<'_>],
    lines: &mut Lines,
) -> Result<(), StoreError> {
    let copies = lines.records.iter().zip(records).enumerate().flat_map(|(index, (outcome, record))| {
        outcome.poison.iter().map(move |poison| async move {
            let copied =
                poison.quarantine(store, data_set, &Position::of(record), &record.partition_key).await;
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
