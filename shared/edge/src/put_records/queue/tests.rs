//! What holds for a queue whatever happens to it.

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::put_records::{EntryOutcome, Refusal, SinkError};

/// What happens to a queue next.
#[derive(Debug, Clone)]
enum Step {
    Push { key: u8 },
    Send,
    Settle { refused: u8 },
    Lose,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5_u8).prop_map(|key| Step::Push { key }),
        2 => Just(Step::Send),
        2 => any::<u8>().prop_map(|refused| Step::Settle { refused }),
        1 => Just(Step::Lose),
    ]
}

proptest! {
    #[test]
    fn what_waits_is_in_the_order_of_pushing_and_nothing_is_lost(
        steps in prop::collection::vec(step(), 0..200),
        order_per_key in any::<bool>(),
        dice in 0.0..1.0,
    ) {
        let settings = EngineSettings {
            request_entries: 6,
            order_per_key,
            linger: Duration::ZERO,
            patience: Duration::from_hours(10_000),
            ..EngineSettings::default()
        };
        let mut now = Instant::now();
        let mut queue = Queue::new(settings, ShardMap::default(), now);
        let mut on_their_way = VecDeque::new();
        let (mut pushed, mut sent) = (0, 0);
        for step in steps {
            now += Duration::from_mins(1);
            match step {
                Step::Push { key } => {
                    queue.push(Entry::new(key.to_string(), vec![key; 3]), now);
                    pushed += 1;
                }
                Step::Send => {
                    if let Next::Send(batch) = queue.next(now) {
                        sent += batch.states.len();
                        on_their_way.push_back(batch);
                    }
                }
                Step::Settle { refused } => {
                    let Some(batch) = on_their_way.pop_front() else { continue };
                    sent -= batch.states.len();
                    let outcome = |at: usize| match refused >> at & 1 {
                        0 => EntryOutcome::Accepted { shard_id: String::new() },
                        _ => EntryOutcome::Refused(Refusal::Internal),
                    };
                    let outcomes = (0..batch.states.len()).map(outcome).collect();
                    queue.settle(batch, Ok(outcomes), now, dice);
                }
                Step::Lose => {
                    let Some(batch) = on_their_way.pop_back() else { continue };
                    sent -= batch.states.len();
                    queue.settle(batch, Err(SinkError::Unavailable("lost".into())), now, dice);
                }
            }
            prop_assert!(queue.backlog.iter().is_sorted_by_key(|waiting| waiting.state.ordinal));
            let bytes: usize = queue.backlog.iter().map(|waiting| waiting.entry.bytes()).sum();
            prop_assert_eq!(queue.backlog.bytes(), bytes);
            prop_assert_eq!(queue.report.accepted + (queue.backlog.len() + sent) as u64, pushed);
        }
    }
}
