//! Tumbling windows: the window of a record, and the state that is passed from call to call.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>

use std::sync::Arc;
use std::time::Duration;

use crate::aws::clock::{Moment, milliseconds};

/// The largest state of a tumbling window, in bytes of JSON. Beyond that, the window ends early.
pub const MAX_STATE_BYTES: usize = 1 << 20;

/// How long after the end of a window its last records may still be on their way from the stream, in
/// milliseconds. The service takes up to two minutes.
const GRACE_MS: i64 = 500;

/// A window that is open in a lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window {
    start: Moment,
    end: Moment,
    pub(super) state: Arc<str>,
}

/// How a window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// At its end, or when a record of another window comes.
    InTime,
    /// Before its end, because its state grew over [`MAX_STATE_BYTES`], or no more records come.
    Early,
}

/// What an invocation says about its window.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WindowCall {
    /// The window with its state before the invocation.
    pub window: Window,
    /// How the window ends; only set in its last call.
    pub last: Option<Ending>,
}

/// The start of the window with this length that contains `at`. Windows start at multiples of their length.
pub(super) fn start(at: Moment, length: Duration) -> Moment {
    at - at.rem_euclid(milliseconds(length).max(1))
}

impl Window {
    /// The window of a record that arrived then, with an empty state.
    pub(super) fn of(arrived_at: Moment, length: Duration) -> Self {
        Self::restored(start(arrived_at, length), length, "{}".into())
    }

    /// Makes a window from what was stored, with its state as JSON text.
    pub fn restored(start: Moment, length: Duration, state: Arc<str>) -> Self {
        Self { start, end: start.saturating_add(milliseconds(length)), state }
    }

    /// Returns its first millisecond.
    pub fn start(&self) -> Moment {
        self.start
    }

    /// Returns the first millisecond after it.
    pub fn end(&self) -> Moment {
        self.end
    }

    /// Returns the state as JSON text, which is `{}` at first.
    pub fn state(&self) -> &str {
        &self.state
    }

    pub(super) fn holds(&self, arrived_at: Moment) -> bool {
        (self.start..self.end).contains(&arrived_at)
    }

    /// When it ends if no record of another window comes.
    pub(super) fn closes_at(&self) -> Moment {
        self.end.saturating_add(GRACE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_start_at_multiples_of_their_length() {
        let minute = Duration::from_mins(1);
        assert_eq!(start(125_000, minute), 120_000);
        assert_eq!(start(120_000, minute), 120_000);
        assert_eq!(start(-1, minute), -60_000);
    }
}
