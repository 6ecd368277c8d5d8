//! No row is lost, whatever fails in the stream and the bucket.

use edge::put_records::SinkFault;
use edge::store::StoreFault;
use proptest::prelude::*;

use super::world::{World, csv_event, paused};

/// Every 50th row has an age that is none.
fn rows_with_bad_ones(count: usize) -> String {
    let row = |n: usize| {
        let age = if n % 50 == 49 { "old".to_owned() } else { (n % 100).to_string() };
        format!("First{n:05},Last,{age},female\n")
    };
    format!("first,last,age,gender\n{}", (0..count).map(row).collect::<String>())
}

fn sink_fault() -> impl Strategy<Value = Option<SinkFault>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(SinkFault::Unavailable)),
        1 => Just(Some(SinkFault::Fatal)),
        3 => prop::collection::vec(0..500_usize, 0..300).prop_map(|at| Some(SinkFault::Refuse(at))),
    ]
}

fn store_fault() -> impl Strategy<Value = Option<StoreFault>> {
    prop_oneof![2 => Just(None), 1 => Just(Some(StoreFault::Refused)), 1 => Just(Some(StoreFault::AnswerLost))]
}

proptest! {
    // Each case is up to 60 invocations over up to 2,000 rows.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_row_is_lost_whatever_fails_and_none_is_doubled_unless_a_run_breaks_off(
        sink_faults in prop::collection::vec(sink_fault(), 0..20),
        store_faults in prop_oneof![Just(Vec::new()), prop::collection::vec(store_fault(), 0..20)],
        rows in 0_usize..2000,
    ) {
        // Then records acknowledged behind the oldest one that is not are read and put once more.
        let breaks_off = !store_faults.is_empty() || sink_faults.contains(&Some(SinkFault::Fatal));
        let (world, done) = paused(async {
            let world = World::with_file("people.csv", rows_with_bad_ones(rows)).await;
            let mut faults = sink_faults.into_iter();
            world.sink.set_faults(move |_| faults.next().flatten());
            let mut faults = store_faults.into_iter();
            world.bucket.set_faults(move |_, key| faults.next().flatten().filter(|_| key != "people.csv"));
            let mut done = false;
            for _ in 0..60 {
                // One request id, as Lambda has for all tries of one event.
                match world.invoke(&csv_event("people.csv")).await {
                    Ok(answer) if answer["done"] == true => {
                        done = true;
                        break;
                    }
                    _ => {}
                }
            }
            (world, done)
        });
        prop_assert!(done);
        let payloads = world.payloads();
        let stored: std::collections::BTreeSet<&String> = payloads.iter().collect();
        let bad = rows / 50;
        prop_assert_eq!(stored.len(), rows - bad);
        prop_assert_eq!(world.keys("quarantine/").len(), bad);
        prop_assert!(payloads.len() == stored.len() || breaks_off, "{} of {}", stored.len(), payloads.len());
    }
}
