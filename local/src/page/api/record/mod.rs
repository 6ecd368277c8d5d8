//! The path of one record: how it arrived, where it is stored, which invocations had it, and what became of it.

mod attempts;
mod delivered;
mod find;
mod held;
mod outcomes;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use record_model::keys::hash_key;
use record_model::layout::RecordId;
use serde_json::{Value, json};

use super::shared::Shared;
use crate::aws::event::fingerprint;
use crate::aws::kinesis::store::{SequenceNumber, blocking, shard_id};
use crate::page::answer::{Answer, Refusal};
use crate::page::query::Query;
use crate::page::scene::Scene;

pub(super) use find::{find, of_failed};
use held::{Held, Members, Message, held};

/// The place of a record in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    stream: String,
    shard: u32,
    shard_id: String,
    counter: u64,
    number: String,
    /// The place of a user record in an aggregate.
    sub: Option<u64>,
}

impl Place {
    /// Finds the place of a sequence number in a stream.
    fn of(scene: &Scene, stream: &str, number: &str, sub: Option<u64>) -> Result<Self, Refusal> {
        let wrong = || Refusal::bad(format!("{number:?} is no sequence number of stream {stream}"));
        let found = scene.stream(stream)?;
        let parsed = SequenceNumber::parse(number).ok_or_else(wrong)?;
        let place = found.with(|found| found.origin.place(parsed)).ok_or_else(wrong)?;
        Ok(Self { sub, ..Self::at(stream, (place.shard, place.counter), number.to_owned()) })
    }

    fn at(stream: &str, (shard, counter): (u32, u64), number: String) -> Self {
        Self { stream: stream.to_owned(), shard, shard_id: shard_id(shard), counter, number, sub: None }
    }

    fn id(&self) -> String {
        RecordId::new(&self.stream, &self.shard_id, &self.number, self.sub).to_string()
    }
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
        "puts": held.as_ref().map(|held| puts(&shared, &place, held)),
        "members": held.as_ref().and_then(|held| held.members.as_ref()).map(Members::json),
        "message": held.as_ref().and_then(|held| held.message.as_ref()).map(Message::json),
        "record": held.map(|held| held.row),
        "source": arrived_ms.and_then(|at| attempts::source(&shared.scene, &place.stream, at)),
        "sent_again_from": failure,
        "sent_again_as": sent_again(&shared, &place),
        "attempts": tried.attempts,
        "attempts_complete": tried.is_complete,
        "outcomes": outcomes,
    })))
}

/// The times at which the stream refused the record before it arrived, as far as they are kept. A refusal of a record
/// with the same content counts too.
fn puts(shared: &Shared, place: &Place, held: &Held) -> Value {
    let record = fingerprint(&held.record.partition_key, &held.record.data);
    let came = held.record.arrived_at_ms;
    let (refused, are_all) = shared.scene.watch.look(|seen| {
        let puts = &seen.refused_puts;
        (puts.of(&place.stream, record, came), puts.are_all_before(came))
    });
    let refused: Vec<Value> =
        refused.into_iter().map(|(at_ms, code)| json!({ "at_ms": at_ms, "reason": code })).collect();
    json!({ "refused": refused, "complete": are_all && came >= shared.scene.started_ms })
}

/// The records as which this one was sent again, if it had failed.
fn sent_again(shared: &Shared, place: &Place) -> Vec<Value> {
    shared.links.of_record(&place.stream, &place.number).into_iter().map(|placed| json!(placed)).collect()
}
