//! What holds under any pattern of faults.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use edge::put_records::{Engine, EngineSettings, Entry, InMemorySink, ShardMap, SinkFault};
use proptest::prelude::*;
use tokio::time::Instant;

use super::{numbered, paused, put_all, stored_payloads};

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
