//! `GET /api/find`: records by their id, their sequence number or their partition key.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use record_model::layout::RecordId;
use serde_json::{Value, json};

use super::Place;
use crate::aws::kinesis::store::{Limit, NumberPlace, Record, Start, Stream, blocking, shard_id};
use crate::page::answer::{Answer, Refusal};
use crate::page::api::shared::Shared;
use crate::page::query::Query;
use crate::page::scene::Scene;

/// Records of each shard that are looked through, the newest.
const NEWEST: u64 = 20_000;
/// What is read at a time.
const PAGE: Limit = Limit { records: 2_000, bytes: 4 << 20 };
/// Records that are told, the newest.
const MAX_FOUND: usize = 50;

/// What was found, and how far was looked.
#[derive(Default)]
struct Looked {
    found: VecDeque<(u64, Value)>,
    records: u64,
    /// Whether all that is kept was looked through.
    all: bool,
}

pub(in crate::page::api) async fn find(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    let text = query.needed("q")?.trim().to_owned();
    let only = query.text("stream").map(str::to_owned);
    blocking(move || {
        let scene = &shared.scene;
        let place = match RecordId::parse(&text) {
            Some(id) => Some(place_of(scene, &id)?),
            None => {
                streams(scene, only.as_deref()).find_map(|stream| Place::of(scene, stream, &text, None).ok())
            }
        };
        let looked = match place {
            Some(place) => one(scene, &place)?,
            None => by_key(scene, only.as_deref(), &text)?,
        };
        let found: Vec<Value> = looked.found.into_iter().rev().map(|(_, found)| found).collect();
        Ok(Json(json!({ "found": found, "looked_at": looked.records, "all": looked.all })))
    })
    .await
}

fn streams<'a>(scene: &'a Scene, only: Option<&'a str>) -> impl Iterator<Item = &'a str> {
    let all = scene.topology.streams.iter().map(|stream| stream.name.as_str());
    all.filter(move |name| only.is_none_or(|only| only == *name))
}

/// An id says 0 where a record is not aggregated too, so that is no place in an aggregate of its own.
fn place_of(scene: &Scene, id: &RecordId<'_>) -> Result<Place, Refusal> {
    let sub = Some(id.sub_sequence_number).filter(|sub| *sub > 0);
    Place::of(scene, id.stream, id.sequence_number, sub)
}

fn one(scene: &Scene, place: &Place) -> Result<Looked, Refusal> {
    let stream = scene.stream(&place.stream)?;
    let found = stream.read(place.shard, place.counter, Limit { records: 1, bytes: 0 })?;
    let record = found.records.into_iter().find(|record| record.counter == place.counter);
    let told = json!({
        "stream": place.stream,
        "shard": place.shard_id,
        "number": place.number,
        "sub": place.sub,
        "key": record.as_ref().map(|record| &record.partition_key),
        "arrived_ms": record.as_ref().map(|record| record.arrived_ms),
    });
    let found = VecDeque::from([(0, told)]);
    Ok(Looked { found, records: 1, all: true })
}

fn by_key(scene: &Scene, only: Option<&str>, key: &str) -> Result<Looked, Refusal> {
    let mut looked = Looked { all: true, ..Looked::default() };
    for name in streams(scene, only) {
        let stream = scene.stream(name)?;
        let shards: Vec<u32> = stream.with(|stream| stream.shards.iter().map(|shard| shard.index).collect());
        for shard in shards {
            look_through((name, &stream, shard), &|record| record.partition_key == key, &mut looked)?;
        }
    }
    looked.found.make_contiguous().sort_by_key(|(arrived, _)| *arrived);
    Ok(looked)
}

/// The newest record of a stream that holds this payload as it is, among those that are looked through. Reads files.
pub(in crate::page::api) fn of_payload(scene: &Scene, name: &str, payload: &[u8]) -> Option<Value> {
    let stream = scene.stream(name).ok()?;
    let shards: Vec<u32> = stream.with(|stream| stream.shards.iter().map(|shard| shard.index).collect());
    let mut looked = Looked::default();
    for shard in shards {
        look_through((name, &stream, shard), &|record| record.data == payload, &mut looked).ok()?;
    }
    looked.found.into_iter().max_by_key(|(arrived, _)| *arrived).map(|(_, found)| found)
}

fn look_through(
    (name, stream, shard): (&str, &Stream, u32),
    wants: &dyn Fn(&Record) -> bool,
    looked: &mut Looked,
) -> Result<(), Refusal> {
    let place = |start| stream.position(shard, start).map(Option::unwrap_or_default);
    let (oldest, next) = (place(Start::TrimHorizon)?, place(Start::Latest)?);
    let mut from = oldest.max(next.saturating_sub(NEWEST));
    looked.all &= from == oldest;
    while from < next {
        let page = stream.read(shard, from, PAGE)?;
        looked.records += page.records.len() as u64;
        for record in page.records.iter().filter(|record| wants(record)) {
            looked.found.push_back((record.arrived_ms, told((name, stream, shard), record)));
            if looked.found.len() > MAX_FOUND {
                looked.found.pop_front();
            }
        }
        if page.next <= from || !page.has_more {
            return Ok(());
        }
        from = page.next;
    }
    Ok(())
}

fn told((name, stream, shard): (&str, &Stream, u32), record: &Record) -> Value {
    let place = NumberPlace { shard, counter: record.counter };
    json!({
        "stream": name,
        "shard": shard_id(shard),
        "number": stream.with(|stream| stream.origin.number(place)).to_string(),
        "sub": null,
        "key": record.partition_key,
        "arrived_ms": record.arrived_ms,
    })
}
