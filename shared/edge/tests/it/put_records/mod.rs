//! The engine's promises: nothing lost, nothing doubled, order per key, limits kept.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

mod any_faults;
mod rules;

use std::sync::Arc;

use edge::put_records::{Engine, EngineSettings, EngineStopped, Entry, InMemorySink, PutReport, RecordSink};

/// A run on paused time, where waiting costs nothing.
fn paused<F: Future>(run: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(run)
}

async fn put_all(sink: &Arc<InMemorySink>, settings: EngineSettings, entries: Vec<Entry>) -> PutReport {
    let engine = Engine::new(Arc::clone(sink), settings, sink.shards().await.unwrap());
    for entry in entries {
        if engine.push(entry).await == Err(EngineStopped::Stopped) {
            break;
        }
    }
    engine.finish().await
}

/// Entries whose payload is their number, on `keys` keys.
fn numbered(count: u64, keys: u64) -> Vec<Entry> {
    let entry = |n: u64| Entry::new(format!("key {}", n % keys), n.to_string()).at(n);
    (0..count).map(entry).collect()
}

fn stored_payloads(sink: &InMemorySink) -> Vec<u64> {
    let number = |entry: &Entry| std::str::from_utf8(&entry.data).unwrap().parse().unwrap();
    let mut all: Vec<u64> = sink.stored().iter().flatten().map(number).collect();
    all.sort_unstable();
    all
}
