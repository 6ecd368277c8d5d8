//! What the mappings and delivery streams took from their streams. The numbers are the ledger's.

use serde::Serialize;

use super::{Frames, Look};
use crate::aws::clock::Moment;
use crate::aws::event::Name;
use crate::page::scene::Scene;
use crate::page::watch::Seen;
use crate::pipeline::balance::{delivery_id, mapping_id, waiting};
use template::{DeliveryStream, KinesisMapping, Role};

#[derive(Debug, Serialize)]
pub(super) struct Mapping {
    name: String,
    stream: String,
    function: String,
    carried: u64,
    acknowledged: u64,
    given_up: u64,
    lost: u64,
    windows_lost: u64,
    retried: u64,
    waiting: u64,
    per_second: u64,
    iterator_age_ms: Option<u64>,
    /// Only for kinflow's consumers.
    quarantined: Option<u64>,
    enriched_objects: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Delivery {
    name: String,
    stream: String,
    carried: u64,
    passed: u64,
    delivered: u64,
    dropped: u64,
    failed: u64,
    objects: u64,
    bytes: u64,
    waiting: u64,
    per_second: u64,
    iterator_age_ms: Option<u64>,
    buffer: Option<Buffer>,
    gathering: Option<Gathering>,
}

/// What the open buffers of a delivery stream hold, and how many bytes fill one.
#[derive(Debug, Serialize)]
struct Buffer {
    bytes: usize,
    of_bytes: usize,
    records: u64,
    open: usize,
    due_in_ms: Option<Moment>,
}

/// What a delivery stream gathers for its transform, or has given to it.
#[derive(Debug, Serialize)]
struct Gathering {
    bytes: usize,
    of_bytes: usize,
    due_in_ms: Option<Moment>,
}

/// Records that left a pipeline other than by their delivery.
#[derive(Debug, Serialize)]
pub(super) struct Exits {
    quarantined: u64,
    failed: u64,
    discarded: u64,
    lost: u64,
    dropped: u64,
}

impl Exits {
    pub(super) fn of(seen: &Seen, mappings: &[Mapping], deliveries: &[Delivery]) -> Self {
        Self {
            quarantined: seen.objects.quarantined,
            failed: deliveries.iter().map(|delivery| delivery.failed).sum(),
            discarded: mappings.iter().map(|mapping| mapping.given_up).sum(),
            lost: mappings.iter().map(|mapping| mapping.lost).sum(),
            dropped: deliveries.iter().map(|delivery| delivery.dropped).sum(),
        }
    }
}

/// How many records waited before the run for the taker of the stream that was furthest behind.
pub(super) fn carried(stream: &str, look: &Look<'_>) -> u64 {
    let topology = &look.scene.topology;
    let mappings = topology.mappings.iter().filter(|mapping| mapping.stream == stream);
    let deliveries = topology.deliveries.iter().filter(|delivery| delivery.stream == stream);
    let takers = mappings
        .map(|mapping| mapping_id(&mapping.name))
        .chain(deliveries.map(|delivery| delivery_id(&delivery.name)));
    takers.map(|taker| look.scene.carried_over(stream, &taker)).max().unwrap_or(0)
}

impl Frames {
    pub(super) fn mappings(&mut self, look: &Look<'_>) -> Vec<Mapping> {
        look.scene.topology.mappings.iter().map(|mapping| self.mapping(mapping, look)).collect()
    }

    fn mapping(&mut self, mapping: &KinesisMapping, look: &Look<'_>) -> Mapping {
        let KinesisMapping { name, stream, function, .. } = mapping;
        let (id, key): (_, (Name, Name)) = (mapping_id(name), (name.as_str().into(), stream.as_str().into()));
        let taken = look.counts.mappings.get(&key).copied().unwrap_or_default();
        let waits = waiting(look.shards, stream, &id);
        let written = is_consumer(look.scene, function).then(|| look.seen.objects.of_stream(stream));
        Mapping {
            name: name.clone(),
            stream: stream.clone(),
            function: function.clone(),
            carried: look.scene.carried_over(stream, &id),
            acknowledged: taken.acknowledged,
            given_up: taken.given_up,
            lost: taken.lost,
            windows_lost: taken.windows_lost,
            retried: look.seen.retried.get(&key).copied().unwrap_or(0),
            waiting: waits,
            per_second: self.rates.look(&format!("taken {name}"), look.now, taken.ended()),
            iterator_age_ms: self.age((stream, &id), waits, look.now),
            quarantined: written.map(|written| written.quarantined),
            enriched_objects: written.map(|written| written.enriched_objects),
        }
    }

    pub(super) fn deliveries(&mut self, look: &Look<'_>) -> Vec<Delivery> {
        look.scene.topology.deliveries.iter().map(|delivery| self.delivery(delivery, look)).collect()
    }

    fn delivery(&mut self, delivery: &DeliveryStream, look: &Look<'_>) -> Delivery {
        let DeliveryStream { name, stream, .. } = delivery;
        let id = delivery_id(name);
        let done = look.counts.deliveries.get(name.as_str()).cloned().unwrap_or_default();
        let waits = waiting(look.shards, stream, &id);
        let held = look.seen.held.get(name.as_str()).copied().unwrap_or_default();
        let due_in_ms = |due: Option<Moment>| due.map(|due| due.saturating_sub(look.now).max(0));
        let buffer = Buffer {
            bytes: held.bytes,
            of_bytes: delivery.buffer_bytes,
            records: held.records,
            open: held.open,
            due_in_ms: due_in_ms(held.due),
        };
        let gathering = delivery.processing.as_ref().filter(|_| held.taken_bytes > 0);
        let gathering = gathering.map(|processing| Gathering {
            bytes: held.taken_bytes,
            of_bytes: processing.buffer_bytes,
            due_in_ms: due_in_ms(held.taken_due),
        });
        Delivery {
            name: name.clone(),
            stream: stream.clone(),
            carried: look.scene.carried_over(stream, &id),
            passed: done.passed,
            delivered: done.delivered,
            dropped: done.dropped,
            failed: done.failed,
            objects: done.objects,
            bytes: look.seen.delivered_bytes.get(name.as_str()).copied().unwrap_or(0),
            waiting: waits,
            per_second: self.rates.look(&format!("passed {name}"), look.now, done.passed),
            iterator_age_ms: self.age((stream, &id), waits, look.now),
            buffer: (held.open > 0).then_some(buffer),
            gathering,
        }
    }

    /// The age of the oldest record that waits for a taker, in milliseconds, or `None` if none waits.
    fn age(&self, (stream, taker): (&str, &str), waits: u64, now: Moment) -> Option<u64> {
        // Ages are read less often than counts, so the last one may be of a record that waits no more.
        let arrived_ms = self.ages.get(&(stream.to_owned(), taker.to_owned())).filter(|_| waits > 0)?;
        Some(u64::try_from(now).unwrap_or(0).saturating_sub(*arrived_ms))
    }
}

fn is_consumer(scene: &Scene, function: &str) -> bool {
    let definition = scene.topology.functions.iter().find(|definition| definition.name == function);
    definition.is_some_and(|definition| definition.role == Some(Role::Consumer))
}
