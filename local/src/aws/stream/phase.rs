//! What the takers of the streams must do.

/// What the takers, and everything after them, must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Batch and buffer as the template says.
    Running,
    /// Pass on at once what is there, without waiting for more.
    Draining,
    /// Read no more.
    Stopped,
}
