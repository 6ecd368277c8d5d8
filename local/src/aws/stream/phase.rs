//! What the takers of the streams are to do.

/// What the takers and everything behind them are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Batch and buffer as the template says.
    Running,
    /// Hand on at once what is there: nothing more is awaited.
    Draining,
    /// Read no more.
    Stopped,
}
