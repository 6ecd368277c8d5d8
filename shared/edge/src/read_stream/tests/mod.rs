//! A stream in memory that splits, merges, throttles and forgets iterators, read by the plan alone.
#![allow(
    clippy::cast_possible_wrap,
    reason = "the numbers of a test are small, and a test that can't go on says so by a panic"
)]

mod resumed;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::calls::{Answer, Call, Step, Trouble, Verdict};
use super::plan::Plan;
use super::{Event, From, ReadSettings};
use world::{Act, World};

/// What was read, shard by shard in the order of reading.
#[derive(Debug, Default)]
struct Read(Vec<(String, u64)>);

impl Read {
    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            if let Event::Records(batch) = event {
                let numbers = batch.records.iter().map(|record| record.sequence_number.parse().unwrap());
                self.0.extend(numbers.map(|number| (batch.shard.to_string(), number)));
            }
        }
    }

    fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.0.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        numbers
    }
}

/// Runs the plan, one act between two steps, then until nothing is left to read.
fn read(world: &mut World, plan: &mut Plan, acts: &[Act], page_len: usize) -> Result<Read, TestCaseError> {
    let (mut now_ms, mut read, mut asked) = (1_000_000, Read::default(), Vec::new());
    let mut idle = 0;
    for step in 0.. {
        prop_assert!(step < 100_000, "reading goes on for ever");
        match acts.get(step) {
            Some(Act::Pass(ms)) => now_ms += ms,
            Some(act) => world.act(act),
            None => {}
        }
        match plan.next(now_ms) {
            Step::Ask(call) => asked.push(call),
            Step::Until(at_ms) if asked.is_empty() => now_ms = now_ms.max(at_ms),
            Step::Done => break,
            _ => {
                // The calls are answered in another order than they were made in.
                let call = asked.swap_remove(step % asked.len());
                match world.answer(&call, page_len) {
                    Ok(answer) => {
                        let events = plan.answered(&call, answer, now_ms).unwrap();
                        let before = read.0.len();
                        read.take(events);
                        idle = if read.0.len() == before { idle + 1 } else { 0 };
                    }
                    Err(trouble) => {
                        let verdict = plan.failed(&call, trouble, now_ms);
                        prop_assert!(verdict != Verdict::GiveUp);
                    }
                }
            }
        }
        if step > acts.len() && idle > 25 * (world.shards.len() + 4) {
            break;
        }
    }
    Ok(read)
}

fn any_acts() -> impl Strategy<Value = Vec<Act>> {
    let trouble = prop::sample::select(vec![Trouble::Throttled, Trouble::Expired, Trouble::Again]);
    let act = prop_oneof![
        8 => (0..9_usize).prop_map(Act::Put),
        1 => (0..9_usize).prop_map(Act::Split),
        1 => (0..9_usize, 0..9_usize).prop_map(|(one, other)| Act::Merge(one, other)),
        2 => trouble.prop_map(Act::Trouble),
        2 => (0..2_000_i64).prop_map(Act::Pass),
    ];
    prop::collection::vec(act, 0..120)
}

fn plan_from(from: From) -> Plan {
    Plan::new(ReadSettings { from, calls: 1_000, ..ReadSettings::default() }, 1_000_000, 7)
}

proptest! {
    #[test]
    fn every_record_is_read_once_and_those_of_parents_before_those_of_children(
        shards in 1..4_usize, before in any_acts(), during in any_acts(), page_len in 1..5_usize,
    ) {
        let mut world = World::new(shards);
        before.iter().filter(|act| !matches!(act, Act::Trouble(_))).for_each(|act| world.act(act));
        let read = read(&mut world, &mut plan_from(From::Oldest), &during, page_len)?;
        prop_assert_eq!(read.numbers(), (1..=world.put).collect::<Vec<_>>());
        let mut ended: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, (shard, _)) in read.0.iter().enumerate() {
            ended.insert(shard, place);
        }
        for (place, (shard, number)) in read.0.iter().enumerate() {
            for parent in &world.shards[shard].parents {
                prop_assert!(
                    ended.get(parent.as_str()).is_none_or(|end| *end < place),
                    "{} of {} came before the end of {}", number, shard, parent
                );
            }
        }
        for id in world.shards.keys() {
            let of_shard: Vec<u64> =
                read.0.iter().filter(|(shard, _)| shard == id).map(|(_, number)| *number).collect();
            prop_assert_eq!(&of_shard, &world.shards[id].records, "in the shard's own order");
        }
    }

    #[test]
    fn from_a_time_to_a_time_is_what_arrived_between_them(
        shards in 1..4_usize, before in any_acts(), during in any_acts(), from in 0..80_u64, len in 0..80_u64,
    ) {
        let mut world = World::new(shards);
        before.iter().filter(|act| !matches!(act, Act::Trouble(_))).for_each(|act| world.act(act));
        let settings = ReadSettings {
            from: From::Time(from as i64 * 10),
            to_ms: Some((from + len) as i64 * 10),
            ..ReadSettings::default()
        };
        // The time of reading is long after `to_ms`: what comes during the read is beyond it or before its end.
        let put_before = world.put;
        let read = read(&mut world, &mut Plan::new(settings, 1_000_000, 7), &during, 3)?;
        let found: BTreeSet<u64> = read.numbers().into_iter().collect();
        prop_assert_eq!(found.len(), read.0.len(), "each once");
        prop_assert!(found.iter().all(|number| (from..from + len).contains(number)));
        let wanted = (from..from + len).filter(|number| (1..=put_before).contains(number));
        for number in wanted {
            prop_assert!(found.contains(&number), "{} is missing", number);
        }
    }

    #[test]
    fn the_latest_are_those_put_after_the_first_look(
        shards in 1..4_usize, before in any_acts(), during in any_acts(),
    ) {
        let mut world = World::new(shards);
        before.iter().filter(|act| !matches!(act, Act::Trouble(_))).for_each(|act| world.act(act));
        let mut plan = plan_from(From::Latest);
        // The listing and every iterator are taken before anything is put.
        let mut asked = Vec::new();
        while let Step::Ask(call) = plan.next(1_000_000) {
            let is_read = matches!(call, Call::Read { .. });
            if is_read {
                asked.push(call);
                continue;
            }
            let answer = world.answer(&call, 3).unwrap();
            plan.answered(&call, answer, 1_000_000).unwrap();
        }
        for call in asked {
            let answer = world.answer(&call, 3).unwrap();
            plan.answered(&call, answer, 1_000_000).unwrap();
        }
        let first = world.put + 1;
        let expires = |act: &Act| matches!(act, Act::Trouble(Trouble::Expired));
        let during: Vec<Act> = during.into_iter().filter(|act| !expires(act)).collect();
        let read = read(&mut world, &mut plan, &during, 3)?;
        prop_assert_eq!(read.numbers(), (first..=world.put).collect::<Vec<_>>());
    }
}

#[test]
fn a_shard_is_read_no_more_often_than_its_share() {
    let mut world = World::new(1);
    (0..100).for_each(|_| world.act(&Act::Put(0)));
    let mut plan = plan_from(From::Oldest);
    let (mut now_ms, mut reads) = (0, Vec::new());
    plan.next(2_000_000); // the listing is due
    let answer = world.answer(&Call::List, 1).unwrap();
    plan.answered(&Call::List, answer, now_ms).unwrap();
    while reads.len() < 10 {
        match plan.next(now_ms) {
            Step::Ask(call) => {
                if matches!(call, Call::Read { .. }) {
                    reads.push(now_ms);
                }
                let answer = world.answer(&call, 1).unwrap();
                plan.answered(&call, answer, now_ms).unwrap();
            }
            Step::Until(at_ms) => now_ms = at_ms,
            step => panic!("{step:?}"),
        }
    }
    assert!(reads.windows(2).all(|pair| pair[1] - pair[0] >= 500), "{reads:?}");
    assert!(!plan.has_ended("shard-0000"));
}

#[test]
fn a_shard_that_is_not_there_and_a_number_without_a_shard_are_refused() {
    let listed = |settings: ReadSettings| {
        let mut plan = Plan::new(settings, 0, 1);
        plan.next(0);
        plan.answered(&Call::List, Answer::Shards(World::new(2).listed()), 0).unwrap_err().to_string()
    };
    let only = ReadSettings { only_shard: Some("shard-7".to_owned()), ..ReadSettings::default() };
    assert_eq!(listed(only), "the stream has no shard \"shard-7\"; it has shard-0000, shard-0001");
    let number = ReadSettings { from: From::Number("5".to_owned()), ..ReadSettings::default() };
    assert!(listed(number).contains("the stream has 2 shards: name the shard too"));
}

#[test]
fn what_children_hold_before_the_end_is_read_where_their_parent_closed_after_the_first_look() {
    let (mut world, mut read) = (World::new(1), Read::default());
    let settings = ReadSettings { from: From::Oldest, to_ms: Some(1_000), ..ReadSettings::default() };
    let (mut plan, mut now_ms, mut answers) = (Plan::new(settings, 0, 7), 0, 0);
    loop {
        match plan.next(now_ms) {
            Step::Ask(call) => {
                let answer = world.answer(&call, 9).unwrap();
                read.take(plan.answered(&call, answer, now_ms).unwrap());
                answers += 1;
            }
            Step::Until(at_ms) => now_ms = at_ms,
            _ => break,
        }
        // After the listing and the iterator, and after that the end has come.
        if answers == 2 && now_ms == 0 {
            for act in &[Act::Put(0), Act::Split(0), Act::Put(0)] {
                world.act(act);
            }
            now_ms = 2_000;
        }
    }
    assert_eq!(read.numbers(), [1, 2]);
}
