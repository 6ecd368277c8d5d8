//! The laws of a delivery to an index, with a server that is made up and fails as real ones do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use edge::opensearch::OpenSearchError;
use proptest::prelude::*;
use serde_json::{Value, json};
use template::{IndexRotation, SearchIndex};

use super::stream::Chance;
use super::world::{Faults, World};
use super::{MUCH, NOTHING, delivery, labels, rules};
use crate::aws::event::Event;
use crate::aws::firehose::search::SearchRules;
use crate::aws::firehose::settings::Rules;

/// An index that keeps documents by their ids, as a real one does.
#[derive(Debug, Default)]
pub(super) struct MadeUpIndex {
    pub(super) documents: BTreeMap<String, String>,
    /// Documents of these shards are refused, each by itself or with its whole request.
    pub(super) refuses: Option<char>,
    pub(super) refuses_requests: bool,
    pub(super) is_down: bool,
}

impl MadeUpIndex {
    pub(super) fn bulk(
        &mut self,
        lines: &[u8],
        chance: &mut Chance,
        faults: u64,
    ) -> Result<Bytes, OpenSearchError> {
        let refused = |status| Err(OpenSearchError::Refused { status, reason: "made up".to_owned() });
        if self.is_down || chance.happens(faults) {
            return refused(503);
        }
        let text = std::str::from_utf8(lines).unwrap();
        assert!(text.ends_with('\n'));
        let lines: Vec<&str> = text.lines().collect();
        let is_poison = |document: &str| document.chars().next() == self.refuses;
        if self.refuses_requests && lines.chunks(2).any(|pair| is_poison(pair[1])) {
            return refused(400);
        }
        let mut items = Vec::new();
        for pair in lines.chunks(2) {
            let action: Value = serde_json::from_str(pair[0]).unwrap();
            let id = action["index"]["_id"].as_str().unwrap().to_owned();
            if is_poison(pair[1]) {
                let error = json!({"type": "mapper_parsing_exception", "reason": pair[1]});
                items.push(json!({"index": {"status": 400, "error": error}}));
            } else if chance.happens(faults) {
                items.push(json!({"index": {"status": 429, "error": {"type": "rejected_execution"}}}));
            } else {
                self.documents.insert(id, pair[1].to_owned());
                items.push(json!({"index": {"status": 201}}));
            }
        }
        // An answer that is lost on its way says nothing of what was done.
        if chance.happens(faults) { refused(502) } else { Ok(json!({"items": items}).to_string().into()) }
    }
}

fn search(bytes: usize, retry: Duration) -> Rules {
    let index = SearchIndex {
        name: "i".to_owned(),
        rotation: IndexRotation::None,
        gives_ids: true,
        retry,
        buffer_bytes: bytes,
        buffer_interval: Duration::from_mins(1),
    };
    Rules { search: Some(SearchRules::of(&index)), ..rules(true, 300) }
}

/// The documents of the index, the records of the error objects, and those that the transform dropped: each label once.
fn ends(world: &World) -> [BTreeSet<String>; 3] {
    let indexed: Vec<String> = world.index.documents.values().cloned().collect();
    let [delivered, failed, dropped] = world.ends.clone();
    assert!(delivered.is_empty(), "nothing is an object but what failed");
    let all = [indexed, failed, dropped];
    let sets = all.clone().map(BTreeSet::from_iter);
    let distinct: BTreeSet<&String> = all.iter().flatten().collect();
    assert_eq!(distinct.len(), all.iter().map(Vec::len).sum::<usize>(), "a record has two ends: {all:?}");
    sets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_record_is_indexed_refused_or_dropped_once_and_then_passed(
        seed: u64, bytes in 1_usize..400, records in 0_u64..40, things in 0_usize..400, whole: bool,
    ) {
        let mut world = World::new(seed, records, MUCH);
        (world.index.refuses, world.index.refuses_requests) = (Some('b'), whole);
        let mut delivery = delivery(search(bytes, Duration::from_hours(2)), seed);
        world.begin(&mut delivery);
        world.happen(&mut delivery, things);
        world.drain(&mut delivery);
        prop_assert!(world.is_passed(), "{:?}", world.places);
        prop_assert_eq!(delivery.held_bytes(), 0);
        let [indexed, failed, dropped] = ends(&world);
        let all: BTreeSet<String> = indexed.iter().chain(&failed).chain(&dropped).cloned().collect();
        prop_assert_eq!(all, labels(&world));
        prop_assert!(indexed.iter().all(|label| !label.starts_with('b')));
    }

    #[test]
    fn a_run_that_is_killed_indexes_again_and_doubles_nothing(
        seed: u64, bytes in 1_usize..400, records in 0_u64..40, things in 0_usize..400,
    ) {
        let mut world = World::new(seed, records, Faults { write: 30, index: 30, ..NOTHING });
        let mut killed = delivery(search(bytes, Duration::from_hours(2)), seed);
        world.begin(&mut killed);
        world.happen(&mut killed, things);
        let mut next = delivery(search(bytes, Duration::from_hours(2)), seed ^ 0x4d);
        world.begin(&mut next);
        world.drain(&mut next);
        prop_assert!(world.is_passed());
        let indexed: Vec<String> = world.index.documents.values().cloned().collect();
        prop_assert_eq!(indexed.len(), labels(&world).len());
        prop_assert_eq!(indexed.into_iter().collect::<BTreeSet<_>>(), labels(&world));
    }
}

#[test]
fn one_document_that_spoils_a_request_costs_no_other() {
    for refuses_requests in [false, true] {
        let mut world = World::new(7, 60, NOTHING);
        (world.index.refuses, world.index.refuses_requests) = (Some('c'), refuses_requests);
        let mut delivery = delivery(search(400, Duration::from_mins(5)), 7);
        world.begin(&mut delivery);
        world.drain(&mut delivery);
        let [indexed, failed, _] = ends(&world);
        let of_c: BTreeSet<String> =
            labels(&world).into_iter().filter(|label| label.starts_with('c')).collect();
        assert!(!of_c.is_empty() && !indexed.is_empty());
        assert_eq!(failed, of_c);
    }
}

#[test]
fn what_the_server_does_not_take_in_the_time_of_the_retries_is_kept_and_told_without_its_text() {
    for retry in [Duration::ZERO, Duration::from_mins(5)] {
        let mut world = World::new(3, 30, NOTHING);
        world.index.is_down = true;
        let mut delivery = delivery(search(400, retry), 3);
        world.begin(&mut delivery);
        world.drain(&mut delivery);
        assert_eq!(ends(&world)[1], labels(&world));
        assert!(world.is_passed());
        let warned = world.events.iter().any(|event| matches!(event, Event::Warning { .. }));
        assert_eq!(warned, retry > Duration::ZERO);
        let (_, body) = world.objects.iter().find(|(key, _)| key.starts_with("errors/")).unwrap();
        let line: Value = serde_json::from_slice(body.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
        assert_eq!((&line["errorCode"], &line["esIndexName"]), (&json!("503"), &json!("i")));
        assert!(line["attemptsMade"].as_u64().unwrap() > u64::from(!retry.is_zero()), "{line}");
    }
}

#[test]
fn the_reason_of_a_refusal_is_kept_with_the_document_and_never_told() {
    let mut world = World::new(7, 60, NOTHING);
    world.index.refuses = Some('c');
    let mut delivery = delivery(search(400, Duration::from_mins(5)), 7);
    world.begin(&mut delivery);
    world.drain(&mut delivery);
    let told = world.events.iter().filter_map(|event| match event {
        Event::Failed { code, message, .. } => Some(format!("{code}: {message}")),
        _ => None,
    });
    assert_eq!(
        told.collect::<BTreeSet<_>>(),
        ["OpenSearch.Refused: 400 mapper_parsing_exception".to_owned()].into()
    );
    for (_, body) in world.objects.iter().filter(|(key, _)| key.starts_with("errors/")) {
        for line in std::str::from_utf8(body).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let reason: Value = serde_json::from_str(line["errorMessage"].as_str().unwrap()).unwrap();
            assert!(reason["reason"].as_str().unwrap().starts_with('c'), "{line}");
        }
    }
}
