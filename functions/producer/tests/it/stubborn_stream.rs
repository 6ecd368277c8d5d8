//! A stream that refuses some records for ever: they are put aside, and the rest is put a bounded number of
//! times.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use edge::put_records::{Entry, SinkFault};
use proptest::prelude::*;
use serde_json::json;
use tokio::time::Instant;

use super::world::{World, csv_event, paused, users_csv};

/// The first name of each row that is refused.
fn refuse(world: &World, names: Vec<String>) {
    let is_refused = move |entry: &Entry| {
        let row = String::from_utf8_lossy(&entry.data).into_owned();
        names.iter().any(|name| row.contains(&format!("\"{name}\"")))
    };
    world.sink.set_faults(move |entries| {
        let places = entries.iter().enumerate().filter(|(_, entry)| is_refused(entry));
        Some(SinkFault::Refuse(places.map(|(place, _)| place).collect()))
    });
}

/// How often each row was put.
fn puts(world: &World) -> BTreeMap<String, usize> {
    let mut puts = BTreeMap::new();
    for payload in world.payloads() {
        *puts.entry(payload).or_default() += 1;
    }
    puts
}

#[test]
fn a_stream_that_refuses_everything_costs_no_deadline_and_the_cursor_moves() {
    for fault in [SinkFault::Refuse((0..500).collect()), SinkFault::Unavailable] {
        for patience_ms in [0, 1000, 60_000] {
            paused(async {
                const ROWS: usize = 5000;
                let mut world = World::with_file("people.csv", users_csv(ROWS, "\n")).await;
                let fault = fault.clone();
                world.sink.set_faults(move |_| Some(fault.clone()));
                world.variables.push(("PUT_PATIENCE_MS", patience_ms.to_string()));
                world.latency = Arc::new(|_| Duration::from_millis(40));
                let time = Duration::from_mins(1);
                let (mut done, mut positions) = (false, vec![0]);
                while !done {
                    let began = Instant::now();
                    let answer = world.invoke_for(&csv_event("people.csv"), time, "request").await.unwrap();
                    assert!(began.elapsed() < time, "{:?}", began.elapsed());
                    done = answer["done"] == true;
                    positions.push(world.position());
                    assert!(positions.len() < 20, "{positions:?}");
                }
                // Only while it has patience with its first record a run leaves the cursor where it was.
                let runs = if patience_ms > 1000 { 2 } else { 1 };
                let mut moves = positions.windows(runs + 1);
                assert!(moves.all(|moves| moves[0] < moves[runs]), "{positions:?}");
                assert_eq!((world.payloads().len(), world.keys("quarantine/").len()), (0, ROWS));
            });
        }
    }
}

#[test]
fn a_record_refused_for_ever_is_put_aside_by_the_second_run_of_the_defaults() {
    paused(async {
        let mut world = World::with_file("people.csv", users_csv(400, "\n")).await;
        refuse(&world, vec!["First17".to_owned()]);
        world.variables.clear();
        let mut seen = Vec::new();
        for _ in 0..3 {
            let answer = world.invoke(&csv_event("people.csv")).await.unwrap();
            seen.push((
                answer["put"].as_u64().unwrap(),
                answer["quarantined"].as_u64().unwrap(),
                answer["done"] == true,
            ));
        }
        assert_eq!(seen, [(399, 0, false), (382, 1, true), (0, 0, true)]);
        assert!(puts(&world).values().all(|puts| *puts <= 2));
    });
}

proptest! {
    // Each case is dozens of invocations.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_other_record_is_put_a_bounded_number_of_times(
        refused in prop::collection::btree_set(0..400_usize, 1..4),
        (patience_ms, time_ms) in (0..120_000_u64, 2000..60_000_u64),
        rate in prop_oneof![Just(None), (20.0..2000.0).prop_map(Some)],
    ) {
        let (puts, put_aside, runs) = paused(async {
            let mut world = World::with_file("people.csv", users_csv(400, "\n")).await;
            refuse(&world, refused.iter().map(|n| format!("First{n}")).collect());
            world.variables.push(("PUT_PATIENCE_MS", patience_ms.to_string()));
            let mut event = csv_event("people.csv");
            if let Some(rate) = rate {
                event["records_per_s"] = json!(rate);
            }
            for run in 1.. {
                let time = Duration::from_millis(time_ms);
                let answer = world.invoke_for(&event, time, "request").await.unwrap();
                if answer["done"] == true || run == 1000 {
                    return (puts(&world), world.keys("quarantine/").len(), run);
                }
            }
            unreachable!("the loop has no end of its own");
        });
        prop_assert_eq!((puts.len(), put_aside), (400 - refused.len(), refused.len()), "{} runs", runs);
        // A run is longer than half its time, and its patience is over in the second run after.
        let bound = refused.len() * usize::try_from(2 * patience_ms / time_ms + 3).unwrap();
        let most = puts.values().max().unwrap();
        prop_assert!(*most <= bound, "{most} puts, expected at most {bound}, in {runs} runs");
    }
}
