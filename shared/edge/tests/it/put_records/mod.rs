//! The engine's promises: nothing lost, nothing doubled, order per key, limits kept.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use edge::put_records::{
    Engine, EngineSettings, EngineStopped, Entry, EntryError, EntryOutcome, InMemorySink, PutReport,
    RecordSink, Refusal, ShardMap, ShardRate, SinkError, SinkFault, StopReason, StreamSummary, UnsentReason,
};
use proptest::prelude::*;
use tokio::time::Instant;

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

/// A pattern of faults: each call takes the next one, then all is well.
fn fault() -> impl Strategy<Value = Option<SinkFault>> {
    prop_oneof![
        2 => Just(None),
        2 => Just(Some(SinkFault::Unavailable)),
        5 => prop::collection::vec(0..500_usize, 0..400).prop_map(|at| Some(SinkFault::Refuse(at))),
        1 => Just(Some(SinkFault::Refuse((0..500).collect()))),
    ]
}

fn play(sink: &InMemorySink, faults: Vec<Option<SinkFault>>) {
    let mut faults = faults.into_iter();
    sink.set_faults(move |_| faults.next().flatten());
}

proptest! {
    // Each case is thousands of entries; 64 of them meet every branch many times.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_entry_is_stored_exactly_once_under_any_pattern_of_refusals(
        faults in prop::collection::vec(fault(), 0..40),
        count in 0_u64..3000,
        in_flight in 1_usize..6,
        shards in 1_u32..5,
    ) {
        let sink = Arc::new(InMemorySink::with_shards(shards));
        play(&sink, faults);
        let settings = EngineSettings {
            requests_in_flight: in_flight,
            patience: Duration::from_hours(24),
            ..EngineSettings::default()
        };
        let report = paused(put_all(&sink, settings, numbered(count, 97)));
        prop_assert_eq!(stored_payloads(&sink), (0..count).collect::<Vec<_>>());
        prop_assert_eq!((report.accepted, report.unsent.len()), (count, 0));
        prop_assert_eq!(report.per_shard.values().sum::<u64>(), count);
    }

    #[test]
    fn entries_of_a_key_are_stored_in_the_order_they_were_pushed(
        faults in prop::collection::vec(fault(), 0..60),
        keys in 1_u64..300,
        in_flight in 1_usize..6,
    ) {
        let sink = Arc::new(InMemorySink::with_shards(3));
        play(&sink, faults);
        let settings = EngineSettings {
            requests_in_flight: in_flight,
            order_per_key: true,
            patience: Duration::from_hours(24),
            ..EngineSettings::default()
        };
        paused(put_all(&sink, settings, numbered(1000, keys)));
        let mut last: HashMap<String, u64> = HashMap::new();
        for entry in sink.stored().iter().flatten() {
            let later = last.insert(entry.partition_key.clone(), entry.position);
            prop_assert!(later.is_none_or(|earlier| earlier < entry.position));
        }
        prop_assert_eq!(stored_payloads(&sink).len(), 1000);
    }

    #[test]
    fn every_entry_is_accounted_for_whatever_the_patience_and_the_deadline(
        faults in prop::collection::vec(fault(), 0..200),
        patience_ms in 0_u64..3000,
        deadline_ms in 0_u64..3000,
        count in 0_u64..3000,
    ) {
        let sink = Arc::new(InMemorySink::with_shards(2));
        play(&sink, faults);
        let (report, pushed) = paused(async {
            let settings = EngineSettings {
                patience: Duration::from_millis(patience_ms),
                deadline: Some(Instant::now() + Duration::from_millis(deadline_ms)),
                ..EngineSettings::default()
            };
            let engine = Engine::new(Arc::clone(&sink), settings, ShardMap::default());
            let mut pushed = 0;
            for entry in numbered(count, 97) {
                if engine.push(entry).await.is_err() {
                    break;
                }
                pushed += 1;
            }
            (engine.finish().await, pushed)
        });
        let stored = stored_payloads(&sink);
        let mut seen = stored.clone();
        seen.extend(report.unsent.iter().map(|unsent| unsent.entry.position));
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..pushed).collect::<Vec<_>>());
        prop_assert_eq!(report.accepted, stored.len() as u64);
        prop_assert!(report.stopped.is_some() || pushed == count);
    }

    #[test]
    fn no_request_breaks_a_limit(
        sizes in prop::collection::vec(0_usize..3000, 1..600),
        request_entries in 1_usize..=500,
        request_bytes in 1_usize..20_000,
    ) {
        let sink = Arc::new(InMemorySink::with_shards(1));
        sink.set_faults(move |entries| {
            let bytes: usize = entries.iter().map(Entry::bytes).sum();
            assert!(entries.len() <= request_entries);
            assert!(bytes <= request_bytes || entries.len() == 1, "{bytes} over {request_bytes}");
            None
        });
        let settings = EngineSettings { request_entries, request_bytes, ..EngineSettings::default() };
        let entries: Vec<_> = sizes.iter().map(|size| Entry::new("key", vec![b'x'; *size])).collect();
        let report = paused(put_all(&sink, settings, entries));
        prop_assert_eq!(report.accepted, sizes.len() as u64);
    }
}

#[test]
fn one_entry_the_stream_finds_invalid_is_given_up_alone() {
    let sink = Arc::new(InMemorySink::with_shards(1));
    // As the service does: one bad entry fails the whole request.
    let huge = EngineSettings {
        request_bytes: 64 << 20,
        record_bytes: 64 << 20,
        waiting_bytes: 64 << 20,
        ..EngineSettings::default()
    };
    let mut entries = numbered(600, 7);
    entries[77] = Entry::new("key", vec![0; 11 << 20]).at(77);
    let report = paused(put_all(&sink, huge, entries));
    assert_eq!(report.accepted, 599);
    let given_up: Vec<_> = report.unsent.iter().map(|u| (u.entry.position, u.reason)).collect();
    assert_eq!(given_up, [(77, UnsentReason::Invalid)]);
}

#[test]
fn an_entry_refused_beyond_its_patience_is_given_up_with_the_reason() {
    let sink = Arc::new(InMemorySink::with_shards(1));
    sink.set_faults(|entries| {
        let bad = entries.iter().position(|entry| entry.position == 3);
        Some(SinkFault::Refuse(bad.into_iter().collect()))
    });
    let report = paused(put_all(&sink, EngineSettings::default(), numbered(1200, 7)));
    assert_eq!((report.accepted, report.unsent.len()), (1199, 1));
    assert_eq!(report.unsent[0].entry.position, 3);
    assert_eq!(report.unsent[0].reason, UnsentReason::Refused(Refusal::Throttled));
    assert!(report.retried >= 12, "one patience of 60 s is many pauses of 5 s, not {}", report.retried);
}

#[test]
fn a_stream_that_can_not_be_written_to_ends_the_run_at_once() {
    let sink = Arc::new(InMemorySink::with_shards(1));
    sink.set_faults(|_| Some(SinkFault::Fatal));
    let report = paused(put_all(&sink, EngineSettings::default(), numbered(10_000, 7)));
    assert!(matches!(report.stopped, Some(StopReason::Fatal(_))));
    assert!(report.unsent.iter().all(|unsent| unsent.reason == UnsentReason::Stopped));
    assert!(sink.calls() <= 4);
}

#[test]
fn what_no_stream_takes_is_refused_at_the_push_and_the_run_goes_on() {
    let sink = Arc::new(InMemorySink::with_shards(1));
    paused(async {
        let engine = Engine::new(Arc::clone(&sink), EngineSettings::default(), ShardMap::default());
        let refused = engine.push(Entry::new("", "x")).await;
        assert_eq!(refused, Err(EngineStopped::Entry(EntryError::PartitionKey { chars: 0 })));
        engine.push(Entry::new("key", "x")).await.unwrap();
        assert_eq!(engine.finish().await.accepted, 1);
    });
}

#[test]
fn a_request_that_is_not_full_goes_after_its_time_without_another_push() {
    let sink = Arc::new(InMemorySink::with_shards(1));
    paused(async {
        let engine = Engine::new(Arc::clone(&sink), EngineSettings::default(), ShardMap::default());
        engine.push(Entry::new("key", "x")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(90)).await;
        assert_eq!(sink.calls(), 0, "it waits for company");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(sink.calls(), 1);
        assert_eq!(engine.oldest_position(), None);
    });
}

/// Takes ten seconds for a request with an entry of the key `slow`.
struct SlowKey(Arc<InMemorySink>);

impl RecordSink for SlowKey {
    async fn put(&self, entries: &[Entry]) -> Result<Vec<EntryOutcome>, SinkError> {
        if entries.iter().any(|entry| entry.partition_key == "slow") {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        self.0.put(entries).await
    }

    async fn shards(&self) -> Result<ShardMap, SinkError> {
        self.0.shards().await
    }

    async fn summary(&self) -> Result<StreamSummary, SinkError> {
        self.0.summary().await
    }
}

#[test]
fn a_key_is_not_held_up_by_entries_that_wait_for_another_key() {
    let sink = Arc::new(InMemorySink::with_shards(1));
    paused(async {
        let settings =
            EngineSettings { order_per_key: true, request_entries: 2, ..EngineSettings::default() };
        let engine = Engine::new(Arc::new(SlowKey(Arc::clone(&sink))), settings, ShardMap::default());
        for number in 0..5 {
            engine.push(Entry::new("slow", number.to_string())).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        engine.push(Entry::new("free", "5")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(stored_payloads(&sink), [5]);
        assert_eq!(engine.finish().await.accepted, 6);
    });
    assert_eq!(stored_payloads(&sink), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn the_oldest_position_stays_before_what_is_not_acknowledged() {
    let sink = Arc::new(InMemorySink::with_shards(1));
    sink.set_faults(|entries| {
        let bad = entries.iter().position(|entry| entry.position == 3);
        Some(SinkFault::Refuse(bad.into_iter().collect()))
    });
    paused(async {
        let engine = Engine::new(Arc::clone(&sink), EngineSettings::default(), ShardMap::default());
        for entry in numbered(1000, 7) {
            engine.push(entry).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(engine.oldest_position(), Some(3));
    });
}

#[test]
fn a_shard_is_sent_no_more_than_its_rate() {
    let sink = Arc::new(InMemorySink::with_shards(2));
    let started = paused(async {
        let started = Instant::now();
        let rate = ShardRate { records_per_s: 100.0, bytes_per_s: 1e9 };
        let settings = EngineSettings { shard_rate: Some(rate), ..EngineSettings::default() };
        let report = put_all(&sink, settings, numbered(1000, 97)).await;
        assert_eq!(report.accepted, 1000);
        started.elapsed()
    });
    let fullest = sink.stored().iter().map(Vec::len).max().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "a thousand records are counted exactly")]
    let expected_s = (fullest - 100) as f64 / 100.0;
    let took_s = started.as_secs_f64();
    assert!((expected_s - 0.1..expected_s + 1.0).contains(&took_s), "{took_s} s, expected {expected_s}");
}

#[test]
fn after_a_reshard_the_shards_are_read_again_and_strayed_aggregates_are_reported() {
    let sink = Arc::new(InMemorySink::with_shards(2));
    paused(async {
        let foreseen = sink.shards().await.unwrap();
        sink.reshard(4);
        let engine = Engine::new(Arc::clone(&sink), EngineSettings::default(), foreseen);
        for entry in numbered(2000, 97) {
            engine.push(Entry { records: 20, ..entry }).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(*engine.shards(), sink.shards().await.unwrap());
        let report = engine.finish().await;
        assert!(report.misplaced_records > 0);
        assert_eq!(report.accepted_records, 40_000);
    });
}

#[test]
fn the_skew_of_random_keys_is_small_and_of_one_key_is_the_number_of_shards() {
    let report = |counts: &[(&str, u64)]| PutReport {
        accepted: counts.iter().map(|(_, count)| count).sum(),
        per_shard: counts.iter().map(|(id, count)| ((*id).to_owned(), *count)).collect::<BTreeMap<_, _>>(),
        ..PutReport::default()
    };
    assert!((report(&[("a", 50), ("b", 50)]).skew(2) - 1.0).abs() < 1e-9);
    assert!((report(&[("a", 100)]).skew(4) - 4.0).abs() < 1e-9);
    assert!((PutReport::default().skew(4) - 1.0).abs() < 1e-9);
}
