//! The reasons for which records are in quarantine. Each object is read once, and its reason is counted.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use tokio::sync::Mutex;

use super::item::Found;
use crate::page::scene::Scene;
use crate::page::watch::failures::{Exit, Failure, count};

/// The most objects that are read for one request. The next request goes on from there.
const MAX_READ: usize = 500;
/// The number of objects that are read at the same time.
const AT_ONCE: usize = 16;

/// The reasons that were read.
#[derive(Debug, Default)]
pub(crate) struct Reasons(Mutex<Read>);

#[derive(Debug, Default)]
struct Read {
    /// The reasons that were read, by the number of the failure, for failures that are still kept.
    of: BTreeMap<u64, String>,
    counts: BTreeMap<(Exit, String), u64>,
    counted: u64,
}

/// What is known of the reasons now.
pub(super) struct Known {
    pub(super) of: BTreeMap<u64, String>,
    /// The number of records by exit and reason.
    pub(super) counts: BTreeMap<(Exit, String), u64>,
    /// The number of records in quarantine whose reason was not read.
    pub(super) unread: u64,
}

impl Reasons {
    /// Reads the reasons of these failures that were not read yet, newest first.
    pub(super) async fn know(&self, scene: &Scene, newest: &[Found]) -> Known {
        let mut read = self.0.lock().await;
        let oldest = newest.last().map_or(u64::MAX, |found| found.seq);
        read.of = read.of.split_off(&oldest);
        let is_new = |found: &&Found| {
            matches!(found.failure, Failure::Quarantined { .. }) && !read.of.contains_key(&found.seq)
        };
        let new = newest.iter().filter(is_new).take(MAX_READ).cloned();
        let looks: Vec<_> = new.map(|found| reason(scene, found)).collect();
        let looked: Vec<(u64, String)> = stream::iter(looks).buffered(AT_ONCE).collect().await;
        for (seq, reason) in looked {
            count(&mut read.counts, (Exit::Quarantined, reason.clone()), 1);
            read.of.insert(seq, reason);
            read.counted += 1;
        }
        let (mut counts, quarantined) =
            scene.watch.look(|seen| (seen.failures.reasons.clone(), seen.objects.quarantined));
        counts.extend(read.counts.clone());
        Known { of: read.of.clone(), counts, unread: quarantined.saturating_sub(read.counted) }
    }
}

/// Reads the reason of a record in quarantine, and returns it with the number of its failure.
async fn reason(scene: &Scene, found: Found) -> (u64, String) {
    let items = found.items(scene, 0, 1).await.unwrap_or_default();
    let reason = items.into_iter().next().map(|item| item.reason.name());
    (found.seq, reason.unwrap_or_else(|| "unreadable".to_owned()))
}
