//! The real consumer under seeded faults: every record ends in enriched or quarantine, once.
//!
//! `KINFLOW_CHAOS_SEEDS` sets how many seeds each test takes; a failure names its seed.

mod bucket;
mod poller;
pub(crate) mod random;
mod shard;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use consumer::{Consumer, ConsumerSettings, LocalEnricher};
use edge::settings::Settings;
use record_model::Schema;

use bucket::FaultyBucket;
use poller::{Habits, Poller};
use random::Random;
use shard::Shard;

const SEEDS: u64 = 40;

pub(crate) type Function = Consumer<Arc<FaultyBucket>, LocalEnricher>;

fn function(bucket: &Arc<FaultyBucket>, delivery: &str, random: &mut Random) -> Arc<Function> {
    let workers = random.below(2) + 1;
    let mut environment = Settings::from_map([
        ("SCHEMA", "users"),
        ("OUTPUT_BUCKET", "bucket"),
        ("DELIVERY", delivery),
        ("WORKERS", &workers.to_string()),
    ]);
    let settings = ConsumerSettings::read(&mut environment);
    environment.finish().unwrap();
    let schema = Schema::built_in("users").unwrap();
    let consumer = Consumer::new(Arc::clone(bucket), LocalEnricher::new(3), schema, settings);
    Arc::new(consumer.with_clock(later_each_time))
}

/// Time passes between any two attempts.
fn later_each_time() -> i64 {
    static NOW_MS: AtomicI64 = AtomicI64::new(1_767_323_045_000);
    NOW_MS.fetch_add(1, Ordering::Relaxed)
}

/// One shard read to its end by some pollers, whatever goes wrong; then what is in the bucket is compared.
fn run(seed: u64, delivery: &str, habits: &[Habits]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut random = Random::new(seed);
        let shard = Arc::new(Shard::made_up(&mut random));
        let bucket = Arc::new(FaultyBucket::new(random.fork()));
        let function = function(&bucket, delivery, &mut random);
        let pollers = habits.iter().map(|habits| {
            Poller::new(Arc::clone(&shard), Arc::clone(&function), *habits, random.fork()).run()
        });
        futures::future::join_all(pollers).await;
        bucket.let_everything_land();
        let found = bucket.record_ids();
        assert_eq!(found, shard.expected(&found), "seed {seed}, {delivery}");
    });
}

fn for_each_seed(check: impl Fn(u64)) {
    let seeds =
        std::env::var("KINFLOW_CHAOS_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    (0..seeds).for_each(check);
}

#[test]
fn the_batch_level_keeps_each_record_once() {
    for_each_seed(|seed| run(seed, "batch", &[Habits { bisects: seed % 2 == 0, ..Habits::default() }]));
}

#[test]
fn the_batch_level_keeps_each_record_once_under_a_parallelization_factor() {
    let lane = |lane| Habits { lanes: 4, lane, bisects: true, ..Habits::default() };
    for_each_seed(|seed| run(seed, "batch", &[lane(0), lane(1), lane(2), lane(3)]));
}

#[test]
fn the_ledger_level_keeps_each_record_once_with_two_pollers_and_older_checkpoints() {
    let forgetful = Habits { forgets: true, bisects: true, ..Habits::default() };
    for_each_seed(|seed| run(seed, "ledger", &[forgetful, Habits { bisects: seed % 2 == 0, ..forgetful }]));
}
