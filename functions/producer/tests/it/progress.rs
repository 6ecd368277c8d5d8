//! Every invocation gets further and answers in time, or says in one line what prevents it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::world::{World, csv_event, invocation, paused, users_csv};

/// A source of so many records, and its file where it has one.
fn source(kind: usize, records: usize) -> (Value, Option<String>) {
    let object = |format: &str| json!({"type": "s3", "bucket": "bucket", "key": "file", "format": format});
    match kind {
        0 => (object("csv"), Some(users_csv(records, "\n"))),
        1 => (object("json-lines"), Some("{\"a\":1}\n".repeat(records))),
        2 => (json!({"type": "counter", "count": records}), None),
        _ => (json!({"type": "made-up", "count": records, "seed": 7}), None),
    }
}

fn margin_ms() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..500_u64, 500..10_000_u64, Just(600_000)]
}

fn time_ms() -> impl Strategy<Value = u64> {
    prop_oneof![200..1000_u64, 1000..10_000_u64, 10_000..900_000_u64]
}

fn rate() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![Just(None), (0.01..1.0).prop_map(Some), (1.0..10_000.0).prop_map(Some)]
}

proptest! {
    // Each case is up to thirty invocations.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_invocation_comes_further_whatever_its_source_rate_form_margin_and_time(
        (kind, records) in (0..4_usize, 1..1500_usize),
        rate in rate(),
        aggregate in any::<bool>(),
        (margin_ms, time_ms) in (margin_ms(), time_ms()),
        latency in 0..2_u32,
    ) {
        paused(async {
            let (source, file) = source(kind, records);
            let mut world = World::new();
            if let Some(file) = file {
                world = World::with_file("file", file).await;
            }
            let time = Duration::from_millis(time_ms);
            world.variables = vec![("DEADLINE_MARGIN_MS", margin_ms.to_string())];
            let latency = Duration::from_millis(50).min(time / 100) * latency;
            world.latency = Arc::new(move |_| latency);
            let mut event = json!({"schema": "users", "source": source, "aggregate": aggregate});
            if let Some(rate) = rate {
                event["records_per_s"] = json!(rate);
            }
            let mut position = 0;
            for _ in 0..30 {
                let began = Instant::now();
                let answer = world.invoke_for(&event, time, "request").await.unwrap();
                prop_assert!(began.elapsed() < time, "answered after {:?} of {time:?}", began.elapsed());
                if answer["done"] == true {
                    return Ok(());
                }
                prop_assert_eq!(&answer["reason"], "deadline");
                prop_assert!(world.position() > position, "at {position} before and after {answer}");
                position = world.position();
            }
            Ok(())
        })?;
    }
}

#[test]
fn aggregates_are_sent_before_the_last_call_however_small_the_margin_is() {
    paused(async {
        let world = World::with_file("people.csv", users_csv(500, "\n")).await;
        let mut event = csv_event("people.csv");
        (event["aggregate"], event["records_per_s"]) = (json!(true), json!(10));
        let answer = world.invoke_for(&event, Duration::from_secs(10), "request").await.unwrap();
        assert!(answer["put"].as_u64().unwrap() > 50, "{answer}");
    });
}

#[test]
fn a_slow_rate_reads_no_record_before_it_is_due() {
    paused(async {
        let world = World::with_file("people.csv", users_csv(500, "\n")).await;
        let mut event = csv_event("people.csv");
        event["records_per_s"] = json!(0.01);
        let answer = world.invoke_for(&event, Duration::from_secs(10), "request").await.unwrap();
        assert_eq!((&answer["read"], &answer["put"]), (&json!(1), &json!(1)));
    });
}

#[test]
fn a_deadline_that_is_over_or_too_near_is_told_in_one_line_and_nothing_is_begun() {
    paused(async {
        let world = World::with_file("people.csv", users_csv(5, "\n")).await;
        let now = SystemTime::now();
        for deadline in [now - Duration::from_secs(7), now, now + Duration::from_millis(50)] {
            let invocation = invocation(&csv_event("people.csv"), deadline, "request");
            let error = world.handle(invocation).await.unwrap_err();
            assert_eq!(error.kind(), "deadline");
            assert!(error.message().contains("the clock of this machine is ahead"), "{}", error.message());
            assert!(!error.message().contains('\n'));
        }
        assert_eq!((world.sink.calls(), world.keys("state/").len()), (0, 0));
    });
}

#[test]
fn a_source_too_slow_for_the_time_is_told_with_the_setting_to_change() {
    paused(async {
        let mut world = World::with_file("people.csv", users_csv(5, "\n")).await;
        world.latency = Arc::new(|operation| match operation {
            "read" => Duration::from_mins(1),
            _ => Duration::ZERO,
        });
        for _ in 0..2 {
            let invoked =
                world.invoke_for(&csv_event("people.csv"), Duration::from_secs(20), "request").await;
            let error = invoked.unwrap_err();
            assert_eq!(error.kind(), "deadline");
            assert!(
                error.message().contains("longer timeout, or lower DEADLINE_MARGIN_MS"),
                "{}",
                error.message()
            );
        }
        let answer =
            world.invoke_for(&csv_event("people.csv"), Duration::from_mins(5), "request").await.unwrap();
        assert_eq!((&answer["put"], &answer["done"]), (&json!(5), &json!(true)));
    });
}

#[test]
fn whatever_hangs_an_invocation_answers_before_its_deadline_and_no_row_is_lost() {
    let operations = ["create", "replace", "get", "head", "read", "put", "shards", "summary"];
    for (operation, after) in operations.into_iter().flat_map(|operation| (0..3).map(move |n| (operation, n)))
    {
        paused(async {
            let bad = "Bad,Age,old,male\n";
            let mut world = World::with_file("people.csv", users_csv(2000, "\n") + bad).await;
            let calls = AtomicUsize::new(0);
            world.latency = Arc::new(move |called| {
                let hangs = called == operation && calls.fetch_add(1, Ordering::Relaxed) == after;
                if hangs { Duration::from_hours(1) } else { Duration::ZERO }
            });
            let time = Duration::from_secs(20);
            let mut done = false;
            for _ in 0..5 {
                let began = Instant::now();
                let answer = world.invoke_for(&csv_event("people.csv"), time, "request").await;
                assert!(began.elapsed() < time, "{operation} hangs, {:?}", began.elapsed());
                done |= answer.is_ok_and(|answer| answer["done"] == true);
            }
            assert!(done, "{operation} hangs once, after {after}");
            let mut payloads = world.payloads();
            payloads.dedup();
            assert_eq!((payloads.len(), world.keys("quarantine/").len()), (2000, 1), "{operation}");
        });
    }
}
