//! Tumbling windows: which one a record is in, and the state that goes from call to call.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>

use std::sync::Arc;
use std::time::Duration;

use crate::aws::clock::{Moment, milliseconds};

/// Largest state of a tumbling window, in bytes of JSON: above it the window ends early.
pub const MAX_STATE_BYTES: usize = 1 << 20;

/// After the end of a window its last records may still be on their way from the stream, in milliseconds. The service
/// takes up to two minutes.
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
    /// At its end, or with a record of another window.
    InTime,
    /// Before its end: its state grew over [`MAX_STATE_BYTES`], or no more records come.
    Early,
}

/// What an invocation says of its window.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WindowCall {
    /// The window with its state before the invocation.
    pub window: Window,
    /// In the last call of the window, how it ends.
    pub last: Option<Ending>,
}

/// Where the window of this length that holds `at` starts. Windows start at multiples of their length.
pub(super) fn start(at: Moment, length: Duration) -> Moment {
    at - at.rem_euclid(milliseconds(length).max(1))
}

impl Window {
    /// The window of a record that arrived then, with an empty state.
    pub(super) fn of(arrived_at: Moment, length: Duration) -> Self {
        Self::restored(start(arrived_at, length), length, "{}".into())
    }

    /// A window as it was kept, with its state as JSON text.
    pub fn restored(start: Moment, length: Duration, state: Arc<str>) -> Self {
        Self { start, end: start.saturating_add(milliseconds(length)), state }
    }

    /// Its first millisecond.
    pub fn start(&self) -> Moment {
        self.start
    }

    /// The first millisecond after it.
    pub fn end(&self) -> Moment {
        self.end
    }

    /// The state as JSON text, `{}` at first.
    pub fn state(&self) -> &str {
        &self.state
    }

    pub(super) fn holds(&self, arrived_at: Moment) -> bool {
        (self.start..self.end).contains(&arrived_at)
    }

    /// When it ends although no record of another window has come.
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
