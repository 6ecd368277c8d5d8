//! The laws of a delivery stream, held against its state machine in a world where much goes wrong.

mod search;
mod stream;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use template::{Compression, DeliveryStream, Processing};

use self::world::{Faults, World};
use super::delivery::Delivery;
use super::ids::Ids;
use super::naming::Naming;
use super::prefix::Prefix;
use super::settings::{BufferRules, Outlet, Rules};
use crate::aws::event::Event;
use crate::aws::stream::source::PageLimit;

const NOTHING: Faults = Faults { invocation: 0, record: 0, write: 0, late: 0, index: 0 };
const MUCH: Faults = Faults { invocation: 30, record: 20, write: 30, late: 10, index: 30 };

fn rules(transforms: bool, buffer_bytes: usize) -> Rules {
    let processing = Processing {
        function: "F".to_owned(),
        buffer_bytes: 60,
        buffer_interval: Duration::from_mins(1),
        retries: 1,
    };
    let settings = DeliveryStream {
        name: "D".to_owned(),
        stream: "S".to_owned(),
        bucket: "b".to_owned(),
        prefix: "objects/".to_owned(),
        error_prefix: "errors/".to_owned(),
        file_extension: String::new(),
        time_zone: "UTC".to_owned(),
        record_delimiter: None,
        backup: None,
        buffer_bytes,
        buffer_interval: Duration::from_mins(5),
        compression: Compression::None,
        dynamic_partitioning: false,
        processing: transforms.then_some(processing),
        search: None,
    };
    let page = PageLimit { records: 5, bytes: 5_000 };
    Rules { page, ..Rules::of(&settings).unwrap() }
}

fn backup() -> Outlet {
    Outlet {
        naming: Naming { objects: Prefix::of_objects("backup/").unwrap(), ..rules(false, 1).main.naming },
        ..rules(false, 1).main
    }
}

fn delivery(rules: Rules, seed: u64) -> Delivery {
    Delivery::new(rules, Ids::new(u128::from(seed)))
}

/// How often each user record ended, in whichever way.
fn times(world: &World) -> BTreeMap<String, u32> {
    let mut times = BTreeMap::new();
    for label in world.ends.concat() {
        *times.entry(label).or_insert(0) += 1;
    }
    times
}

fn labels(world: &World) -> BTreeSet<String> {
    world.stream.labels.values().flatten().cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_user_record_is_delivered_dropped_or_failed_once_and_then_passed(
        seed: u64, transforms: bool, buffer_bytes in 1_usize..400, records in 0_u64..40, things in 0_usize..400,
    ) {
        let mut world = World::new(seed, records, MUCH);
        let mut delivery = delivery(rules(transforms, buffer_bytes), seed);
        world.begin(&mut delivery);
        world.happen(&mut delivery, things);
        world.drain(&mut delivery);
        prop_assert!(world.is_passed(), "{:?}", world.places);
        let times = times(&world);
        prop_assert!(times.values().all(|times| *times == 1), "{times:?}");
        prop_assert_eq!(times.into_keys().collect::<BTreeSet<_>>(), labels(&world));
    }

    #[test]
    fn the_events_tell_as_many_records_as_ended_and_as_were_passed(
        seed: u64, buffer_bytes in 1_usize..400, records in 0_u64..40,
    ) {
        let mut world = World::new(seed, records, MUCH);
        let mut delivery = delivery(rules(true, buffer_bytes), seed);
        world.begin(&mut delivery);
        world.happen(&mut delivery, 300);
        world.drain(&mut delivery);
        let mut told = [0; 4];
        for event in &world.events {
            match event {
                Event::Delivered { records, .. } => told[0] += records,
                Event::Failed { records, .. } => told[1] += records,
                Event::Dropped { records, .. } => told[2] += records,
                Event::Passed { records, .. } => told[3] += records,
                _ => {}
            }
        }
        let [delivered, failed, dropped] = world.ends.clone().map(|labels| labels.len() as u64);
        prop_assert_eq!(told, [delivered, failed, dropped, world.stream.labels.len() as u64]);
    }

    #[test]
    fn a_backup_has_every_user_record_as_it_came_and_nothing_is_passed_without_it(
        seed: u64, backup_bytes in 1_usize..400, records in 0_u64..40,
    ) {
        let backup = Outlet { buffer: BufferRules { bytes: backup_bytes, ..backup().buffer }, ..backup() };
        let rules = Rules { backup: Some(backup), ..rules(true, 100) };
        let mut world = World::new(seed, records, MUCH);
        world.has_backup = true;
        let mut delivery = delivery(rules, seed);
        world.begin(&mut delivery);
        world.happen(&mut delivery, 300);
        world.drain(&mut delivery);
        prop_assert!(world.is_passed());
        let mut backed_up = world.backed_up.clone();
        backed_up.sort();
        prop_assert_eq!(backed_up, labels(&world).into_iter().collect::<Vec<_>>());
        prop_assert!(times(&world).values().all(|times| *times == 1));
    }

    #[test]
    fn a_killed_process_loses_nothing_and_repeats_nothing_that_it_passed(
        seed: u64, transforms: bool, buffer_bytes in 1_usize..400, things in prop::collection::vec(0_usize..300, 1..4),
    ) {
        let mut world = World::new(seed, 30, MUCH);
        for (life, things) in (0..).zip(&things) {
            let mut delivery = delivery(rules(transforms, buffer_bytes), seed ^ life);
            world.begin(&mut delivery);
            world.happen(&mut delivery, *things);
        }
        let before = times(&world);
        let passed = |shard: &str, number: u64| {
            let after = world.places.get(shard).and_then(|place| place.after.clone());
            after.is_some_and(|after| number <= after.parse().unwrap())
        };
        let is_passed = |((shard, number), _): &(&(String, u64), _)| passed(shard, *number);
        let passed: BTreeSet<String> =
            world.stream.labels.iter().filter(is_passed).flat_map(|(_, labels)| labels.clone()).collect();
        let mut delivery = delivery(rules(transforms, buffer_bytes), seed ^ 0x4d);
        world.begin(&mut delivery);
        world.drain(&mut delivery);
        prop_assert!(world.is_passed());
        let after = times(&world);
        prop_assert_eq!(after.keys().cloned().collect::<BTreeSet<_>>(), labels(&world), "lost");
        for label in passed {
            prop_assert_eq!(after[&label], before[&label], "{} was passed and is repeated", label);
        }
    }

    #[test]
    fn the_records_of_a_shard_keep_their_order_within_an_object(
        seed: u64, transforms: bool, buffer_bytes in 1_usize..2_000,
    ) {
        let mut world = World::new(seed, 40, MUCH);
        let mut delivery = delivery(rules(transforms, buffer_bytes), seed);
        world.begin(&mut delivery);
        world.happen(&mut delivery, 200);
        world.drain(&mut delivery);
        for (_, body) in world.objects.iter().filter(|(key, _)| key.starts_with("objects/")) {
            let body = String::from_utf8(body.clone()).unwrap();
            for shard in ["a", "b", "c"] {
                let of_shard: Vec<&str> = body.split(';').filter(|label| label.starts_with(shard)).collect();
                prop_assert!(of_shard.is_sorted(), "{body}");
            }
        }
    }

    #[test]
    fn what_waits_is_bounded_and_a_full_delivery_stream_goes_on(
        seed: u64, transforms: bool, buffer_bytes in 200_usize..4_000,
    ) {
        let rules = Rules { slack_bytes: 20_000, ..rules(transforms, buffer_bytes) };
        let mut world = World::new(seed, 120, Faults { write: 50, ..NOTHING });
        let mut delivery = delivery(rules, seed);
        let limit = delivery.limit();
        world.begin(&mut delivery);
        world.happen(&mut delivery, 1_000);
        world.drain(&mut delivery);
        // Beyond the limit there may be what a page of each of three shards holds: five aggregates of five.
        let most = limit + 3 * 5 * 5 * 300;
        prop_assert!(world.most_held <= most, "{} bytes were held, over {most}", world.most_held);
        prop_assert!(world.is_passed());
    }
}

#[test]
fn without_faults_everything_is_delivered_and_objects_hold_their_size() {
    let mut world = World::new(7, 100, NOTHING);
    let mut delivery = delivery(rules(true, 500), 7);
    world.begin(&mut delivery);
    world.drain(&mut delivery);
    let [delivered, failed, dropped] = world.ends.clone();
    assert_eq!((delivered.len(), failed.len(), dropped.len()), (labels(&world).len(), 0, 0));
    let small = world.objects.iter().filter(|(_, body)| body.len() < 500).count();
    assert!(small <= 1, "{small} objects are small: only the last one may be");
}

#[test]
fn partition_keys_name_the_objects_and_a_record_without_its_key_fails() {
    let mut rules = rules(true, 200);
    rules.dynamic_partitioning = true;
    rules.main.naming.objects = Prefix::of_objects("objects/!{partitionKeyFromLambda:shard}/").unwrap();
    let mut world = World::new(3, 30, NOTHING);
    let mut delivery = delivery(rules, 3);
    world.begin(&mut delivery);
    world.drain(&mut delivery);
    for (key, body) in world.objects.iter().filter(|(key, _)| key.starts_with("objects/")) {
        let body = String::from_utf8(body.clone()).unwrap();
        let shard = key.split('/').nth(1).unwrap();
        assert!(body.split_terminator(';').all(|label| label.starts_with(shard)), "{key}: {body}");
    }
    let of_c: BTreeSet<String> = labels(&world).into_iter().filter(|label| label.starts_with('c')).collect();
    assert_eq!(world.ends[1].iter().cloned().collect::<BTreeSet<_>>(), of_c);
    let code =
        |event: &Event| matches!(event, Event::Failed { code, .. } if code == "metadata-extraction-failed");
    assert!(world.events.iter().any(code));
}
