//! Charts of a run's data sets. They are made from its objects when somebody looks at them.

mod buckets;
mod digest;
mod series;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use record_model::Schema;
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

/// How long one request reads objects. The next request goes on from there.
const READ_FOR: Duration = Duration::from_millis(150);

/// The summaries that were made so far.
#[derive(Debug, Default)]
pub(crate) struct Digests(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    sets: BTreeMap<String, Digest>,
    /// The number of the last object that was looked at.
    looked_to: u64,
    /// The number of objects, of every kind, whose names were dropped before they were looked at.
    missed: u64,
    /// The object that is being read, if it is not finished.
    begun: Option<Begun>,
}

/// An object of which some lines may have been read.
#[derive(Debug)]
struct Begun {
    data_set: String,
    schema: Option<Schema>,
    lines: Bytes,
    written_ms: i64,
}

/// `GET /api/data`: what was found so far. It reads no objects.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Answer {
    let inside = shared.digests.0.lock().await;
    let coming = inside.coming(&shared.scene);
    let names: BTreeSet<&String> = inside.sets.keys().chain(coming.iter().map(|(name, _, _)| name)).collect();
    let empty = Digest::default();
    let summary = |name: &&String| inside.sets.get(*name).unwrap_or(&empty).summary(name);
    let sets: Vec<Value> = names.iter().map(summary).collect();
    Ok(Json(json!({ "data_sets": sets, "left": coming.len() })))
}

/// `GET /api/data/{data_set}`
pub(super) async fn one(State(shared): State<Arc<Shared>>, Path(name): Path<String>, query: Query) -> Answer {
    let left = digest(&shared).await;
    let inside = shared.digests.0.lock().await;
    let no_set = || Refusal::not_found(format!("data set {name:?} has no objects with lines yet"));
    let nothing_yet = Digest::default();
    let is_coming = || inside.coming(&shared.scene).iter().any(|(data_set, _, _)| *data_set == name);
    let digest = match inside.sets.get(&name) {
        Some(digest) => digest,
        None if is_coming() => &nothing_yet,
        None => return Err(no_set()),
    };
    let mut answer = digest.pictures(query.text("field"), query.text("label"));
    if let Some(members) = answer.as_object_mut() {
        let (objects, records) = (digest.objects, digest.records);
        members.insert("data_set".to_owned(), json!(name));
        let digested = json!({
            "objects": objects, "records": records, "left": left, "missed": inside.missed(&shared.scene),
        });
        members.insert("digested".to_owned(), digested);
    }
    Ok(Json(answer))
}

/// Reads more of the run's objects, and returns how many are left. If the browser goes away, the reading still
/// finishes.
async fn digest(shared: &Arc<Shared>) -> usize {
    let shared = Arc::clone(shared);
    let digested = tokio::spawn(async move { shared.digests.0.lock().await.digest(&shared.scene).await });
    digested.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

impl Inside {
    /// The objects that hold lines of a data set and are still to be read, oldest first.
    fn coming(&self, scene: &Scene) -> Vec<(String, u64, Written)> {
        // The names are copied first, so that nothing waits for the lock while they are sorted out.
        let after: Vec<(u64, Written)> = scene.watch.look(|seen| {
            let after = seen.objects.newest.after(self.looked_to);
            after.map(|(seq, written)| (seq, written.clone())).collect()
        });
        let coming = after.into_iter().map(|(seq, written)| (data_set(scene, &written), seq, written));
        coming.filter_map(|(data_set, seq, written)| Some((data_set?, seq, written))).collect()
    }

    /// The number of objects, of every kind, whose names were dropped before anybody looked.
    fn missed(&self, scene: &Scene) -> u64 {
        let gone = scene.watch.look(|seen| seen.objects.newest.dropped());
        self.missed + gone.saturating_sub(self.looked_to)
    }

    /// Reads more of the run's objects for a while, and returns how many are left.
    async fn digest(&mut self, scene: &Scene) -> usize {
        let until = Instant::now() + READ_FOR;
        let head = scene.watch.look(|seen| seen.objects.newest.head());
        let mut coming = VecDeque::from(self.coming(scene));
        while Instant::now() < until {
            let begun = match self.begun.take() {
                Some(begun) => Some(begun),
                None => match coming.pop_front() {
                    Some((data_set, seq, written)) => self.begin(scene, data_set, (seq, &written)).await,
                    None => break,
                },
            };
            if let Some(begun) = begun {
                self.take(begun, until).await;
            }
        }
        if coming.is_empty() {
            // The objects without lines count as looked at too.
            self.missed = self.missed(scene);
            self.looked_to = head.max(self.looked_to);
        }
        coming.len() + usize::from(self.begun.is_some())
    }

    /// Opens an object. An object that is gone is skipped.
    async fn begin(
        &mut self,
        scene: &Scene,
        data_set: String,
        (seq, written): (u64, &Written),
    ) -> Option<Begun> {
        self.missed = self.missed(scene);
        self.looked_to = seq;
        let stored = objects::read(scene, &written.bucket, &written.key).await.ok()?;
        let (lines, _) = blocking(move || objects::opened(&stored)).await;
        self.sets.entry(data_set.clone()).or_default().objects += 1;
        let schema = scene.schema_of_set(&data_set).cloned();
        Some(Begun { data_set, schema, lines, written_ms: written.at_ms })
    }

    /// Reads lines of an object, until its end or until the time is over.
    async fn take(&mut self, mut begun: Begun, until: Instant) {
        let mut digest = self.sets.remove(&begun.data_set).unwrap_or_default();
        let (digest, begun) = blocking(move || {
            while !begun.lines.is_empty() && Instant::now() < until {
                let end = memchr::memchr(b'\n', &begun.lines).map_or(begun.lines.len(), |at| at + 1);
                let line = begun.lines.split_to(end);
                digest.take(line.trim_ascii(), begun.schema.as_ref(), begun.written_ms);
            }
            (digest, begun)
        })
        .await;
        self.sets.insert(begun.data_set.clone(), digest);
        self.begun = Some(begun).filter(|begun| !begun.lines.is_empty());
    }
}

/// The data set whose lines an object holds. It is the data set of a consumer's object, or of an object of a delivery
/// stream with a transform whose stream has no consumer. So a record that both write is counted once.
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
