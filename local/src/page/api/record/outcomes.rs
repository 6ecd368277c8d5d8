//! Finds out what each taker of a stream did with a record, by looking where that taker writes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use edge::store::{Listed, list_all};
use futures::TryStreamExt as _;
use memchr::memmem;
use record_model::layout::{EnrichedKey, Hour, Position, QuarantineKey};
use record_model::put_aside::PutAside;
use serde_json::{Value, json};
use template::{KinesisMapping, Role};

use super::{Held, Place};
use crate::aws::clock::Moment;
use crate::aws::kinesis::store::blocking;
use crate::page::api::objects;
use crate::page::scene::Scene;
use crate::page::watch::failures::Failure;
use crate::pipeline::balance::{delivery_id, mapping_id};

/// The most objects that are opened for one record at each place.
pub(super) const MAX_OPENED: usize = 8;
/// The longest that one record is looked for.
const LOOK_FOR: Duration = Duration::from_secs(2);
/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// A record whose outcomes are looked for.
pub(super) struct Sought<'a> {
    pub(super) scene: &'a Scene,
    pub(super) place: &'a Place,
    pub(super) held: &'a Held,
    until: Instant,
}

/// Returns what each taker did with the record.
pub(super) async fn of(scene: &Scene, place: &Place, held: Option<&Held>) -> Vec<Value> {
    let Some(held) = held else { return Vec::new() };
    let sought = Sought { scene, place, held, until: Instant::now() + LOOK_FOR };
    let passed = scene.streams.stream(&place.stream);
    let passed = passed.map(|stream| stream.passed(place.shard, place.counter)).unwrap_or_default();
    let mut outcomes = Vec::new();
    for mapping in scene.topology.mappings.iter().filter(|mapping| mapping.stream == place.stream) {
        let found = Looked { found: sought.of_mapping(mapping).await, left_out: None };
        outcomes.extend(told(&mapping.name, found, &passed, &mapping_id(&mapping.name)));
    }
    for delivery in scene.topology.deliveries.iter().filter(|delivery| delivery.stream == place.stream) {
        let found = sought.of_delivery(delivery).await;
        outcomes.extend(told(&delivery.name, found, &passed, &delivery_id(&delivery.name)));
    }
    outcomes
}

/// What was found at a taker, and why there may be more.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) found: Vec<Value>,
    pub(super) left_out: Option<&'static str>,
}

/// Returns what was found. If nothing was, it says whether the taker is past the record.
fn told(taker: &str, looked: Looked, passed: &BTreeMap<String, bool>, id: &str) -> Vec<Value> {
    let Looked { mut found, left_out } = looked;
    if found.is_empty() {
        let is_passed = passed.get(id).copied().unwrap_or(false);
        let state = if is_passed { "passed" } else { "waiting" };
        return vec![json!({ "taker": taker, "state": state, "note": left_out.filter(|_| is_passed) })];
    }
    for outcome in &mut found {
        insert(outcome, "taker", json!(taker));
    }
    found
}

impl Sought<'_> {
    /// Whether there is time to open one more object.
    pub(super) fn has_time(&self) -> bool {
        Instant::now() < self.until
    }

    async fn of_mapping(&self, mapping: &KinesisMapping) -> Vec<Value> {
        let functions = &self.scene.topology.functions;
        let function = functions.iter().find(|function| function.name == mapping.function);
        let bucket = function
            .filter(|function| function.role == Some(Role::Consumer))
            .and_then(|function| function.variables.get("OUTPUT_BUCKET"));
        let mut found = Vec::new();
        // Each member of an aggregate has an outcome of its own, so the aggregate has none.
        if let (Some(bucket), None) = (bucket, &self.held.members) {
            found.extend(self.quarantined(bucket).await);
            found.extend(self.enriched(bucket).await);
        }
        found.extend(self.discarded(mapping).await);
        found
    }

    fn position(&self) -> Position<'_> {
        Position {
            stream: &self.place.stream,
            shard_id: &self.place.shard_id,
            sequence_number: &self.place.number,
            sub_sequence_number: self.place.sub,
            arrived_at_ms: self.held.record.arrived_at_ms,
        }
    }

    /// The record's object in quarantine, which is named after it.
    async fn quarantined(&self, bucket: &str) -> Option<Value> {
        let data_set = self.scene.data_set(&self.place.stream);
        let key = QuarantineKey::of_stream(data_set, &self.position()).key();
        let stored = objects::read(self.scene, bucket, &key).await.ok()?;
        let reason = PutAside::read(&stored).ok().map(|put_aside| json!(put_aside.reason));
        Some(json!({ "state": "quarantined", "bucket": bucket, "key": key, "reason": reason }))
    }

    /// The record's line in `enriched/`. A chunked message has one line, which may stand under another of its pieces.
    async fn enriched(&self, bucket: &str) -> Option<Value> {
        let own = self.line_of(bucket, self.place, self.held.record.arrived_at_ms).await;
        let Some(message) = self.held.message.as_ref().filter(|_| own.is_none()) else { return own };
        for piece in message.pieces.values().filter(|piece| piece.place != *self.place) {
            if let Some(mut found) = self.line_of(bucket, &piece.place, piece.arrived_ms()).await {
                let note = format!("the message's line is kept for its piece {}", piece.place.number);
                insert(&mut found, "note", json!(note));
                return Some(found);
            }
        }
        None
    }

    /// Finds the line of a record. Its object is named after the batch's first record, which is this one or an earlier
    /// one.
    async fn line_of(&self, bucket: &str, place: &Place, arrived_ms: Moment) -> Option<Value> {
        let data_set = self.scene.data_set(&place.stream);
        let store = self.scene.bucket(bucket).ok()?;
        let mut keys = Vec::new();
        for hour in [Hour::of_ms(arrived_ms), Hour::of_ms(arrived_ms - HOUR_MS)] {
            let prefix = format!("{}{hour}/", EnrichedKey::prefix(data_set));
            let listed: Vec<Listed> = list_all(&store, &prefix).try_collect().await.unwrap_or_default();
            keys.extend(
                listed.into_iter().filter_map(|object| Some((may_hold(&object.key, place)?, object.key))),
            );
        }
        keys.sort();
        let id = serde_json::to_vec(&place.id()).ok()?;
        for (_, key) in keys.into_iter().rev().take(MAX_OPENED).take_while(|_| self.has_time()) {
            let found = self.line_in(bucket, &key, |object| memmem::find(object, &id)).await;
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Returns the line in which `place_of` finds the record in this object.
    pub(super) async fn line_in(
        &self,
        bucket: &str,
        key: &str,
        place_of: impl Fn(&[u8]) -> Option<usize>,
    ) -> Option<Value> {
        let stored = objects::read(self.scene, bucket, key).await.ok()?;
        let (opened, _) = blocking(move || objects::opened(&stored)).await;
        let (before, from) = opened.split_at_checked(place_of(&opened)?)?;
        let number = memchr::memchr_iter(b'\n', before).count() + 1;
        let begin = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
        let end = before.len() + memchr::memchr(b'\n', from).unwrap_or(from.len());
        // Bytes that are no text have no lines.
        let text = std::str::from_utf8(opened.get(begin..end).unwrap_or_default()).ok();
        let line = text.map(|_| number);
        Some(json!({ "state": "written", "bucket": bucket, "key": key, "line": line, "text": text }))
    }

    async fn discarded(&self, mapping: &KinesisMapping) -> Option<Value> {
        let kept = self.scene.watch.look(|seen| {
            let newest = seen.failures.newest.before(None);
            let of_shard = newest.filter_map(|(_, (_, failure))| match failure {
                Failure::Discarded { mapping: of, shard, kept, condition, .. }
                    if **of == *mapping.name && **shard == *self.place.shard_id =>
                {
                    Some((kept.clone()?, condition.as_str()))
                }
                _ => None,
            });
            of_shard.take(MAX_OPENED).collect::<Vec<_>>()
        });
        let Some(template::OnFailure::Bucket(bucket)) = &mapping.on_failure else { return None };
        for (key, condition) in kept {
            let Ok(stored) = objects::read(self.scene, bucket, &key).await else { continue };
            if memmem::find(&stored, self.place.number.as_bytes()).is_some() {
                let reason = json!({ "kind": condition, "field": null, "message": condition });
                return Some(json!({ "state": "discarded", "bucket": bucket, "key": key, "reason": reason }));
            }
        }
        None
    }
}

/// Returns the first sequence number of an object if the object may hold this record.
fn may_hold(key: &str, place: &Place) -> Option<String> {
    let first = EnrichedKey::parse(key)?.first;
    let is_same = first.stream == place.stream && first.shard_id == place.shard_id;
    let number = first.sequence_number;
    (is_same && number <= place.number.as_str()).then(|| number.to_owned())
}

/// Adds a member to an outcome.
pub(super) fn insert(outcome: &mut Value, name: &str, value: Value) {
    if let Some(members) = outcome.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
