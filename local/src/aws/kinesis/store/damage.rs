//! What is made of files that were damaged or torn while no process had them open.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use super::rules::{NOW, Told, page, put, stream};
use super::*;
use crate::aws::event::Event;
use crate::aws::stream::{Place, StreamSource as _};

const SHARD: &str = "shardId-000000000000";

fn segment(folder: &Path) -> PathBuf {
    folder.join("s").join(SHARD).join(format!("{:020}.log", 1))
}

/// A stream with so many records, and how many of them its taker has passed.
async fn left_behind(folder: &Path, records: u64, passed: u64) {
    let store = StreamStore::open(folder).unwrap();
    let s = stream(&store, 1);
    let taker = store.taker("s", "t", Start::TrimHorizon).unwrap();
    for number in 0..records {
        let written = put(&s, format!("record {number}").as_bytes(), NOW).unwrap().unwrap();
        if number + 1 == passed {
            let after = Some(written.number.to_string());
            taker.pass(SHARD, Place { after, ..Place::default() }).await.unwrap();
        }
    }
}

/// What is told when the store and its taker are opened: lost records, and warnings.
fn opened(folder: &Path) -> (Arc<StreamStore>, u64, usize) {
    let told = Arc::new(Told::default());
    let store = StreamStore::observed(folder, Some(Arc::clone(&told) as _)).unwrap();
    store.taker("s", "t", Start::TrimHorizon).unwrap();
    let events = told.0.lock().unwrap();
    let lost = |event: &Event| if let Event::Damaged { records, .. } = event { *records } else { 0 };
    let warnings = events.iter().filter(|event| matches!(event, Event::Warning { .. })).count();
    let lost = events.iter().map(lost).sum();
    drop(events);
    (store, lost, warnings)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// One byte of a segment is another: the records before it are there, the rest is told as lost, to the record,
    /// unless it is the last one, which may as well be one that was never acknowledged.
    #[test]
    fn what_damage_costs_is_told_and_no_number_is_given_twice(
        records in 2_u64..30, passed in 0_u64..30, at: prop::sample::Index, flip in 1_u8..,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let passed = passed.min(records);
        runtime.block_on(left_behind(folder.path(), records, passed));
        let mut bytes = std::fs::read(segment(folder.path())).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        std::fs::write(segment(folder.path()), bytes).unwrap();

        let (store, lost, warnings) = opened(folder.path());
        let taker = store.taker("s", "t", Start::TrimHorizon).unwrap();
        let there = store.stream("s").unwrap().read(0, 1, Limit { records: 100, bytes: 1 << 20 }).unwrap();
        let kept = there.records.len() as u64;
        prop_assert!(kept < records);
        prop_assert!(lost == records - kept || (lost == 0 && warnings == 1 && kept == records - 1));
        let unread = page(&taker, SHARD);
        prop_assert_eq!(unread.len() as u64, kept.saturating_sub(passed));

        let number = put(&store.stream("s").unwrap(), b"next", NOW).unwrap().unwrap().number;
        let counter = store.stream("s").unwrap().with(|s| s.origin.place(number)).unwrap().counter;
        prop_assert!(counter > passed.max(kept));
        prop_assert_eq!(page(&taker, SHARD).pop(), Some(b"next".to_vec()));
    }
}

#[tokio::test]
async fn a_segment_that_was_emptied_costs_no_number_that_a_taker_has_passed() {
    let folder = tempfile::tempdir().unwrap();
    left_behind(folder.path(), 9, 9).await;
    std::fs::write(segment(folder.path()), "").unwrap();
    let (store, lost, _) = opened(folder.path());
    assert_eq!(lost, 9);
    assert!(store.is_drained(&BTreeSet::new()));
    put(&store.stream("s").unwrap(), b"next", NOW).unwrap();
    let taker = store.taker("s", "t", Start::TrimHorizon).unwrap();
    assert_eq!(page(&taker, SHARD), [b"next"]);
}

#[tokio::test]
async fn what_was_torn_by_a_kill_is_told_and_is_no_loss() {
    let folder = tempfile::tempdir().unwrap();
    left_behind(folder.path(), 3, 0).await;
    let bytes = std::fs::read(segment(folder.path())).unwrap();
    std::fs::write(segment(folder.path()), [&bytes[..], &bytes[..20]].concat()).unwrap();
    let (_, lost, warnings) = opened(folder.path());
    assert_eq!((lost, warnings), (0, 1));
    assert_eq!(opened(folder.path()).2, 0, "it is told once");
}
