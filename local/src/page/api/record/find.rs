//! `GET /api/find`: finds records by their id, their sequence number or their partition key.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use record_model::kpl;
use record_model::layout::RecordId;
use serde_json::{Value, json};

use super::Place;
use crate::aws::clock::Moment;
use crate::aws::kinesis::store::{Limit, NumberPlace, Record, Start, Stream, blocking, shard_id};
use crate::page::answer::{Answer, Refusal};
use crate::page::api::shared::Shared;
use crate::page::query::Query;
use crate::page::scene::Scene;

/// The number of each shard's newest records that are searched.
const NEWEST: u64 = 20_000;
/// The most that is read at a time.
const PAGE: Limit = Limit { records: 2_000, bytes: 4 << 20 };
/// The most records of an answer. The newest ones are kept.
const MAX_FOUND: usize = 50;
/// The longest that a search goes on.
const LOOK_FOR: Duration = Duration::from_secs(2);
/// The most members of an aggregate that are searched.
const MAX_MEMBERS: usize = 100_000;

/// What a search has found, and how far it has come.
struct Looked {
    found: VecDeque<(u64, Value)>,
    records: u64,
    /// Whether all records that the streams keep were searched.
    all: bool,
    until: Instant,
}

impl Looked {
    fn begin() -> Self {
        Self { found: VecDeque::new(), records: 0, all: true, until: Instant::now() + LOOK_FOR }
    }
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

/// Finds the place of a record id. An id has the sub-sequence number 0 if the record is no aggregate, so 0 is left out.
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
    Ok(Looked { found: VecDeque::from([(0, told)]), records: 1, ..Looked::begin() })
}

fn by_key(scene: &Scene, only: Option<&str>, key: &str) -> Result<Looked, Refusal> {
    let mut looked = Looked::begin();
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

fn look_through(
    (name, stream, shard): (&str, &Stream, u32),
    wants: &dyn Fn(&Record) -> bool,
    looked: &mut Looked,
) -> Result<(), Refusal> {
    let place = |start| stream.position(shard, start).map(Option::unwrap_or_default);
    let (oldest, next) = (place(Start::TrimHorizon)?, place(Start::Latest)?);
    let from = oldest.max(next.saturating_sub(NEWEST));
    looked.all &= from == oldest;
    walk(stream, shard, from, &mut |record| {
        if Instant::now() > looked.until {
            looked.all = false;
            return false;
        }
        looked.records += 1;
        if wants(&record) {
            looked.found.push_back((record.arrived_ms, told((name, stream, shard), &record, None)));
            if looked.found.len() > MAX_FOUND {
                looked.found.pop_front();
            }
        }
        record.counter + 1 < next
    })?;
    Ok(())
}

/// Gives each record of a shard from a place on to `visit`, until `visit` returns false or there are no more.
pub(super) fn walk(
    stream: &Stream,
    shard: u32,
    mut from: u64,
    visit: &mut dyn FnMut(Record) -> bool,
) -> Result<(), Refusal> {
    loop {
        let page = stream.read(shard, from, PAGE)?;
        for record in page.records {
            if !visit(record) {
                return Ok(());
            }
        }
        if page.next <= from || !page.has_more {
            return Ok(());
        }
        from = page.next;
    }
}

/// Finds the record that a delivery stream failed to deliver, by its time of arrival and its payload, which may also be
/// a member of an aggregate. If no record has this payload, it is the only record that arrived at that time, if there
/// was only one. It reads files.
pub(in crate::page::api) fn of_failed(
    scene: &Scene,
    name: &str,
    (arrived_ms, payload): (Moment, &[u8]),
) -> Option<Value> {
    let arrived_ms = u64::try_from(arrived_ms).ok()?;
    let stream = scene.stream(name).ok()?;
    let shards: Vec<u32> = stream.with(|stream| stream.shards.iter().map(|shard| shard.index).collect());
    let (mut found, mut came_then) = (None, Vec::new());
    for shard in shards {
        let from = stream.position(shard, Start::AtTimestamp(arrived_ms)).ok().flatten()?;
        let came = walk(&stream, shard, from, &mut |record| {
            if record.arrived_ms > arrived_ms || came_then.len() >= MAX_FOUND {
                return false;
            }
            if record.arrived_ms == arrived_ms {
                let (holds, sub) = place_in(&record, payload);
                if holds {
                    found = Some(told((name, &stream, shard), &record, sub));
                    return false;
                }
                came_then.push(told((name, &stream, shard), &record, None));
            }
            true
        });
        came.ok()?;
        if found.is_some() {
            return found;
        }
    }
    came_then.pop().filter(|_| came_then.is_empty())
}

/// Returns whether a record holds this payload, and its place in the aggregate if the record is one.
fn place_in(record: &Record, payload: &[u8]) -> (bool, Option<u64>) {
    if record.data == payload {
        return (true, None);
    }
    let members = kpl::user_records(&record.data, MAX_MEMBERS).ok().flatten().unwrap_or_default();
    let place = members.iter().position(|(_, data)| *data == payload);
    (place.is_some(), place.and_then(|place| u64::try_from(place).ok()))
}

fn told((name, stream, shard): (&str, &Stream, u32), record: &Record, sub: Option<u64>) -> Value {
    let place = NumberPlace { shard, counter: record.counter };
    json!({
        "stream": name,
        "shard": shard_id(shard),
        "number": stream.with(|stream| stream.origin.number(place)).to_string(),
        "sub": sub,
        "key": record.partition_key,
        "arrived_ms": record.arrived_ms,
    })
}
