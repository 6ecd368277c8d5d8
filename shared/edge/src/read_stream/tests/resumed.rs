//! A read that goes on where another one stopped.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::calls::{Answer, Call, Place, Step};
use super::super::plan::Plan;
use super::super::{Event, From, Reached, ReadSettings};
use super::world::{Act, World};
use super::{Read, any_acts, plan_from, read};
use crate::aws::kinesis_reader::Page;

/// How far each shard was read.
type Reach = BTreeMap<String, Reached>;

fn note(reach: &mut Reach, events: &[Event]) {
    for event in events {
        match event {
            Event::Records(batch) => {
                if let Some(last) = batch.records.last() {
                    reach.insert(batch.shard.to_string(), Reached::After(last.sequence_number.clone()));
                }
            }
            Event::Ended { shard } => drop(reach.insert(shard.to_string(), Reached::End)),
            Event::Began { .. } | Event::Waits { .. } => {}
        }
    }
}

/// Takes so many steps of a plan.
fn some(world: &mut World, plan: &mut Plan, steps: usize, page_len: usize) -> (Read, Reach) {
    let (mut now_ms, mut read, mut reach) = (1_000_000, Read::default(), Reach::new());
    for _ in 0..steps {
        match plan.next(now_ms) {
            Step::Ask(call) => match world.answer(&call, page_len) {
                Ok(answer) => {
                    let events = plan.answered(&call, answer, now_ms).unwrap();
                    note(&mut reach, &events);
                    read.take(events);
                }
                Err(trouble) => {
                    plan.failed(&call, trouble, now_ms);
                }
            },
            Step::Until(at_ms) => now_ms = now_ms.max(at_ms),
            Step::Answers | Step::Done => break,
        }
    }
    (read, reach)
}

proptest! {
    #[test]
    fn two_reads_one_after_the_other_give_each_record_once(
        shards in 1..4_usize, before in any_acts(), between in any_acts(), steps in 0..60_usize, page_len in 1..5_usize,
    ) {
        let mut world = World::new(shards);
        let quiet = |act: &&Act| !matches!(act, Act::Trouble(_));
        before.iter().filter(quiet).for_each(|act| world.act(act));
        let (first, reached) = some(&mut world, &mut plan_from(From::Oldest), steps, page_len);
        between.iter().filter(quiet).for_each(|act| world.act(act));
        let settings = ReadSettings { from: From::Oldest, reached, calls: 1_000, ..ReadSettings::default() };
        let second = read(&mut world, &mut Plan::new(settings, 1_000_000, 7), &[], page_len)?;
        let mut numbers = [first.numbers(), second.numbers()].concat();
        numbers.sort_unstable();
        prop_assert_eq!(numbers, (1..=world.put).collect::<Vec<_>>());
    }
}

/// The one call that is due, answered.
fn answered(plan: &mut Plan, answer: Answer) -> (Call, Vec<Event>) {
    let Step::Ask(call) = plan.next(2_000_000) else { panic!("nothing is asked") };
    let events = plan.answered(&call, answer, 2_000_000).unwrap();
    (call, events)
}

#[test]
fn a_shard_that_gave_no_record_is_read_on_after_the_number_that_the_service_named() {
    let mut plan = plan_from(From::Latest).pushed();
    answered(&mut plan, Answer::Shards(World::new(1).listed()));
    answered(&mut plan, Answer::Iterator(String::new()));
    let next_iterator = Some(String::new());
    let page = Page { read_to: Some("41".to_owned()), next_iterator, ..Page::default() };
    answered(&mut plan, Answer::Page(page));
    let Step::Ask(call) = plan.next(2_000_000) else { panic!("what is pushed is taken at once") };
    plan.failed(&call, super::Trouble::Expired, 2_000_000);
    let (call, _) = answered(&mut plan, Answer::Iterator(String::new()));
    assert!(matches!(call, Call::Iterator { place: Place::After(number), .. } if number == "41"));
}

#[test]
fn a_closed_shard_whose_last_records_are_beyond_the_end_has_not_ended() {
    let mut world = World::new(1);
    for act in [Act::Put(0), Act::Put(0), Act::Split(0)] {
        world.act(&act);
    }
    let settings = ReadSettings { from: From::Oldest, to_ms: Some(20), ..ReadSettings::default() };
    let (read, reached) = some(&mut world, &mut Plan::new(settings, 1_000_000, 7), 100, 9);
    assert_eq!(read.numbers(), [1]);
    assert_eq!(reached.get("shard-0000"), Some(&Reached::After("1".to_owned())));
}
