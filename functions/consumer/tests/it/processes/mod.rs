//! The consumer's binary under the local runner, while what it depends on fails: every record is kept once.
//!
//! Nothing in the binary or the runner knows of it: a server between the function and its bucket refuses, answers
//! wrongly and late, and kills or freezes the processes that ask. A seed decides what is put on the stream, how it is
//! read and which request goes wrong; in which order the processes get there it does not.
//!
//! `KINFLOW_CHAOS_SEEDS` sets how many seeds the tests take together; a failure names its seed, and
//! `KINFLOW_CHAOS_FIRST` starts there.

mod check;
mod faults;
mod kinesis;
mod memory;
mod proxy;
mod run;
mod traffic;

use futures::{StreamExt as _, stream};

use super::faults::random::Random;
use run::Habits;

/// Seeds over all tests.
const SEEDS: u64 = 40;
const TESTS: u64 = 4;
/// Runs at once in each test: most of a run is waiting.
const RUNS_AT_ONCE: usize = 4;

fn for_each_seed(habits: impl Fn(&mut Random) -> Habits) {
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let first = number("KINFLOW_CHAOS_FIRST").unwrap_or(0);
    let seeds = number("KINFLOW_CHAOS_SEEDS").unwrap_or(SEEDS).div_ceil(TESTS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let runs = (first..first + seeds).map(|seed| {
        let mut random = Random::new(seed);
        let habits = habits(&mut random);
        run::run(seed, habits, random)
    });
    runtime.block_on(stream::iter(runs).buffer_unordered(RUNS_AT_ONCE).collect::<()>());
    println!("faults so far: {:?}", faults::met());
}

fn any(random: &mut Random) -> Habits {
    Habits {
        delivery: "batch",
        compression: if random.one_in(2) { "gzip" } else { "zstd" },
        shards: random.below(2) + 1,
        lanes: 1,
        batch_size: random.below(12) + 2,
        bisects: random.one_in(2),
        reshards: random.one_in(2),
        retries: 10_000,
        second_poller: false,
    }
}

#[test]
fn the_batch_level_keeps_each_record_once() {
    for_each_seed(any);
}

#[test]
fn the_batch_level_keeps_each_record_once_under_a_parallelization_factor() {
    for_each_seed(|random| Habits { lanes: 4, ..any(random) });
}

#[test]
fn the_ledger_level_keeps_each_record_once_with_two_pollers_and_older_checkpoints() {
    for_each_seed(|random| Habits { delivery: "ledger", second_poller: true, ..any(random) });
}

#[test]
fn what_runs_out_of_retries_is_in_the_on_failure_destination_and_nothing_else_is_lost() {
    for_each_seed(|random| Habits { retries: random.below(2), ..any(random) });
}
