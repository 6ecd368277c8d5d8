//! Tumbling windows: which one a record is in, and the state that goes from call to call.

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::event::{WindowFields, WindowTimes};

/// The window that is open in a lane.
#[derive(Debug)]
pub(super) struct OpenWindow {
    start_ms: i64,
    length_ms: i64,
    pub(super) state: Box<RawValue>,
}

/// Where the window of this length that holds `at_ms` starts. Windows start at multiples of their length.
pub(super) fn start_ms(at_ms: i64, length_ms: i64) -> i64 {
    at_ms - at_ms.rem_euclid(length_ms.max(1))
}

impl OpenWindow {
    /// The window of a record that arrived then, with an empty state.
    pub(super) fn of(arrived_at_ms: i64, length_ms: i64) -> Self {
        Self { start_ms: start_ms(arrived_at_ms, length_ms), length_ms, state: empty_state() }
    }

    pub(super) fn holds(&self, arrived_at_ms: i64) -> bool {
        start_ms(arrived_at_ms, self.length_ms) == self.start_ms
    }

    pub(super) fn end_ms(&self) -> i64 {
        self.start_ms.saturating_add(self.length_ms)
    }

    /// What the event says of this window.
    pub(super) fn fields<'a>(
        &'a self,
        shard_id: &'a str,
        stream_arn: &'a str,
        last: Option<Ending>,
    ) -> WindowFields<'a> {
        WindowFields {
            window: WindowTimes { start: iso(self.start_ms), end: iso(self.end_ms()) },
            state: &self.state,
            shard_id,
            event_source_arn: stream_arn,
            is_final_invoke_for_window: last.is_some(),
            is_window_terminated_early: last == Some(Ending::Early),
        }
    }
}

/// How a window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    InTime,
    /// Before its end: the run drains, or the shard was closed.
    Early,
}

fn empty_state() -> Box<RawValue> {
    // `{}` is JSON, so this can't fail; `null` stands in to keep the type.
    RawValue::from_string("{}".to_owned()).unwrap_or_default()
}

fn iso(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_start_at_multiples_of_their_length() {
        assert_eq!(start_ms(125_000, 60_000), 120_000);
        assert_eq!(start_ms(120_000, 60_000), 120_000);
        assert_eq!(start_ms(-1, 60_000), -60_000);
    }

    #[test]
    fn times_are_written_as_lambda_writes_them() {
        assert_eq!(iso(1_607_497_440_000), "2020-12-09T07:04:00Z");
    }
}
