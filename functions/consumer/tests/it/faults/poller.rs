//! The event source mapping's own lane, with a driver that loses answers, kills functions, cuts batches and
//! forgets its checkpoint.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use edge::lambda::Invocation;
use local::event_source::{Action, Input, Lane, LaneRecord, LaneSettings, Moment, Outcome};

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

/// A record by its place in the shard.
#[derive(Debug, Clone, Copy)]
struct Index(usize);

impl LaneRecord for Index {
    fn arrived_at(&self) -> Moment {
        0
    }

    fn event_bytes(&self) -> usize {
        1
    }
}

pub(crate) struct Poller {
    shard: Arc<Shard>,
    function: Arc<Function>,
    habits: Habits,
    random: Random,
    invocations: usize,
    lane: Lane<Index>,
    now: Moment,
}

/// Failures after which all goes well, so that a run ends.
const MAX_FAULTS: usize = 30;

impl Poller {
    pub(crate) fn new(shard: Arc<Shard>, function: Arc<Function>, habits: Habits, random: Random) -> Self {
        Self { shard, function, habits, random, invocations: 0, lane: lane(habits), now: 0 }
    }

    pub(crate) async fn run(mut self) {
        let lane_of_shard: Vec<Index> = (0..self.shard.len())
            .filter(|index| index % self.habits.lanes == self.habits.lane)
            .map(Index)
            .collect();
        let (mut next, mut forgotten) = (0, 0);
        while next < lane_of_shard.len() {
            let count = (self.random.below(6) + 1).min(lane_of_shard.len() - next);
            self.deliver(lane_of_shard[next..next + count].to_vec()).await;
            next += count;
            if self.habits.forgets && forgotten < 3 && self.random.one_in(4) {
                forgotten += 1;
                next -= self.random.below(next + 1);
                self.lane = lane(self.habits);
            }
        }
    }

    /// Delivers a batch until all of it is acknowledged.
    async fn deliver(&mut self, batch: Vec<Index>) {
        let mut input = Some(Input::Records(batch));
        while let Some(now) = input.take() {
            let mut actions = Vec::new();
            self.lane.step(self.now, now, &mut actions);
            for action in actions {
                match action {
                    Action::Invoke(call) => {
                        let batch: Vec<usize> = call.records.iter().map(|record| record.0).collect();
                        input = Some(Input::Answered(self.invoke(&batch).await.into()));
                    }
                    Action::WakeAt(at) => {
                        self.now = at;
                        input = Some(Input::Woke);
                    }
                    _ => {}
                }
            }
        }
        assert!(self.lane.is_idle(), "a batch is left");
    }

    /// What one invocation over some records of the shard comes to.
    async fn invoke(&mut self, part: &[usize]) -> Outcome {
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
            Some(answer) if goes_well || !self.random.one_in(6) => outcome(part, &answer),
            Some(_lost) => Outcome::Failed,
            None => {
                // Killed, or given up on while it goes on.
                if self.random.one_in(2) {
                    running.abort();
                }
                Outcome::Failed
            }
        }
    }
}

/// A lane without a limit of its retries.
fn lane(habits: Habits) -> Lane<Index> {
    Lane::new(LaneSettings {
        batch_size: 100,
        batching_window: Duration::ZERO,
        maximum_retry_attempts: None,
        maximum_record_age: None,
        bisect_on_error: habits.bisects,
        tumbling_window: None,
    })
}

fn outcome(part: &[usize], answer: &[u8]) -> Outcome {
    let answer: serde_json::Value = serde_json::from_slice(answer).unwrap();
    let Some(failed) = answer["batchItemFailures"].get(0) else { return Outcome::Done };
    let number: usize = failed["itemIdentifier"].as_str().unwrap().parse().unwrap();
    let failed = part.iter().position(|index| Shard::sequence_number(*index) == number);
    Outcome::FailedFrom(failed.expect("a record of the batch"))
}

/// Ends after the other tasks had so many turns.
async fn steps(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}
