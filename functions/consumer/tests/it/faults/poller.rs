//! An event source mapping that loses answers, kills functions, cuts batches and forgets its checkpoint.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use edge::lambda::Invocation;

use super::Function;
use super::random::Random;
use super::shard::Shard;

#[derive(Clone, Copy)]
pub(crate) struct Habits {
    pub(crate) bisects: bool,
    /// Goes back to an older checkpoint, and cuts its batches otherwise from there.
    pub(crate) forgets: bool,
    /// Of so many pollers of the shard it is the `lane`-th.
    pub(crate) lanes: usize,
    pub(crate) lane: usize,
}

impl Default for Habits {
    fn default() -> Self {
        Self { bisects: false, forgets: false, lanes: 1, lane: 0 }
    }
}

pub(crate) struct Poller {
    shard: Arc<Shard>,
    function: Arc<Function>,
    habits: Habits,
    random: Random,
    invocations: usize,
}

/// Failures after which all goes well, so that a run ends.
const MAX_FAULTS: usize = 30;

impl Poller {
    pub(crate) fn new(shard: Arc<Shard>, function: Arc<Function>, habits: Habits, random: Random) -> Self {
        Self { shard, function, habits, random, invocations: 0 }
    }

    pub(crate) async fn run(mut self) {
        let lane: Vec<usize> =
            (0..self.shard.len()).filter(|index| index % self.habits.lanes == self.habits.lane).collect();
        let (mut next, mut forgotten) = (0, 0);
        while next < lane.len() {
            let count = (self.random.below(6) + 1).min(lane.len() - next);
            self.deliver(&lane[next..next + count]).await;
            next += count;
            if self.habits.forgets && forgotten < 3 && self.random.one_in(4) {
                forgotten += 1;
                next -= self.random.below(next + 1);
            }
        }
    }

    /// Delivers a batch until all of it is acknowledged.
    async fn deliver(&mut self, batch: &[usize]) {
        let mut parts = vec![batch.to_vec()];
        while let Some(part) = parts.pop() {
            let done = self.invoke(&part).await;
            let rest = part[done..].to_vec();
            if rest.len() > 1 && self.habits.bisects && self.random.one_in(2) {
                let (first, second) = rest.split_at(rest.len() / 2);
                parts.extend([second.to_vec(), first.to_vec()]);
            } else if !rest.is_empty() {
                parts.push(rest);
            }
        }
    }

    /// How many records of the part are acknowledged by one invocation.
    async fn invoke(&mut self, part: &[usize]) -> usize {
        self.invocations += 1;
        let goes_well = self.invocations > MAX_FAULTS;
        let deadline_in = if !goes_well && self.random.one_in(8) { 2_000 } else { 60_000 };
        let invocation = Invocation {
            body: Bytes::from(self.shard.event(part)),
            request_id: format!("request-{:016x}", self.random.next()),
            deadline: SystemTime::now() + Duration::from_millis(deadline_in),
            function_arn: String::new(),
            trace_id: None,
            cold_start: false,
        };
        let function = Arc::clone(&self.function);
        let mut running = tokio::task::spawn_local(async move { function.answer(&invocation).await });
        let patience = self.random.below(40);
        let answer = tokio::select! {
            biased;
            answer = &mut running => Some(answer.expect("no panic").expect("an answer").0),
            () = steps(patience), if !goes_well => None,
        };
        match answer {
            Some(answer) if goes_well || !self.random.one_in(6) => Self::acknowledged(part, &answer),
            Some(_lost) => 0,
            None => {
                // Killed, or given up on while it goes on.
                if self.random.one_in(2) {
                    running.abort();
                }
                0
            }
        }
    }

    fn acknowledged(part: &[usize], answer: &[u8]) -> usize {
        let answer: serde_json::Value = serde_json::from_slice(answer).unwrap();
        let Some(failed) = answer["batchItemFailures"].get(0) else { return part.len() };
        let number: usize = failed["itemIdentifier"].as_str().unwrap().parse().unwrap();
        part.iter().position(|index| Shard::sequence_number(*index) == number).expect("a record of the batch")
    }
}

/// Ends after the other tasks had so many turns.
async fn steps(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}
