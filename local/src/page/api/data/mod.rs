//! The data sets of a run as pictures: made from the objects that appear, when somebody looks.

mod buckets;
mod digest;
mod series;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use record_model::layout::EnrichedKey;
use serde_json::{Value, json};
use template::Role;
use tokio::sync::Mutex;

use super::objects;
use super::shared::Shared;
use crate::aws::kinesis::store::blocking;
use crate::page::answer::{Answer, Refusal};
use crate::page::query::Query;
use crate::page::scene::Scene;
use crate::page::watch::objects::Written;
use digest::Digest;

/// Objects that are read for one request; the next goes on.
const MAX_READ: usize = 100;
/// Bytes that are read for one request, as they are opened.
const MAX_BYTES: usize = 8 << 20;

/// What was added up so far.
#[derive(Debug, Default)]
pub(crate) struct Digests(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    sets: BTreeMap<String, Digest>,
    /// The number of the last object of the run that was looked at.
    looked_to: u64,
}

/// `GET /api/data`
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Answer {
    let left = digest(&shared).await;
    let inside = shared.digests.0.lock().await;
    let sets: Vec<Value> = inside.sets.iter().map(|(name, digest)| digest.summary(name)).collect();
    Ok(Json(json!({ "data_sets": sets, "left": left })))
}

/// `GET /api/data/{data_set}`
pub(super) async fn one(State(shared): State<Arc<Shared>>, Path(name): Path<String>, query: Query) -> Answer {
    let left = digest(&shared).await;
    let inside = shared.digests.0.lock().await;
    let no_set = || Refusal::not_found(format!("data set {name:?} has no objects with lines yet"));
    let digest = inside.sets.get(&name).ok_or_else(no_set)?;
    let mut answer = digest.pictures(query.text("field"), query.text("label"));
    if let Some(members) = answer.as_object_mut() {
        let (objects, records) = (digest.objects, digest.records);
        members.insert("data_set".to_owned(), json!(name));
        let digested = json!({ "objects": objects, "records": records, "left": left });
        members.insert("digested".to_owned(), digested);
    }
    Ok(Json(answer))
}

/// Reads on in the run's objects; how many are left. A browser that goes away interrupts nothing.
async fn digest(shared: &Arc<Shared>) -> usize {
    let shared = Arc::clone(shared);
    let digested = tokio::spawn(async move { shared.digests.0.lock().await.digest(&shared.scene).await });
    digested.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

impl Inside {
    /// Reads on in the run's objects; how many are left.
    async fn digest(&mut self, scene: &Scene) -> usize {
        let new: Vec<(u64, Written)> = scene.watch.look(|seen| {
            let after = seen.objects.newest.after(self.looked_to);
            after.map(|(seq, written)| (seq, written.clone())).collect()
        });
        let (mut read, mut bytes) = (0, 0);
        let mut left = 0;
        for (seq, written) in new {
            let data_set = data_set(scene, &written);
            if read >= MAX_READ || bytes >= MAX_BYTES {
                left += usize::from(data_set.is_some());
                continue;
            }
            self.looked_to = seq;
            if let Some(data_set) = data_set {
                read += 1;
                bytes += self.take(scene, data_set, &written).await;
            }
        }
        left
    }

    /// Takes an object in; how many bytes it has. One that is gone is passed over.
    async fn take(&mut self, scene: &Scene, data_set: String, written: &Written) -> usize {
        let Ok(stored) = objects::read(scene, &written.bucket, &written.key).await else { return 0 };
        let mut digest = self.sets.remove(&data_set).unwrap_or_default();
        let at_ms = written.at_ms;
        let (digest, bytes) = blocking(move || {
            let (opened, _) = objects::opened(&stored);
            digest.take(&opened, at_ms);
            (digest, opened.len())
        })
        .await;
        self.sets.insert(data_set, digest);
        bytes
    }
}

/// The data set of whose lines an object is: a consumer's, or else those of a delivery stream with a transform. One
/// record is counted once where both write it.
fn data_set(scene: &Scene, written: &Written) -> Option<String> {
    if let Some(key) = EnrichedKey::parse(&written.key) {
        return Some(key.data_set.to_owned());
    }
    let topology = &scene.topology;
    let is_consumer = |function: &str| {
        topology.functions.iter().any(|known| known.name == function && known.role == Some(Role::Consumer))
    };
    let delivery = topology.deliveries.iter().find(|delivery| {
        let prefix = delivery.prefix.split("!{").next().unwrap_or_default();
        delivery.processing.is_some()
            && *delivery.bucket == *written.bucket
            && !prefix.is_empty()
            && written.key.starts_with(prefix)
    })?;
    let mut mappings = topology.mappings.iter().filter(|mapping| mapping.stream == delivery.stream);
    let is_enriched = mappings.any(|mapping| is_consumer(&mapping.function));
    (!is_enriched).then(|| scene.data_set(&delivery.stream).to_owned())
}
