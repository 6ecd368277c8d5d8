//! What a lane asks for.

use super::window::WindowCall;
use crate::aws::clock::Moment;
use crate::aws::event::Condition;

/// Something to do before the lane's next step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action<R> {
    /// Invoke the function, and answer with [`Input::Answered`](super::Input::Answered).
    Invoke(Call<R>),
    /// Step with [`Input::Woke`](super::Input::Woke) at this time, in milliseconds since the Unix epoch,
    /// unless something else happens first.
    WakeAt(Moment),
    /// The function accepted these records.
    Acknowledge(Vec<R>),
    /// These records are discarded. Keep them where the mapping says, before anything else.
    GiveUp(GivenUp<R>),
    /// All records of the lane up to this one are acknowledged or given up.
    Checkpoint(R),
    /// A batch failed and is tried again, whole or in two parts. This is only to be reported.
    Retry {
        /// The number of records; 0 in the last call of a window.
        records: usize,
        /// How often they have failed.
        failures: u64,
    },
    /// The last call of a window failed for good, so its state is lost.
    WindowLost,
    /// The lane has ended: no more records come, and all that came are acknowledged or given up.
    Done,
}

/// An invocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call<R> {
    /// The records in order; none in the last call of a window.
    pub records: Vec<R>,
    /// Their window, if the mapping has windows.
    pub window: Option<WindowCall>,
    /// Whether the batch is that of the failed invocation before. It then keeps the request id.
    pub is_retry: bool,
}

/// Records that are discarded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GivenUp<R> {
    /// The records in order; none if the last call of a window failed.
    pub records: Vec<R>,
    /// The reason.
    pub condition: Condition,
    /// How often they were tried, or would have been if their event had not been too large.
    pub failures: u64,
    /// The result of the last try.
    pub response: Response,
    /// Their window, if the mapping has windows.
    pub window: Option<WindowCall>,
}

/// The result of the last try of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Response {
    /// There is none, since the function was never invoked with it.
    None,
    /// The answer said that the first record failed.
    Reported,
    /// The function failed, or its answer was unusable.
    Error,
}
