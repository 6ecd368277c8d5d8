//! What became of a record at each taker of its stream, looked for where the taker writes.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use edge::store::{Listed, list_all};
use futures::TryStreamExt as _;
use memchr::memmem;
use record_model::layout::{EnrichedKey, Hour, Position, QuarantineKey};
use record_model::put_aside::PutAside;
use serde_json::{Value, json};
use template::{DeliveryStream, KinesisMapping, Role};

use super::{Held, Place};
use crate::page::api::objects;
use crate::page::scene::Scene;
use crate::page::watch::failures::Failure;
use crate::pipeline::balance::{delivery_id, mapping_id};

/// Objects that are opened for one record.
const MAX_OPENED: usize = 8;
/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// A record that is looked for.
struct Sought<'a> {
    scene: &'a Scene,
    place: &'a Place,
    held: &'a Held,
}

/// What each taker did with the record.
pub(super) async fn of(scene: &Scene, place: &Place, held: Option<&Held>) -> Vec<Value> {
    let Some(held) = held else { return Vec::new() };
    let sought = Sought { scene, place, held };
    let passed = scene.streams.stream(&place.stream);
    let passed = passed.map(|stream| stream.passed(place.shard, place.counter)).unwrap_or_default();
    let mut outcomes = Vec::new();
    for mapping in scene.topology.mappings.iter().filter(|mapping| mapping.stream == place.stream) {
        let found = sought.of_mapping(mapping).await;
        outcomes.extend(told(&mapping.name, found, &passed, &mapping_id(&mapping.name)));
    }
    for delivery in scene.topology.deliveries.iter().filter(|delivery| delivery.stream == place.stream) {
        let found = sought.of_delivery(delivery).await;
        outcomes.extend(told(&delivery.name, found, &passed, &delivery_id(&delivery.name)));
    }
    outcomes
}

/// What was found, or else whether the taker is past the record.
fn told(taker: &str, found: Vec<Value>, passed: &BTreeMap<String, bool>, id: &str) -> Vec<Value> {
    if found.is_empty() {
        let is_passed = passed.get(id).copied().unwrap_or(false);
        let state = if is_passed { "passed" } else { "waiting" };
        return vec![json!({ "taker": taker, "state": state })];
    }
    let mut found = found;
    for outcome in &mut found {
        if let Some(members) = outcome.as_object_mut() {
            members.insert("taker".to_owned(), json!(taker));
        }
    }
    found
}

impl Sought<'_> {
    async fn of_mapping(&self, mapping: &KinesisMapping) -> Vec<Value> {
        let functions = &self.scene.topology.functions;
        let function = functions.iter().find(|function| function.name == mapping.function);
        let bucket = function
            .filter(|function| function.role == Some(Role::Consumer))
            .and_then(|function| function.variables.get("OUTPUT_BUCKET"));
        let mut found = Vec::new();
        if let Some(bucket) = bucket {
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

    /// Its object in quarantine, which is named after it.
    async fn quarantined(&self, bucket: &str) -> Option<Value> {
        let data_set = self.scene.data_set(&self.place.stream);
        let key = QuarantineKey::of_stream(data_set, &self.position()).key();
        let stored = objects::read(self.scene, bucket, &key).await.ok()?;
        let reason = PutAside::read(&stored).ok().map(|put_aside| json!(put_aside.reason));
        Some(json!({ "state": "quarantined", "bucket": bucket, "key": key, "reason": reason }))
    }

    /// Its line: in an object that is named after a record before it, or after itself.
    async fn enriched(&self, bucket: &str) -> Option<Value> {
        let data_set = self.scene.data_set(&self.place.stream);
        let store = self.scene.bucket(bucket).ok()?;
        let arrived = self.held.record.arrived_at_ms;
        let mut keys = Vec::new();
        for hour in [Hour::of_ms(arrived), Hour::of_ms(arrived - HOUR_MS)] {
            let prefix = format!("{}{hour}/", EnrichedKey::prefix(data_set));
            let listed: Vec<Listed> = list_all(&store, &prefix).try_collect().await.unwrap_or_default();
            let may_hold = |object: Listed| Some((self.may_hold(&object.key)?, object.key));
            keys.extend(listed.into_iter().filter_map(may_hold));
        }
        keys.sort();
        let id = serde_json::to_vec(&self.place.id()).ok()?;
        for (_, key) in keys.into_iter().rev().take(MAX_OPENED) {
            let found = self.line_in(bucket, &key, &id).await;
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The number of the first record of an object that may hold this one.
    fn may_hold(&self, key: &str) -> Option<String> {
        let first = EnrichedKey::parse(key)?.first;
        let is_same = first.stream == self.place.stream && first.shard_id == self.place.shard_id;
        let number = first.sequence_number;
        (is_same && number <= self.place.number.as_str()).then(|| number.to_owned())
    }

    /// The first line of an object that holds these bytes.
    async fn line_in(&self, bucket: &str, key: &str, bytes: &[u8]) -> Option<Value> {
        let stored = objects::read(self.scene, bucket, key).await.ok()?;
        let (opened, _) = objects::opened(&stored);
        let at = memmem::find(&opened, bytes)?;
        let (before, _) = opened.split_at_checked(at)?;
        let line = memchr::memchr_iter(b'\n', before).count();
        let text = opened.split(|byte| *byte == b'\n').nth(line).unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        Some(json!({ "state": "written", "bucket": bucket, "key": key, "line": line + 1, "text": text }))
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

    /// Its line in an object of the delivery stream, or of its error prefix. The first objects that were written since
    /// the record came are looked into.
    async fn of_delivery(&self, delivery: &DeliveryStream) -> Vec<Value> {
        let failed = self.failed(delivery).await;
        if failed.is_some() {
            return failed.into_iter().collect();
        }
        let prefix = fixed(&delivery.prefix);
        let wanted = match (&delivery.processing, &self.held.typed) {
            (Some(_), Some(typed)) => Bytes::from(typed.clone()),
            (None, _) => Bytes::from(self.held.payload.clone()),
            (Some(_), None) => return Vec::new(),
        };
        for key in self.keys_since(&delivery.bucket, prefix) {
            if let Some(found) = self.line_in(&delivery.bucket, &key, &wanted).await {
                return vec![found];
            }
        }
        Vec::new()
    }

    async fn failed(&self, delivery: &DeliveryStream) -> Option<Value> {
        let kept = self.scene.watch.look(|seen| {
            let newest = seen.failures.newest.before(None);
            let of_delivery = newest.filter_map(|(_, (at_ms, failure))| match failure {
                Failure::Failed { delivery: of, key, code, message, .. }
                    if **of == *delivery.name && *at_ms >= self.held.record.arrived_at_ms =>
                {
                    Some((key.clone(), code.clone(), message.clone()))
                }
                _ => None,
            });
            of_delivery.collect::<Vec<_>>()
        });
        let raw = format!(r#""rawData":"{}""#, STANDARD.encode(&self.held.payload));
        for (key, code, message) in kept.into_iter().rev().take(MAX_OPENED) {
            if let Some(mut found) = self.line_in(&delivery.bucket, &key, raw.as_bytes()).await {
                if let Some(members) = found.as_object_mut() {
                    members.insert("state".to_owned(), json!("failed"));
                    let reason = json!({ "kind": code, "field": null, "message": message });
                    members.insert("reason".to_owned(), reason);
                }
                return Some(found);
            }
        }
        None
    }

    /// The first objects under a prefix that were written since the record came.
    fn keys_since(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let arrived_ms = self.held.record.arrived_at_ms;
        self.scene.watch.look(|seen| {
            let all = seen.objects.newest.after(0).map(|(_, written)| written);
            let since = all.filter(|written| {
                *written.bucket == *bucket && written.at_ms >= arrived_ms && written.key.starts_with(prefix)
            });
            since.take(MAX_OPENED).map(|written| written.key.clone()).collect()
        })
    }
}

/// A prefix up to its first expression.
fn fixed(prefix: &str) -> &str {
    prefix.split("!{").next().unwrap_or_default()
}
