//! One record's way: how it came, where it lies, what was tried with it, and what became of it.

mod attempts;
mod find;
mod outcomes;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use edge::aws::kinesis_reader::ReadRecord;
use edge::read_stream::{Opener, Origin};
use record_model::keys::hash_key;
use record_model::layout::RecordId;
use serde_json::{Value, json};

use super::row;
use super::shared::Shared;
use super::tail::read_record;
use crate::aws::kinesis::store::{Limit, SequenceNumber, Stream, blocking, shard_id};
use crate::page::answer::{Answer, Refusal};
use crate::page::query::Query;
use crate::page::scene::Scene;

pub(super) use find::{find, of_payload};

/// Bytes of a payload that are shown.
const MAX_SHOWN: usize = 1 << 20;

/// Where a record is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    stream: String,
    shard: u32,
    shard_id: String,
    counter: u64,
    number: String,
    /// Its place in an aggregate.
    sub: Option<u64>,
}

impl Place {
    /// The place of a sequence number in a stream.
    fn of(scene: &Scene, stream: &str, number: &str, sub: Option<u64>) -> Result<Self, Refusal> {
        let wrong = || Refusal::bad(format!("{number:?} is no sequence number of stream {stream}"));
        let found = scene.stream(stream)?;
        let parsed = SequenceNumber::parse(number).ok_or_else(wrong)?;
        let place = found.with(|found| found.origin.place(parsed)).ok_or_else(wrong)?;
        Ok(Self {
            stream: stream.to_owned(),
            shard: place.shard,
            shard_id: shard_id(place.shard),
            counter: place.counter,
            number: number.to_owned(),
            sub,
        })
    }

    fn id(&self) -> String {
        RecordId::new(&self.stream, &self.shard_id, &self.number, self.sub).to_string()
    }
}

/// A record, and what it holds.
struct Held {
    record: ReadRecord,
    /// As it is shown.
    row: Value,
    /// The user record's payload, without what was around it.
    payload: Vec<u8>,
    /// As its schema types it.
    typed: Option<Vec<u8>>,
}

/// `GET /api/record`
pub(super) async fn record(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    let place =
        Place::of(&shared.scene, query.needed("stream")?, query.needed("number")?, query.number("sub")?)?;
    let stream = shared.scene.stream(&place.stream)?;
    let (asked, by) = (place.clone(), Arc::clone(&shared));
    let held = blocking(move || held(&by.scene, &stream, &asked)).await?;
    let (asked, by) = (place.clone(), Arc::clone(&shared));
    let arrived_ms = held.as_ref().map(|held| held.record.arrived_at_ms);
    let tried = blocking(move || attempts::of(&by, &asked, arrived_ms)).await;
    let outcomes = outcomes::of(&shared.scene, &place, held.as_ref()).await;
    let key = held.as_ref().map(|held| held.record.partition_key.clone());
    let failure = shared.links.from(&place.stream, &place.number);
    Ok(Json(json!({
        "id": place.id(),
        "stream": place.stream,
        "shard": place.shard_id,
        "number": place.number,
        "sub": place.sub,
        "hash": key.as_ref().map(|key| hash_key(key).to_string()),
        "key": key,
        "arrived_ms": arrived_ms,
        "kept": held.is_some(),
        "record": held.map(|held| held.row),
        "source": arrived_ms.and_then(|at| attempts::source(&shared.scene, &place.stream, at)),
        "sent_again_from": failure,
        "sent_again_as": sent_again(&shared, &place),
        "attempts": tried.attempts,
        "attempts_complete": tried.is_complete,
        "outcomes": outcomes,
    })))
}

/// The records that this one was sent again as, where it is one that failed.
fn sent_again(shared: &Shared, place: &Place) -> Vec<Value> {
    shared.links.of_record(&place.stream, &place.number).into_iter().map(|placed| json!(placed)).collect()
}

/// The record, while the stream keeps it.
fn held(scene: &Scene, stream: &Stream, place: &Place) -> Result<Option<Held>, Refusal> {
    let found = stream.read(place.shard, place.counter, Limit { records: 1, bytes: 0 })?;
    let Some(record) = found.records.into_iter().next().filter(|record| record.counter == place.counter)
    else {
        return Ok(None);
    };
    let record = read_record(stream, place.shard, record);
    let mut held = None;
    let origin = Origin { stream: &place.stream, shard: &place.shard_id };
    Opener::new(scene.schema(&place.stream).cloned()).open(&record, origin, &mut |opened| {
        let row = row::row(&opened);
        let is_asked = place.sub.is_none() || row.sub == place.sub;
        if held.is_none() && is_asked {
            held = Some((row::of(&opened, MAX_SHOWN), row.payload.to_vec(), row.typed.clone()));
        }
    });
    let no_such =
        || Refusal::not_found(format!("record {} has no user record {:?}", place.number, place.sub));
    let (row, payload, typed) = held.ok_or_else(no_such)?;
    Ok(Some(Held { record, row, payload, typed }))
}
