//! The law of the answer: everything before the reported record is in the bucket, once.

use std::collections::BTreeMap;

use edge::store::StoreFault;
use proptest::prelude::*;
use serde_json::Value;

use super::event::{Record, event};
use super::{Fixture, TWEET};

/// What a made-up record holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Tweet,
    Poison,
    NoBase64,
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    prop::collection::vec(prop::sample::select(vec![Kind::Tweet, Kind::Poison, Kind::NoBase64]), 1..20)
}

fn record(sequence_number: &str, kind: Kind) -> Record<'_> {
    match kind {
        Kind::Tweet => Record::text(sequence_number, TWEET),
        Kind::Poison => Record::text(sequence_number, "{}"),
        Kind::NoBase64 => Record::base64(sequence_number, "?"),
    }
}

/// How often each record's sequence number is in the bucket.
fn found(fixture: &Fixture) -> BTreeMap<usize, usize> {
    let mut found = BTreeMap::new();
    let objects = fixture.objects();
    let outputs = objects.iter().filter(|(key, _)| !key.starts_with("state/"));
    for line in outputs.flat_map(|(_, lines)| lines.lines()) {
        let line: Value = serde_json::from_str(line).unwrap();
        let number = line["id"].as_str().unwrap().split(':').nth(2).unwrap().parse().unwrap();
        *found.entry(number).or_default() += 1;
    }
    found
}

proptest! {
    // Each case is one invocation on buffers in memory: a few hundred take a second.
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn everything_before_the_reported_record_is_stored_once(
        kinds in kinds(),
        failing_call in 0_usize..12,
        fault in prop::sample::select(vec![StoreFault::Refused, StoreFault::AnswerLost]),
        for_good: bool,
        delivery in prop::sample::select(vec!["batch", "ledger"]),
        workers in prop::sample::select(vec!["1", "3"]),
    ) {
        let fixture = Fixture::new("tweets", &[("DELIVERY", delivery), ("WORKERS", workers)]);
        let mut calls = 0;
        fixture.bucket.set_faults(move |_, _| {
            calls += 1;
            let fails = if for_good { calls > failing_call } else { calls == failing_call + 1 };
            fails.then_some(fault)
        });
        let numbers: Vec<String> = (100..100 + kinds.len()).map(|number| number.to_string()).collect();
        let records: Vec<Record<'_>> =
            numbers.iter().zip(&kinds).map(|(number, kind)| record(number, *kind)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(fixture.answer(event(&records)));
        let failures = answer["batchItemFailures"].as_array().unwrap();
        prop_assert!(failures.len() <= 1);
        let reported = failures.first().map_or(100 + kinds.len(), |failure| {
            failure["itemIdentifier"].as_str().unwrap().parse().unwrap()
        });
        let found = found(&fixture);
        for number in 100..reported {
            prop_assert_eq!(found.get(&number), Some(&1), "record {} of {} reported", number, reported);
        }
    }
}
