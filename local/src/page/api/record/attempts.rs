//! The invocations whose event contained a record, as far as they are kept.

use std::collections::BTreeMap;

use bytes::Bytes;
use memchr::memmem;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Place;
use crate::aws::clock::{Moment, milliseconds};
use crate::aws::event::Name;
use crate::page::api::shared::Shared;
use crate::page::scene::Scene;
use crate::page::watch::event::Sender;
use crate::page::watch::invocations::Invoked;
use template::Role;

/// The most bytes of a producer's event or answer that are shown.
const MAX_SHOWN: usize = 4 << 10;

/// The attempts to process a record.
pub(super) struct Tried {
    pub(super) attempts: Vec<Value>,
    /// Whether no invocation that is not kept any more can have had the record.
    pub(super) is_complete: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchAnswer {
    #[serde(default)]
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// Returns the attempts with a record, oldest first. It searches events, so it must not run on a task that others wait
/// for.
pub(super) fn of(shared: &Shared, place: &Place, arrived_ms: Option<Moment>) -> Tried {
    let scene = &shared.scene;
    let takers = takers(scene, &place.stream);
    let (kept, is_complete) = scene.watch.look(|seen| {
        let all = seen.invocations.all();
        let kept: Vec<(u64, Invoked)> = all
            .filter(|(_, invoked)| takers.contains(&&*invoked.function))
            .map(|(seq, invoked)| (seq, invoked.clone()))
            .collect();
        let has_all = takers.iter().all(|function| {
            let is_first =
                seen.invocations.tally(function).invocations == seen.invocations.kept_of(function) as u64;
            let oldest = seen.invocations.of(function, 0).next();
            is_first || oldest.is_some_and(|(_, oldest)| Some(oldest.started_ms) <= arrived_ms)
        });
        (kept, has_all)
    });
    let needle = format!(r#""sequenceNumber":"{}""#, place.number);
    let finder = memmem::Finder::new(&needle);
    // An event that is not kept any more is taken to have had the record if the record is within its range.
    let holds = |invoked: &Invoked| match &invoked.event {
        Some(event) => finder.find(event).is_some(),
        None => invoked.range.as_ref().is_some_and(|range| is_within(scene, place, range)),
    };
    let tried = kept.iter().filter(|(_, invoked)| holds(invoked));
    let mut before: BTreeMap<&str, &Invoked> = BTreeMap::new();
    let attempts = tried.map(|(seq, invoked)| {
        let kind = if shared.by_hand.made(&invoked.request_id) {
            "by_hand"
        } else {
            kind(before.insert(&invoked.function, invoked), invoked)
        };
        attempt(*seq, invoked, kind, &place.number)
    });
    Tried { attempts: attempts.collect(), is_complete }
}

/// Whether a record is on the batch's shard, and between the batch's first and last sequence number.
fn is_within(scene: &Scene, place: &Place, (first, last): &(Name, Name)) -> bool {
    let is_between = &**first <= place.number.as_str() && place.number.as_str() <= &**last;
    is_between && Place::of(scene, &place.stream, first, None).is_ok_and(|first| first.shard == place.shard)
}

/// The functions that receive a stream's records.
fn takers<'a>(scene: &'a Scene, stream: &str) -> Vec<&'a str> {
    let mappings = scene.topology.mappings.iter().filter(|mapping| mapping.stream == stream);
    let deliveries = scene.topology.deliveries.iter().filter(|delivery| delivery.stream == stream);
    let transforms = deliveries.filter_map(|delivery| delivery.processing.as_ref());
    let functions = mappings.map(|mapping| mapping.function.as_str());
    functions.chain(transforms.map(|processing| processing.function.as_str())).collect()
}

/// The kind of an attempt, compared with the one before it.
fn kind(before: Option<&Invoked>, now: &Invoked) -> &'static str {
    match before {
        None => "first",
        Some(before) if now.batch < before.batch => "smaller",
        Some(_) => "retry",
    }
}

fn attempt(seq: u64, invoked: &Invoked, kind: &str, number: &str) -> Value {
    let end = invoked.end.as_ref();
    json!({
        "seq": seq,
        "invocation": &*invoked.request_id,
        "function": &*invoked.function,
        "for": invoked.sender.as_str(),
        "started_ms": invoked.started_ms,
        "took_ms": end.map(|end| milliseconds(end.took)),
        "batch": invoked.batch,
        "error": end.and_then(|end| end.error.as_ref()),
        "kind": kind,
        // If false, the event is not kept any more, and only its range says that the record was in it.
        "certain": invoked.event.is_some(),
        // A mapping goes on from the lowest sequence number that failed.
        "again_from": again_from(invoked),
        "failed": again_from(invoked).is_some_and(|from| from.as_str() <= number),
    })
}

/// The lowest sequence number that a mapping's answer reports as failed.
fn again_from(invoked: &Invoked) -> Option<String> {
    let answer = invoked.end.as_ref()?.answer.as_ref().filter(|_| invoked.sender == Sender::Mapping)?;
    let answer: BatchAnswer = serde_json::from_slice(answer).ok()?;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).min()
}

/// The producer's invocation during which a record arrived, or `None` if there was none or more than one.
pub(super) fn source(scene: &Scene, stream: &str, arrived_ms: Moment) -> Option<Value> {
    let is_of_stream = |function: &str| {
        scene.topology.functions.iter().any(|known| {
            known.name == function
                && known.role == Some(Role::Producer)
                && known.variables.get("STREAM_NAME").is_some_and(|name| name == stream)
        })
    };
    scene.watch.look(|seen| {
        let mut during = seen.invocations.all().filter(|(_, invoked)| {
            let ended = invoked.end.as_ref().map(|end| invoked.started_ms + milliseconds(end.took));
            is_of_stream(&invoked.function)
                && invoked.started_ms <= arrived_ms
                && ended.is_none_or(|ended| arrived_ms <= ended + 1)
        });
        let (seq, invoked) = during.next()?;
        if during.next().is_some() {
            return None;
        }
        let answer = invoked.end.as_ref().and_then(|end| end.answer.as_ref());
        Some(json!({
            "seq": seq,
            "function": &*invoked.function,
            "invocation": &*invoked.request_id,
            "event": text(invoked.event.as_ref()),
            "answer": text(answer),
        }))
    })
}

fn text(body: Option<&Bytes>) -> Option<String> {
    let body = body?;
    let first = body.get(..MAX_SHOWN.min(body.len())).unwrap_or_default();
    Some(String::from_utf8_lossy(first).into_owned())
}
