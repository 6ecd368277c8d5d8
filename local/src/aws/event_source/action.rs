//! What a lane wants done.

use super::window::WindowCall;
use crate::aws::clock::Moment;
use crate::aws::event::Condition;

/// Something to do, before the lane's next step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action<R> {
    /// Invoke the function, and answer with [`Input::Answered`](super::Input::Answered).
    Invoke(Call<R>),
    /// Step with [`Input::Woke`](super::Input::Woke) at this time, in milliseconds since the Unix epoch, unless
    /// something else happens first.
    WakeAt(Moment),
    /// The function took these records.
    Acknowledge(Vec<R>),
    /// These records are discarded: keep them where the mapping says, before anything else.
    GiveUp(GivenUp<R>),
    /// Everything of the lane up to this record is acknowledged or given up.
    Checkpoint(R),
    /// A batch failed and is tried again, in one part or in two. To be told, not to be done.
    Retry {
        /// How many records; none in the last call of a window.
        records: usize,
        /// How often they have failed.
        failures: u64,
    },
    /// The last call of a window failed for good: its state is lost.
    WindowLost,
    /// The lane has ended: no more records come, and every one that came has ended.
    Done,
}

/// An invocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call<R> {
    /// In order; none in the last call of a window.
    pub records: Vec<R>,
    /// Their window, where the mapping has windows.
    pub window: Option<WindowCall>,
    /// The batch is that of the invocation before, which failed: it keeps the request id.
    pub is_retry: bool,
}

/// Records that are discarded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GivenUp<R> {
    /// In order; none where the last call of a window failed.
    pub records: Vec<R>,
    /// Why.
    pub condition: Condition,
    /// How often they were tried, or would have been had their event not been too large.
    pub failures: u64,
    /// What the last try gave.
    pub response: Response,
    /// Their window, where the mapping has windows.
    pub window: Option<WindowCall>,
}

/// What the last try of a batch gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Response {
    /// Nothing: the function was never invoked with it.
    None,
    /// An answer which says that its first record failed.
    Reported,
    /// A failure of the function, or an answer that says nothing of use.
    Error,
}
