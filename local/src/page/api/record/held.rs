//! What a record holds: one user record, the members of an aggregate, or a piece of a message.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use edge::aws::kinesis_reader::ReadRecord;
use edge::read_stream::{Opened, Opener, Origin};
use record_model::chunk::{self, Chunk};
use serde_json::{Value, json};

use super::Place;
use super::find::walk;
use crate::aws::clock::Moment;
use crate::aws::kinesis::store::{Limit, Start, Stream};
use crate::page::answer::Refusal;
use crate::page::api::row;
use crate::page::api::tail::read_record;
use crate::page::scene::Scene;

/// The most bytes of a payload that are shown, for the record and for the member that is asked for.
const MAX_SHOWN: usize = 1 << 20;
const MAX_PREVIEW: usize = 300;
/// The number of an aggregate's members that are shown, from the first on.
const MAX_MEMBERS: usize = 100;
/// How long before the arrival of one piece the search for a message's other pieces begins, in milliseconds.
const BEFORE_MS: u64 = 60_000;
const LOOK_FOR: Duration = Duration::from_secs(1);
/// The most pieces of a message that are put together and shown.
const MAX_PIECES: usize = 64;

/// A record, and what it holds.
pub(super) struct Held {
    pub(super) record: ReadRecord,
    /// The record as the page shows it.
    pub(super) row: Value,
    /// The user record's payload, without the wire formats around it.
    pub(super) payload: Vec<u8>,
    /// The document that its schema makes of it, if it has one.
    pub(super) typed: Option<Vec<u8>>,
    /// The members of an aggregate, if the whole aggregate is asked for.
    pub(super) members: Option<Members>,
    /// The message, if the record is a piece of one.
    pub(super) message: Option<Message>,
}

/// The user records of an aggregate.
#[derive(Default)]
pub(super) struct Members {
    count: usize,
    first: Vec<Value>,
    are_of_aggregate: bool,
}

/// The message that a record is a piece of.
pub(super) struct Message {
    count: u32,
    /// The pieces that were found, by their index.
    pub(super) pieces: BTreeMap<u32, Piece>,
    /// The whole message as the page shows it, if all of its pieces were found.
    row: Option<Value>,
}

/// A record that is a piece of a message.
pub(super) struct Piece {
    pub(super) place: Place,
    record: ReadRecord,
}

impl Piece {
    pub(super) fn arrived_ms(&self) -> Moment {
        self.record.arrived_at_ms
    }
}

/// Reads a record from its stream. Returns `None` if the stream no longer keeps it.
pub(super) fn held(scene: &Scene, stream: &Stream, place: &Place) -> Result<Option<Held>, Refusal> {
    let found = stream.read(place.shard, place.counter, Limit { records: 1, bytes: 0 })?;
    let Some(record) = found.records.into_iter().next().filter(|record| record.counter == place.counter)
    else {
        return Ok(None);
    };
    let record = read_record(stream, place.shard, record);
    let (mut asked, mut members) = (None, Members::default());
    let origin = Origin { stream: &place.stream, shard: &place.shard_id };
    Opener::new(scene.schema(&place.stream).cloned()).open(&record, origin, &mut |opened| {
        members.take(&opened);
        let row = row::row(&opened);
        let is_asked = place.sub.is_none() || row.sub == place.sub;
        if asked.is_none() && is_asked {
            asked = Some((row::of(&opened, MAX_SHOWN), row.payload.to_vec(), row.typed.clone()));
        }
    });
    let no_such =
        || Refusal::not_found(format!("record {} has no user record {:?}", place.number, place.sub));
    let (row, payload, typed) = asked.ok_or_else(no_such)?;
    let message = Chunk::read(&record.data).ok().map(|piece| piece.message);
    let message = message.map(|message| Message::of(scene, (stream, &record), place, message)).transpose()?;
    let members = Some(members).filter(|members| place.sub.is_none() && members.are_of_aggregate);
    Ok(Some(Held { record, row, payload, typed, members, message }))
}

impl Members {
    fn take(&mut self, opened: &Opened<'_>) {
        self.count += 1;
        self.are_of_aggregate |= row::row(opened).sub.is_some();
        if self.first.len() < MAX_MEMBERS {
            self.first.push(row::of(opened, MAX_PREVIEW));
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({ "count": self.count, "first": self.first })
    }
}

impl Message {
    /// Looks for the message's other pieces among the records from a minute before this one on.
    fn of(
        scene: &Scene,
        (stream, record): (&Stream, &ReadRecord),
        place: &Place,
        message: chunk::Message,
    ) -> Result<Self, Refusal> {
        let until = Instant::now() + LOOK_FOR;
        let since = u64::try_from(record.arrived_at_ms).unwrap_or(0).saturating_sub(BEFORE_MS);
        let most = usize::try_from(message.count).unwrap_or(MAX_PIECES).min(MAX_PIECES);
        let mut pieces: BTreeMap<u32, Piece> = BTreeMap::new();
        let shards: Vec<u32> = stream.with(|stream| stream.shards.iter().map(|shard| shard.index).collect());
        for shard in shards {
            let Some(from) = stream.position(shard, Start::AtTimestamp(since))? else { continue };
            walk(stream, shard, from, &mut |found| {
                if let Some(piece) = Chunk::read(&found.data).ok().filter(|piece| piece.message == message) {
                    let (index, counter) = (piece.index, found.counter);
                    let record = read_record(stream, shard, found);
                    let place = Place::at(&place.stream, (shard, counter), record.sequence_number.clone());
                    pieces.entry(index).or_insert(Piece { place, record });
                }
                pieces.len() < most && Instant::now() < until
            })?;
        }
        let row = Self::whole(scene, place, &pieces);
        Ok(Self { count: message.count, pieces, row })
    }

    /// Puts the message together, if all of its pieces were found.
    fn whole(scene: &Scene, place: &Place, pieces: &BTreeMap<u32, Piece>) -> Option<Value> {
        let mut opener = Opener::new(scene.schema(&place.stream).cloned());
        let mut whole = None;
        for piece in pieces.values() {
            let origin = Origin { stream: &place.stream, shard: &piece.place.shard_id };
            opener.open(&piece.record, origin, &mut |opened| {
                if !matches!(opened, Opened::Piece(_)) {
                    whole = Some(row::of(&opened, MAX_SHOWN));
                }
            });
        }
        whole
    }

    pub(super) fn json(&self) -> Value {
        let piece = |(index, piece): (&u32, &Piece)| {
            let Place { stream, shard_id, number, .. } = &piece.place;
            json!({
                "index": index,
                "stream": stream,
                "shard": shard_id,
                "number": number,
                "sub": null,
                "arrived_ms": piece.arrived_ms(),
            })
        };
        let pieces: Vec<Value> = self.pieces.iter().map(piece).collect();
        json!({ "count": self.count, "pieces": pieces, "whole": self.row })
    }
}
