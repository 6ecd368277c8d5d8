//! Records that a person puts: made-up rows of a schema, valid or invalid, or rows of their own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use record_model::{RecordContext, Schema, made_up};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::Check;
use super::failures::send::payload;
use super::shared::Shared;
use crate::aws::clock::now_ms;
use crate::aws::kinesis::store::shard_id;
use crate::aws::stream::SourceRecord;
use crate::aws::{event_source, firehose};
use crate::page::answer::{Answer, Refusal};
use crate::page::body::Body;
use crate::page::put::{MAX_RECORDS, NewRecord, put};
use crate::page::query::Query;
use crate::page::scene::Scene;

/// The most made-up rows of one answer.
const MAX_ROWS: u64 = 100;
/// The number of made-up records in a made-up event.
const ROWS_OF_AN_EVENT: u64 = 2;
/// The sequence number of a made-up record, which was never on a stream.
const NO_NUMBER: &str = "49500000000000000000000000000000000000000000000000000000";

/// A made-up row, and what is wrong with it.
struct MadeUp {
    payload: Vec<u8>,
    what: Option<String>,
}

/// `GET /api/compose/sample`
pub(super) async fn sample(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    let scene = &shared.scene;
    let stream = query.needed("stream")?;
    let Some(schema) = scene.schema(stream) else {
        return Err(Refusal::not_found(format!(
            "stream {stream} has no schema that rows could be made up by"
        )));
    };
    let count = query.number("count")?.unwrap_or(5).clamp(1, MAX_ROWS);
    let seed = query.number("seed")?.unwrap_or(1);
    let rows = match query.text("kind").unwrap_or("good") {
        "good" => good(schema, seed, count),
        "bad" => bad(schema, seed, count),
        other => return Err(Refusal::bad(format!("kind is {other:?}, expected good or bad"))),
    };
    let rows: Vec<Value> = rows.iter().map(row).collect();
    Ok(Json(json!({ "rows": rows })))
}

fn context() -> RecordContext<'static> {
    RecordContext { ingested_at_ms: now_ms(), ..RecordContext::default() }
}

fn good(schema: &Schema, seed: u64, count: u64) -> Vec<MadeUp> {
    let make = |index| {
        let mut payload = Vec::new();
        made_up::write(schema, seed, index, &context(), &mut payload);
        MadeUp { payload, what: None }
    };
    (0..count).map(make).collect()
}

/// Makes rows that are each wrong in one way. The seed decides which way comes first.
fn bad(schema: &Schema, seed: u64, count: u64) -> Vec<MadeUp> {
    let ways = made_up::bad_payloads(schema, seed, &context());
    let first = usize::try_from(seed).unwrap_or(0) % ways.len().max(1);
    let turned = ways.iter().skip(first).chain(ways.iter().take(first));
    let rows = turned.map(|bad| MadeUp { payload: bad.payload.clone(), what: Some(bad.what.clone()) });
    rows.take(usize::try_from(count).unwrap_or(0)).collect()
}

fn row(made_up: &MadeUp) -> Value {
    json!({
        "text": std::str::from_utf8(&made_up.payload).ok(),
        "base64": STANDARD.encode(&made_up.payload),
        "key": key(),
        "what": made_up.what,
    })
}

fn key() -> String {
    Uuid::new_v4().to_string()
}

/// The records to put, and a stream, or the delivery stream from whose stream they are to be read.
#[derive(Deserialize)]
pub(super) struct Put {
    stream: Option<String>,
    delivery: Option<String>,
    records: Vec<PutRecord>,
}

#[derive(Deserialize)]
struct PutRecord {
    text: Option<String>,
    base64: Option<String>,
    key: Option<String>,
}

impl Put {
    fn stream(&self, scene: &Scene) -> Result<String, Refusal> {
        match (&self.stream, &self.delivery) {
            (Some(stream), None) => Ok(stream.clone()),
            (None, Some(delivery)) => {
                let found = scene.topology.deliveries.iter().find(|known| known.name == *delivery);
                let found = found.map(|found| found.stream.clone());
                found.ok_or_else(|| Refusal::not_found(format!("delivery stream {delivery:?} is not there")))
            }
            _ => Err(Refusal::bad("expected one of stream and delivery")),
        }
    }
}

/// `POST /api/put`
pub(super) async fn put_records(State(shared): State<Arc<Shared>>, Body(asked): Body<Put>) -> Answer {
    let scene = &shared.scene;
    let stream = asked.stream(scene)?;
    scene.stream(&stream)?;
    let count = asked.records.len();
    if count == 0 || count > MAX_RECORDS {
        return Err(Refusal::bad(format!("{count} records to put, expected 1 to {MAX_RECORDS}")));
    }
    let mut records = Vec::new();
    for record in asked.records {
        let data = payload(record.text, record.base64)?.unwrap_or_default();
        let key = record.key.filter(|key| !key.is_empty()).unwrap_or_else(key);
        records.push(NewRecord { key, data });
    }
    let placed = put(scene, &stream, &records).await?;
    let results = records.iter().zip(placed).map(|(record, placed)| {
        let check = Check::of(scene, &stream, &record.data).map(|check| check.json());
        match placed {
            Ok(placed) => {
                json!({ "shard": placed.shard, "number": placed.number, "error": null, "check": check })
            }
            Err(reason) => json!({ "shard": null, "number": null, "error": reason, "check": check }),
        }
    });
    let results: Vec<Value> = results.collect();
    Ok(Json(json!({ "stream": stream, "results": results })))
}

/// `GET /api/compose/event`: an event as the function might receive it.
pub(super) async fn event(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    let scene = &shared.scene;
    let name = query.needed("function")?;
    scene.function(name)?;
    let made = made_up_event(scene, name).transpose().map_err(|error| Refusal::failed(&error))?;
    let text = made.map(|event| String::from_utf8_lossy(&event).into_owned());
    let scheduled = || {
        let schedules = &scene.topology.schedules;
        schedules.iter().find(|schedule| schedule.function == name)?.input.clone()
    };
    let text = text.or_else(scheduled).unwrap_or_else(|| "{}".to_owned());
    Ok(Json(json!({ "text": text })))
}

/// Makes an event with made-up records as a mapping or a delivery stream would send it. A function that receives other
/// events gets `None`.
fn made_up_event(scene: &Scene, function: &str) -> Option<Result<Bytes, serde_json::Error>> {
    let topology = &scene.topology;
    let shard = shard_id(0);
    if let Some(mapping) = topology.mappings.iter().find(|mapping| mapping.function == function) {
        let records = records(scene, &mapping.stream);
        return Some(event_source::of_records(&mapping.stream, &shard, &records));
    }
    let transforms = |processing: &template::Processing| processing.function == function;
    let delivery =
        topology.deliveries.iter().find(|known| known.processing.as_ref().is_some_and(transforms))?;
    let records = records(scene, &delivery.stream);
    Some(firehose::of_records(&delivery.name, (&delivery.stream, &shard), &records))
}

fn records(scene: &Scene, stream: &str) -> Vec<SourceRecord> {
    let payloads = match scene.schema(stream) {
        Some(schema) => good(schema, 1, ROWS_OF_AN_EVENT).into_iter().map(|row| row.payload).collect(),
        None => vec![b"hello".to_vec()],
    };
    let record = |payload: Vec<u8>| SourceRecord {
        sequence_number: NO_NUMBER.to_owned(),
        partition_key: key(),
        data: payload.into(),
        arrived_at: now_ms(),
    };
    payloads.into_iter().map(record).collect()
}
