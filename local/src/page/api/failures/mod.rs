//! The records that failed: counted by reason, listed, and sent again.

mod item;
pub(super) mod links;
pub(super) mod reasons;
pub(super) mod send;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::check::Check;
use super::record;
use super::shared::Shared;
use crate::aws::kinesis::store::blocking;
use crate::page::answer::{Answer, Refusal};
use crate::page::query::Query;
use crate::page::scene::Scene;
use crate::page::watch::failures::{Exit, Failure};
use item::{Found, Item};
use reasons::Known;

/// The most records of one failure that a list shows, since one object may hold many.
const MAX_OF_ONE: usize = 50;

/// The failures that are asked for.
#[derive(Debug, Clone, Default)]
struct Wanted {
    exit: Option<Exit>,
    reason: Option<String>,
}

impl Wanted {
    fn of(exit: Option<&str>, reason: Option<&str>) -> Result<Self, Refusal> {
        let exit = exit.map(|text| {
            Exit::parse(text).ok_or_else(|| {
                Refusal::bad(format!("exit is {text:?}, expected quarantined, failed or discarded"))
            })
        });
        Ok(Self { exit: exit.transpose()?, reason: reason.map(str::to_owned) })
    }

    fn wants(&self, found: &Found, known: &Known) -> bool {
        if self.exit.is_some_and(|exit| exit != found.failure.exit()) {
            return false;
        }
        let Some(reason) = &self.reason else { return true };
        match &found.failure {
            Failure::Quarantined { .. } => known.of.get(&found.seq) == Some(reason),
            Failure::Failed { code, .. } => code == reason,
            Failure::Discarded { condition, .. } => condition.as_str() == reason,
        }
    }
}

/// The failures that are kept, newest first.
fn newest(scene: &Scene) -> Vec<Found> {
    scene.watch.look(|seen| {
        let newest = seen.failures.newest.before(None);
        newest.map(|(seq, (at_ms, failure))| Found { seq, at_ms: *at_ms, failure: failure.clone() }).collect()
    })
}

/// `GET /api/failures`
pub(super) async fn list(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    let wanted = Wanted::of(query.text("exit"), query.text("reason"))?;
    let (before, limit) = (query.number("before")?, query.limit(100, 200)?);
    let scene = &shared.scene;
    let newest = newest(scene);
    let known = shared.reasons.know(scene, &newest).await;
    let mut items = Vec::new();
    let mut next = None;
    let asked = newest.iter().filter(|found| before.is_none_or(|before| found.seq < before));
    for found in asked.filter(|found| wanted.wants(found, &known)) {
        if items.len() >= limit {
            next = items.last().map(|(seq, _): &(u64, Value)| seq.to_string());
            break;
        }
        for item in read(scene, found).await {
            let sent = shared.links.sent(&item.id).len();
            items.push((found.seq, item.json(scene, sent)));
        }
    }
    let counts = known
        .counts
        .iter()
        .map(|((exit, reason), count)| json!({ "exit": exit.as_str(), "reason": reason, "count": count }));
    let (kept, dropped) =
        scene.watch.look(|seen| (seen.failures.newest.kept(), seen.failures.newest.dropped()));
    Ok(Json(json!({
        "counts": counts.collect::<Vec<_>>(),
        "unread": known.unread,
        "items": items.into_iter().map(|(_, item)| item).collect::<Vec<_>>(),
        "before": next,
        "kept": kept,
        "dropped": dropped,
    })))
}

/// Reads the records of a failure. One that can't be read any more is not in the list, but is still counted.
async fn read(scene: &Scene, found: &Found) -> Vec<Item> {
    match found.items(scene, 0, MAX_OF_ONE).await {
        Ok(items) => items,
        Err(refusal) => {
            tracing::debug!(?refusal, "a failure can't be read");
            Vec::new()
        }
    }
}

/// Reads the failed record that has this id.
async fn item(scene: &Scene, id: &str) -> Result<Item, Refusal> {
    let (found, place) = Found::of_id(scene, id)?;
    let items = found.items(scene, place, 1).await?;
    let item = items.into_iter().find(|item| item.id == id);
    item.ok_or_else(|| Refusal::not_found(format!("failure {id:?} is not where it was kept any more")))
}

/// Finds a failed record on its stream by its arrival time and its payload, if its place is not known.
async fn found_again(shared: &Arc<Shared>, item: &Item) -> Option<Value> {
    let payload = item.payload.clone().filter(|_| item.number.is_none())?;
    let (shared, stream, arrived_ms) = (Arc::clone(shared), item.stream.clone(), item.arrived_ms?);
    blocking(move || record::of_failed(&shared.scene, &stream, (arrived_ms, &payload))).await
}

/// `GET /api/failures/{id}`
pub(super) async fn one(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let scene = &shared.scene;
    let item = item(scene, &id).await?;
    let sent = shared.links.sent(&id);
    let found = found_again(&shared, &item).await;
    let mut answer = item.json(scene, sent.len());
    if let Some(members) = answer.as_object_mut() {
        let check = item.payload.as_ref().and_then(|payload| Check::of(scene, &item.stream, payload));
        for name in ["shard", "number", "sub", "key"] {
            if let Some(value) = found.as_ref().and_then(|found| found.get(name)) {
                members.insert(name.to_owned(), value.clone());
            }
        }
        members.insert("payload".to_owned(), item.payload_json());
        members.insert("check".to_owned(), check.map_or(Value::Null, |check| check.json()));
        members.insert("sent".to_owned(), json!(sent));
    }
    Ok(Json(answer))
}
