//! What the store promises, one promise a test.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex};

use futures::FutureExt;

use super::taker::Taker;
use super::*;
use crate::aws::event::{Event, Observer};
use crate::aws::stream::{PageLimit, Place, StreamError, StreamSource};

pub(super) const NOW: Now = Now(1_800_000_000_000);
const HOUR_MS: u64 = 3_600_000;
const ALL: PageLimit = PageLimit { records: 10_000, bytes: 10 << 20 };

#[derive(Default)]
pub(super) struct Told(pub(super) Mutex<Vec<Event>>);

impl Observer for Told {
    fn on(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

pub(super) fn stream(store: &StreamStore, shards: u32) -> Arc<Stream> {
    let new =
        NewStream { name: "s".to_owned(), shards, settings: Settings::default(), tags: BTreeMap::new() };
    store.provide(&new, NOW).unwrap()
}

pub(super) fn put(stream: &Stream, data: &[u8], now: Now) -> Result<Option<Written>, StreamError> {
    let entry = Entry { hash_key: 0, partition_key: "k", data };
    let mut outcome = stream.put(&[entry], now)?;
    outcome.error.map_or(Ok(outcome.written.pop().unwrap()), Err)
}

pub(super) fn page(taker: &Taker, shard: &str) -> Vec<Vec<u8>> {
    let place = taker.place(shard).unwrap();
    let page = taker.page(shard, place.after.as_deref(), ALL).unwrap();
    page.records.into_iter().map(|record| record.data.to_vec()).collect()
}

#[test]
fn a_taker_from_latest_misses_nothing_of_children_that_came_after_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let s = stream(&store, 1);
    put(&s, b"before", NOW).unwrap();
    let taker = store.taker("s", "t", Start::Latest).unwrap();
    put(&s, b"parent", NOW).unwrap();
    s.split(0, 1 << 127, NOW).unwrap();
    put(&s, b"child", NOW).unwrap();
    drop((taker, s, store));

    let store = StreamStore::open(folder.path()).unwrap();
    let taker = store.taker("s", "t", Start::Latest).unwrap();
    assert_eq!(page(&taker, "shardId-000000000000"), [b"parent"]);
    assert_eq!(page(&taker, "shardId-000000000001"), [b"child"]);
    let shards = taker.listed().unwrap();
    assert_eq!(shards[1].parents, ["shardId-000000000000"]);
}

#[test]
fn a_taker_at_a_time_begins_with_the_first_record_that_arrived_then() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let s = stream(&store, 1);
    for hour in 0..5u8 {
        put(&s, &[hour], Now(NOW.0 + 2 * HOUR_MS * u64::from(hour))).unwrap();
    }
    for (ms, first) in [(0, Some(0)), (1, Some(1)), (4 * HOUR_MS, Some(2)), (8 * HOUR_MS + 1, None)] {
        let taker = store.taker("s", &format!("from {ms}"), Start::AtTimestamp(NOW.0 + ms)).unwrap();
        assert_eq!(page(&taker, "shardId-000000000000").first().map(|data| data[0]), first, "{ms}");
    }
}

#[test]
fn what_is_past_the_retention_goes_and_a_taker_that_lost_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let told = Arc::new(Told::default());
    let observer: Arc<dyn Observer> = Arc::clone(&told) as _;
    let store = StreamStore::observed(folder.path(), Some(observer)).unwrap();
    let s = stream(&store, 1);
    let taker = store.taker("s", "mapping F", Start::TrimHorizon).unwrap();
    put(&s, b"old", NOW).unwrap();
    let last = put(&s, b"old too", NOW).unwrap().unwrap().number;
    put(&s, b"young", Now(NOW.0 + 2 * HOUR_MS)).unwrap();
    store.trim(Now(NOW.0 + 24 * HOUR_MS));
    assert_eq!(page(&taker, "shardId-000000000000").len(), 3, "nothing younger than the retention goes");
    store.trim(Now(NOW.0 + 24 * HOUR_MS + 1));
    assert_eq!(page(&taker, "shardId-000000000000"), [b"young"]);
    let warnings: Vec<_> = told
        .0
        .lock()
        .unwrap()
        .iter()
        .filter_map(|event| if let Event::Warning { message } = event { Some(message.clone()) } else { None })
        .collect();
    assert_eq!(
        warnings,
        [
            "2 records of shardId-000000000000 of stream s were older than its 24 hours of retention before mapping F \
          took them: they are lost, as in AWS"
        ]
    );
    store.trim(Now(NOW.0 + 100 * HOUR_MS));
    drop((s, taker, store));
    let store = StreamStore::open(folder.path()).unwrap();
    let next = put(&store.stream("s").unwrap(), b"next", NOW).unwrap().unwrap().number;
    assert!(next > last, "an empty shard's numbers go on");
    assert_eq!(store.counts()[0].put, 4);
}

#[test]
fn what_the_file_system_refuses_is_not_acknowledged_and_the_next_put_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let s = stream(&store, 1);
    let shard = folder.path().join("s/shardId-000000000000");
    std::fs::write(&shard, "a file where a folder should be").unwrap();
    let error = put(&s, b"refused", NOW).unwrap_err();
    assert!(error.to_string().contains(&*folder.path().join("s").to_string_lossy()), "{error}");
    assert!(error.source().is_some());
    assert_eq!(store.counts()[0].put, 0);
    std::fs::remove_file(&shard).unwrap();
    put(&s, b"taken", NOW).unwrap();
    let taker = store.taker("s", "t", Start::TrimHorizon).unwrap();
    assert_eq!(page(&taker, "shardId-000000000000"), [b"taken"]);
}

#[test]
fn a_segment_that_lost_bytes_is_refused_and_not_written_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let s = stream(&store, 1);
    put(&s, b"one", NOW).unwrap();
    let segment = folder.path().join("s/shardId-000000000000").join(format!("{:020}.log", 1));
    std::fs::write(&segment, "").unwrap();
    assert!(matches!(put(&s, b"two", NOW), Err(StreamError::Storage { .. })));
    let taker = store.taker("s", "t", Start::TrimHorizon).unwrap();
    assert!(matches!(taker.page("shardId-000000000000", None, ALL), Err(StreamError::Storage { .. })));
}

#[test]
fn a_folder_begun_afresh_gives_no_number_of_an_earlier_one() {
    let numbers: Vec<_> = (0..2)
        .map(|_| {
            let folder = tempfile::tempdir().unwrap();
            let store = StreamStore::open(folder.path()).unwrap();
            put(&stream(&store, 1), b"same", NOW).unwrap().unwrap().number
        })
        .collect();
    assert_ne!(numbers[0], numbers[1]);
}

#[test]
fn a_thousand_shards_hold_no_file_open() {
    let open_files = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let s = stream(&store, 1_000);
    let before = open_files();
    let width = u128::MAX / 1_000;
    let entries: Vec<_> = (0..1_000)
        .map(|n| Entry { hash_key: width * n + width / 2, partition_key: "k", data: b"d" })
        .collect();
    assert!(s.put(&entries, NOW).unwrap().error.is_none());
    assert!(open_files() < before + 200, "{} files are open", open_files());
    assert_eq!(
        StreamStore::open(folder.path()).unwrap().counts().iter().map(|count| count.put).sum::<u64>(),
        1_000
    );
}

#[test]
fn a_reader_wakes_by_a_put_a_split_and_the_end_of_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let s = stream(&store, 1);
    let taker = store.taker("s", "t", Start::TrimHorizon).unwrap();
    let mut seen = taker.changed(0).now_or_never().expect("0 is before all");
    let changes: [&dyn Fn(); 3] =
        [&|| drop(put(&s, b"d", NOW).unwrap()), &|| s.split(0, 1 << 127, NOW).unwrap(), &|| {
            store.delete("s").unwrap();
        }];
    for change in changes {
        let mut waiting = taker.changed(seen);
        assert!((&mut waiting).now_or_never().is_none());
        change();
        seen = waiting.now_or_never().expect("a reader sleeps through news");
    }
    assert!(matches!(taker.listed(), Err(StreamError::NotFound { .. })));
    assert!(matches!(taker.page("shardId-000000000000", None, ALL), Err(StreamError::NotFound { .. })));
    assert!(!folder.path().join("s").exists());
}

#[tokio::test]
async fn a_place_and_its_note_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let number = put(&stream(&store, 1), b"d", NOW).unwrap().unwrap().number.to_string();
    let place = Place { after: Some(number), finished: false, note: Some("{\"state\":1}".to_owned()) };
    let taker = store.taker("s", "../odd: näme", Start::TrimHorizon).unwrap();
    assert!(store.drained(&BTreeSet::new()).now_or_never().is_none());
    taker.pass("shardId-000000000000", place.clone()).await.unwrap();
    store.drained(&BTreeSet::new()).await;
    drop((taker, store));
    let store = StreamStore::open(folder.path()).unwrap();
    let taker = store.taker("s", "../odd: näme", Start::TrimHorizon).unwrap();
    assert_eq!(taker.place("shardId-000000000000").unwrap(), place);
    assert!(store.is_drained(&BTreeSet::new()));
    let foreign = Place { after: Some("1".repeat(56)), ..Place::default() };
    assert!(taker.pass("shardId-000000000000", foreign).await.is_err());
}

#[test]
fn a_stream_provided_again_keeps_its_records_and_takes_its_new_settings() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    put(&stream(&store, 1), b"d", NOW).unwrap();
    let settings = Settings { retention_hours: 48, ..Settings::default() };
    let new = NewStream { name: "s".to_owned(), shards: 3, settings, tags: BTreeMap::new() };
    let s = store.provide(&new, NOW).unwrap();
    s.with(|stream| {
        assert_eq!((stream.open_shards().count(), stream.settings.retention_hours), (3, 48));
    });
    assert_eq!(store.counts().iter().map(|count| count.put).sum::<u64>(), 1);
}

#[test]
fn shards_that_a_client_split_stay_until_another_count_is_provided() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let open = |stream: &Stream| stream.with(|stream| stream.open_shards().count());
    let s = stream(&store, 1);
    s.split(0, 1 << 127, NOW).unwrap();
    drop((s, store));
    let store = StreamStore::open(folder.path()).unwrap();
    assert_eq!(open(&stream(&store, 1)), 2);
    assert_eq!(open(&stream(&store, 3)), 3);
    assert_eq!(open(&stream(&store, 3)), 3);
}

#[test]
fn a_shard_that_was_closed_without_a_record_is_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let s = stream(&store, 1);
    let taker = store.taker("s", "t", Start::TrimHorizon).unwrap();
    for shards in [4, 1, 3] {
        s.scale(shards, NOW).unwrap();
    }
    let closed = s.with(|stream| {
        stream
            .shards
            .iter()
            .filter(|shard| shard.closed.is_some())
            .map(description::Shard::id)
            .collect::<Vec<_>>()
    });
    assert!(closed.len() > 5);
    for shard in closed {
        let page = taker.page(&shard, None, ALL).unwrap();
        assert!(page.is_end && page.records.is_empty(), "{shard}");
    }
}

#[test]
fn names_that_a_file_system_may_take_for_one_are_two_streams() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    for name in [".", "..", "...", "a", "A", ".new-x"] {
        let settings = Settings::default();
        let new = NewStream { name: name.to_owned(), shards: 1, settings, tags: BTreeMap::new() };
        let made = store.create(&new, NOW).unwrap().unwrap();
        put(&made, name.as_bytes(), NOW).unwrap();
    }
    let again = StreamStore::open(folder.path()).unwrap();
    assert_eq!(again.names(), [".", "..", "...", ".new-x", "A", "a"]);
    assert!(
        folder
            .path()
            .read_dir()
            .unwrap()
            .all(|entry| entry.unwrap().path().parent() == Some(folder.path() as &Path))
    );
}
