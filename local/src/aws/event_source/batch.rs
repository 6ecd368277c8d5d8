//! Decides how many records of a lane one event takes.

use std::collections::VecDeque;

use super::lane::LaneRecord;
use super::settings::LaneSettings;
use super::window::{self, Window};
use crate::aws::lambda::MAX_EVENT_BYTES;

/// The room in an event for everything but its records and its window's state: brackets, and the fields of a
/// window.
const ENVELOPE_BYTES: usize = 1 << 10;

/// How many of the waiting records form the next batch, and whether the batch can't grow any more. The first
/// record is always part of it. The others must be in the same window, and the event may be at most 6 MB.
pub(super) fn take<R: LaneRecord>(
    settings: &LaneSettings,
    window: Option<&Window>,
    waiting: &VecDeque<R>,
) -> (usize, bool) {
    let Some(first) = waiting.front() else { return (0, false) };
    let window_of =
        |record: &R| settings.tumbling_window.map(|length| window::start(record.arrived_at(), length));
    let mut bytes = envelope_bytes(window) + first.event_bytes();
    let mut count = 1;
    for record in waiting.iter().skip(1).take(settings.batch_size.saturating_sub(1)) {
        bytes += record.event_bytes();
        if bytes > MAX_EVENT_BYTES || window_of(record) != window_of(first) {
            return (count, true);
        }
        count += 1;
    }
    (count, count >= settings.batch_size)
}

/// Whether the event of these records is small enough to be sent at all.
pub(super) fn fits<R: LaneRecord>(window: Option<&Window>, records: &[R]) -> bool {
    let records: usize = records.iter().map(LaneRecord::event_bytes).sum();
    envelope_bytes(window) + records <= MAX_EVENT_BYTES
}

fn envelope_bytes(window: Option<&Window>) -> usize {
    ENVELOPE_BYTES + window.map_or(0, |window| window.state().len())
}
