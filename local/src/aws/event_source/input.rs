//! What a lane is told.

use std::sync::Arc;

/// Something that happened to a lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input<R> {
    /// The next records of the lane, in order.
    Records(Vec<R>),
    /// The answer to [`Action::Invoke`](super::Action::Invoke); without one in the air it is ignored.
    Answered(Answer),
    /// The function had no concurrency left for [`Action::Invoke`](super::Action::Invoke) and never ran, which uses up
    /// no retry.
    Throttled,
    /// The time that [`Action::WakeAt`](super::Action::WakeAt) named has come.
    Woke,
    /// The shard is at its end, or is read no further: no more records come, and an open window ends.
    Closed,
    /// The run is about to stop: batches gather no longer.
    Drain,
}

/// What became of an invocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Answer {
    /// Which records it took.
    pub outcome: Outcome,
    /// The window's new state as JSON text, where the answer has one.
    pub state: Option<Arc<str>>,
}

/// Which records of a batch an invocation took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every one.
    Done,
    /// Those before this index; this one and all after it are delivered again.
    FailedFrom(usize),
    /// None: the function failed, or its answer says nothing of use.
    Failed,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, state: None }
    }
}
