//! When a run is complete, and what is named where it is not.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::aws::event::{Condition, Event, Observer as _};
use crate::pipeline::ledger::Ledger;

fn topology(text: &str) -> Topology {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, text).unwrap();
    template::read(&path, &BTreeMap::new()).unwrap()
}

/// One stream `S`, and one mapping `F/Records`.
fn one_mapping() -> Topology {
    topology(include_str!("../../../tests/it/one_mapping.yaml"))
}

fn count(put_now: u64, waiting: u64) -> ShardCount {
    ShardCount {
        stream: Arc::from("S"),
        shard: Arc::from("shardId-000000000000"),
        put: put_now,
        put_now,
        waiting: BTreeMap::from([(mapping_id("F/Records"), waiting)]),
    }
}

fn acknowledged(records: u64) -> Event {
    Event::Acknowledged { mapping: "F/Records".into(), stream: "S".into(), shard: "0".into(), records }
}

fn discarded(records: u64, kept: Option<String>) -> Event {
    let condition = Condition::RetriesExhausted;
    Event::Discarded {
        mapping: "F/Records".into(),
        stream: "S".into(),
        shard: "0".into(),
        records,
        condition,
        kept,
    }
}

fn check(topology: &Topology, before: &[ShardCount], after: &[ShardCount], events: Vec<Event>) -> Report {
    let ledger = Ledger::default();
    for event in events {
        ledger.on(event);
    }
    let mut report = Report::default();
    let counts = ledger.counts();
    Balance { topology, before, after, deleted: &[], counts: &counts }.check(&mut report);
    report
}

proptest! {
    /// A stream is deleted while records wait, and may be made again: what was taken before, in the air then, or
    /// of the new stream adds up with what went with the old one.
    #[test]
    fn records_that_went_with_their_stream_are_named_and_no_others(
        put in 0..50_u64, taken in 0..50_u64, in_the_air in 0..10_u64, again in 0..20_u64,
    ) {
        let taken = taken.min(put);
        let in_the_air = in_the_air.min(put - taken);
        let ledger = Ledger::default();
        ledger.on(acknowledged(taken + in_the_air + again));
        let (topology, counts) = (one_mapping(), ledger.counts());
        let (after, deleted) = ([count(again, 0)], [count(put, put - taken)]);
        let balance =
            Balance { topology: &topology, before: &[], after: &after, deleted: &deleted, counts: &counts };
        let mut report = Report::default();
        balance.check(&mut report);
        let gone = put - taken - in_the_air;
        let expected = (gone > 0)
            .then(|| format!("F/Records: {gone} records of stream S were deleted with it, undelivered"));
        prop_assert_eq!(report.problems, Vec::from_iter(expected));
    }
}

#[test]
fn a_stream_that_a_client_made_and_nothing_takes_is_told() {
    let made = ShardCount { stream: Arc::from("T"), waiting: BTreeMap::new(), ..count(3, 0) };
    let report = check(&one_mapping(), &[], &[made], Vec::new());
    assert_eq!(
        report.notes,
        ["stream T is not in the template and took 3 records, but nothing here reads them"]
    );
    assert!(report.is_complete());
}

proptest! {
    #[test]
    fn a_run_is_complete_exactly_if_everything_due_is_taken_or_kept(
        carried in 0..50_u64, put in 0..50_u64, taken in 0..100_u64, kept in 0..10_u64, lost in 0..10_u64,
        waiting in 0..10_u64,
    ) {
        let events = vec![acknowledged(taken), discarded(kept, Some("key".to_owned())), discarded(lost, None)];
        let report = check(&one_mapping(), &[count(0, carried)], &[count(put, waiting)], events);
        let adds_up = taken + kept + lost + waiting == carried + put;
        prop_assert_eq!(report.problems.is_empty(), adds_up && waiting == 0 && lost == 0, "{:?}", report);
    }
}

#[test]
fn a_stream_that_nothing_takes_is_a_problem_once_it_has_records() {
    let mut topology = one_mapping();
    topology.mappings.clear();
    let counts = |put| ShardCount { waiting: BTreeMap::new(), ..count(put, 0) };
    assert!(check(&topology, &[counts(0)], &[counts(0)], Vec::new()).is_complete());
    let report = check(&topology, &[counts(0)], &[counts(3)], Vec::new());
    assert_eq!(report.problems, ["stream S took 3 records, but nothing here reads them"]);
}

#[test]
fn what_a_taker_that_does_not_run_would_have_done_is_never_called_complete() {
    let mut topology = one_mapping();
    let reason = "Other: a fan-out consumer does not run here".to_owned();
    topology.unrun_takers.push(template::UnrunTaker { stream: "S".to_owned(), reason });
    assert!(!check(&topology, &[count(0, 0)], &[count(1, 0)], vec![acknowledged(1)]).is_complete());
}

#[test]
fn a_delivery_all_of_whose_records_failed_is_a_problem_with_its_reasons() {
    let fail = |records| Event::Failed {
        delivery: "D".into(),
        key: "failed/1".to_owned(),
        records,
        code: "Lambda.FunctionError".to_owned(),
        message: "it ended".to_owned(),
    };
    let topology = Topology::default();
    let report = check(&topology, &[], &[], vec![fail(2), fail(1)]);
    assert_eq!(report.problems, ["D: 3 of 3 records failed: 3 x Lambda.FunctionError: it ended"]);
    let delivered = Event::Delivered { delivery: "D".into(), key: "k".to_owned(), records: 1, bytes: 1 };
    let report = check(&topology, &[], &[], vec![fail(2), delivered]);
    assert!(report.problems.is_empty() && report.notes.len() == 1, "{report:?}");
}
