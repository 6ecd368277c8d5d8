//! What happens to entries, one case at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use edge::put_records::{
    Engine, EngineSettings, EngineStopped, Entry, EntryError, EntryOutcome, InMemorySink, PutReport,
    RecordSink, Refusal, ShardMap, ShardRate, SinkError, SinkFault, StopReason, StreamSummary, UnsentReason,
};
use tokio::time::Instant;

use super::{numbered, paused, put_all, stored_payloads};

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
