//! Models of both delivery levels of the consumer, checked over every order of crashes, late writes, lost answers and
//! retries. They are a crate of their own, because the compiler optimises them for the search.
#![cfg(test)]

mod batch_level;
mod ledger_level;
mod poller;
mod records;
mod redrive;
mod s3;
mod world;

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model};

use batch_level::BatchLevel;
use ledger_level::LedgerLevel;
use records::Records;
use world::{Action, Bounds, Checked, FINISHED, LOST, Protocol, TWICE, TWICE_BESIDE_GIVEN_UP};

const WHOLE_SHARD: Records = Records::first_of_shard(3);

/// One poller that retries for ever.
const PATIENT: Bounds = Bounds {
    records: 3,
    attempts: 4,
    lanes: &[WHOLE_SHARD],
    tries: None,
    bisect: true,
    redrive: false,
    outlives_its_poller: true,
};
/// The same where a failed batch stays whole.
const UNSPLIT: Bounds = Bounds { bisect: false, ..PATIENT };
/// One poller that gives a batch up after its second failure.
const IMPATIENT: Bounds = Bounds { tries: Some(2), outlives_its_poller: false, ..PATIENT };
const REDRIVEN: Bounds = Bounds { redrive: true, ..IMPATIENT };
/// A fail-over: both read the whole shard, each with borders of its own.
const TWO_POLLERS: Bounds = Bounds {
    lanes: &[WHOLE_SHARD, WHOLE_SHARD],
    attempts: 3,
    bisect: false,
    outlives_its_poller: false,
    ..PATIENT
};
/// The same where the first failure gives a batch up.
const TWO_IMPATIENT: Bounds = Bounds { tries: Some(1), ..TWO_POLLERS };
/// A redrive that nobody waits for any more goes on while the next one is at work.
const REDRIVEN_TWICE: Bounds = Bounds {
    records: 2,
    attempts: 4,
    lanes: &[Records::first_of_shard(2)],
    tries: Some(1),
    bisect: false,
    redrive: true,
    outlives_its_poller: true,
};
/// `ParallelizationFactor` 2: two pollers over different keys of one shard.
const TWO_LANES: Bounds =
    Bounds { lanes: &[Records(0b101), Records(0b010)], outlives_its_poller: false, ..PATIENT };

/// Searches every reachable state, and names the promises that do not hold in one of them.
#[track_caller]
fn broken<P: Protocol + Send + Sync + 'static>(protocol: P, bounds: Bounds) -> BTreeSet<&'static str> {
    let checker = Checked { protocol, bounds }.checker().spawn_bfs().join();
    let mut found = BTreeSet::new();
    for (promise, path) in checker.discoveries() {
        found.insert(promise);
        if promise != FINISHED {
            println!("{promise}: {:?}", path.into_actions());
        }
    }
    println!("{} states", checker.unique_state_count());
    assert!(found.remove(FINISHED), "no path acknowledges every record: the search was an empty one");
    found
}

#[track_caller]
fn holds<P: Protocol + Send + Sync + 'static>(protocol: P, bounds: Bounds) {
    assert_eq!(broken(protocol, bounds), BTreeSet::new());
}

/// Searches until `promise` is broken, and gives the shortest path that breaks it.
#[track_caller]
fn counterexample<P: Protocol + Send + Sync + 'static>(
    protocol: P,
    bounds: Bounds,
    promise: &'static str,
) -> Option<Vec<Action>> {
    let wanted = HasDiscoveries::AllOf(BTreeSet::from([promise]));
    let checker = Checked { protocol, bounds }.checker().finish_when(wanted).spawn_bfs().join();
    checker.discovery(promise).map(stateright::Path::into_actions)
}

#[test]
fn the_batch_level_keeps_each_record_once_through_crashes_late_writes_lost_answers_and_bisecting() {
    holds(BatchLevel::Right, PATIENT);
    holds(BatchLevel::Right, UNSPLIT);
}

#[test]
fn the_batch_level_keeps_each_record_once_under_a_parallelization_factor() {
    holds(BatchLevel::Right, TWO_LANES);
}

#[test]
fn the_batch_level_may_double_a_neighbour_of_a_given_up_batch_until_it_is_redriven() {
    assert_eq!(broken(BatchLevel::Right, REDRIVEN), BTreeSet::from([TWICE_BESIDE_GIVEN_UP]));
}

#[test]
fn the_batch_level_promises_nothing_for_two_pollers_with_other_borders() {
    assert!(counterexample(BatchLevel::Right, TWO_POLLERS, TWICE).is_some());
    assert!(counterexample(BatchLevel::Right, TWO_POLLERS, LOST).is_some());
}

#[test]
fn every_wrong_variant_of_the_batch_level_is_found_out() {
    for (variant, promise) in [
        (BatchLevel::Unconditional, LOST),
        (BatchLevel::SharedBytes, LOST),
        (BatchLevel::Unfenced, LOST),
        (BatchLevel::SkipsEmptyObjects, TWICE),
        (BatchLevel::KeepsFirst, TWICE),
        (BatchLevel::DropsPoison, LOST),
    ] {
        // Whether a failed batch is split is a setting, so a variant is searched with it on and off.
        let is_found = |bounds| counterexample(variant, bounds, promise).is_some();
        assert!([PATIENT, UNSPLIT].into_iter().any(is_found), "{variant:?} passes the model");
    }
}

#[test]
fn the_ledger_level_keeps_each_record_once_with_two_pollers_alive() {
    holds(LedgerLevel::Right, TWO_POLLERS);
    holds(LedgerLevel::Right, TWO_IMPATIENT);
}

#[test]
fn the_ledger_level_keeps_each_record_once_where_batches_are_given_up() {
    holds(LedgerLevel::Right, IMPATIENT);
    holds(LedgerLevel::Right, Bounds { bisect: false, ..IMPATIENT });
}

#[test]
fn a_redrive_at_the_ledger_level_stores_what_is_not_stored_and_nothing_else() {
    holds(LedgerLevel::Right, REDRIVEN);
    holds(LedgerLevel::Right, Bounds { bisect: false, ..REDRIVEN });
    holds(LedgerLevel::Right, REDRIVEN_TWICE);
}

#[test]
fn every_wrong_redrive_at_the_ledger_level_is_found_out() {
    for (variant, bounds, promise) in [
        (LedgerLevel::RedrivesAsUsual, REDRIVEN, LOST),
        (LedgerLevel::RedrivesAll, REDRIVEN, TWICE_BESIDE_GIVEN_UP),
        (LedgerLevel::RedrivesUndecided, REDRIVEN, TWICE_BESIDE_GIVEN_UP),
        (LedgerLevel::LooksBeyondDecided, Bounds { bisect: false, ..REDRIVEN }, TWICE_BESIDE_GIVEN_UP),
        (LedgerLevel::RedrivesByAdopting, REDRIVEN_TWICE, LOST),
        (LedgerLevel::RedrivesByAnOldLook, REDRIVEN_TWICE, TWICE_BESIDE_GIVEN_UP),
    ] {
        let path = counterexample(variant, bounds, promise);
        assert!(path.is_some(), "{variant:?} passes the model");
    }
}

#[test]
fn every_wrong_variant_of_the_ledger_level_is_found_out() {
    for (variant, bounds, promise) in [
        (LedgerLevel::QuarantinesLast, TWO_POLLERS, LOST),
        (LedgerLevel::OwnKey, IMPATIENT, TWICE_BESIDE_GIVEN_UP),
        (LedgerLevel::MovesBeforeWriting, IMPATIENT, LOST),
        (LedgerLevel::MovesUnconditionally, TWO_IMPATIENT, TWICE_BESIDE_GIVEN_UP),
        (LedgerLevel::TrustsItsOwnRange, TWO_POLLERS, LOST),
    ] {
        let path = counterexample(variant, bounds, promise);
        assert!(path.is_some(), "{variant:?} passes the model");
    }
}
