//! What a lane is told.

use std::sync::Arc;

/// Something that happened to a lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input<R> {
    /// The next records of the lane, in order.
    Records(Vec<R>),
    /// The answer to [`Action::Invoke`](super::Action::Invoke). It is ignored if no invocation is under way.
    Answered(Answer),
    /// The function had no concurrency left for [`Action::Invoke`](super::Action::Invoke) and did not run.
    /// This uses up no retry.
    Throttled,
    /// The time that [`Action::WakeAt`](super::Action::WakeAt) named has come.
    Woke,
    /// The shard is at its end, or is not read further: no more records come, and an open window ends.
    Closed,
    /// The run is about to stop, so batches no longer wait for more records.
    Drain,
}

/// The result of an invocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Answer {
    /// Which records the function accepted.
    pub outcome: Outcome,
    /// The window's new state as JSON text, if the answer has one.
    pub state: Option<Arc<str>>,
}

/// Which records of a batch an invocation accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// All of them.
    Done,
    /// Those before this index. This one and all after it are delivered again.
    FailedFrom(usize),
    /// None: the function failed, or its answer was unusable.
    Failed,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, state: None }
    }
}
